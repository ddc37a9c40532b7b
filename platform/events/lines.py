"""Lines: records that end with their line, or with a later one.

Belongs here: what such a framing remembers from one window to the next. Not here: where lines end (`breaks`), what is
in them.
"""

from __future__ import annotations

from events.breaks import OBJECT, ROW, TEXT, Rule, records
from events.framing import Framed
from events.spans import Finds
from events.text import bytes_of
from events.tokens import words_of

PLAIN, OBJECTS = Rule(TEXT), Rule(OBJECT)


def rows(delimiter: str, fields: int) -> Rule:
    """The rule of CSV: a row goes on in other lines where its quotes say so, and it is right to its end then."""
    return Rule(ROW, ord(delimiter), fields)


class Lines:
    """Every line that is not blank is a record; a record's number is that of the line it begins on.

    LF, CRLF and a CR alone end a line. By its `rule` a record may have several lines, unless these are more than a
    record may have: each of them is a record then.
    """

    def __init__(self, limit: int, number: int, rule: Rule = PLAIN) -> None:
        self.limit, self.number, self.rule = limit, number, rule
        self.returned = False  # the last byte was a CR, to which an LF may belong
        self.finds = Finds(3)
        self.within = 0  # so many bytes of what is undecided are known not to be its end

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end can be told."""
        data, size = bytes_of(window), len(window)
        words = words_of(data)
        at = int(self.returned and window.startswith(b"\n"))
        full = True
        while full:
            count, at, self.number = records(
                data, words, size, at, self.number, last, self.limit, self.rule, self.finds.room
            )
            full = self.finds.take(count)
        self.returned = window[max(at - 1, 0) : at] == b"\r"
        self.within = min(size - at, self.limit + 1)
        return Framed(window, *self.finds.columns()), at

    def beyond(self, chunk: bytes) -> int | None:
        """Up to the end of the line."""
        begin = min(self.within, len(chunk))
        self.within -= begin
        ends = (chunk.find(mark, begin) for mark in (b"\r", b"\n"))
        return min((end for end in ends if end >= 0), default=None)
