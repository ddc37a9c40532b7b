"""Cut content into records of one or more lines.

Belongs here: what this framing remembers between windows. Not here: where lines end (`line_breaks`), JSON without lines
(`value_cutter`).
"""

from __future__ import annotations

from events.byte_spans import bytes_of
from events.framing import Framed
from events.line_breaks import CSV_ROW, JSON_OBJECT, PLAIN_LINE, LineRule, cut_lines
from events.span_buffer import SpanBuffer
from events.words import words_of

PLAIN_LINES, JSON_LINES = LineRule(PLAIN_LINE), LineRule(JSON_OBJECT)


def csv_rows(delimiter: str, fields: int) -> LineRule:
    """The rule of CSV: a row continues on the next line if a quote is open and the result is a complete row."""
    return LineRule(CSV_ROW, ord(delimiter), fields)


class LineCutter:
    """Every line that is not blank is a record; a record's number is that of the line on which it begins.

    LF, CRLF and a CR alone end a line. The `rule` says when a record takes several lines. If they are longer than the
    limit, each line is a record of its own.
    """

    def __init__(self, limit: int, number: int, rule: LineRule = PLAIN_LINES) -> None:
        self.limit, self.number, self.rule = limit, number, rule
        self.returned = False  # the last byte was a CR; an LF after it belongs to the same line break
        self.spans = SpanBuffer(3)
        self.within = 0  # bytes of the rest that are known not to end its record

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end is known, and where the rest begins."""
        data, size = bytes_of(window), len(window)
        words = words_of(data)
        at = int(self.returned and window.startswith(b"\n"))
        full = True
        while full:
            count, at, self.number = cut_lines(
                data, words, size, at, self.number, last, self.limit, self.rule, self.spans.room
            )
            full = self.spans.take(count)
        self.returned = at == size and window.endswith(b"\r")
        self.within = min(size - at, self.limit + 1)
        return Framed(window, *self.spans.release()), at

    def cut_long(self, chunk: bytes) -> int | None:
        """The line's end within the next chunk; None if it goes on."""
        begin = min(self.within, len(chunk))
        self.within -= begin
        ends = (chunk.find(mark, begin) for mark in (b"\r", b"\n"))
        return min((end for end in ends if end >= 0), default=None)
