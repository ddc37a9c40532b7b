"""Find where lines end, and which lines make one record, in machine code.

Belongs here: line breaks (LF, CRLF and a CR alone), blank lines, records of several lines. Not here: what is held
between blocks (`line_cutter`, `framing`), the fields of a CSV row (`delimited`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from events.array_types import Bytes, Int64s, Words
from events.compiled import compiled, inlined, trailing
from events.delimited import LINE_FEED, QUOTE, RETURN, ROW_BROKEN, ROW_COMPLETE, row_end
from events.words import HIGHS, ONES

PLAIN_LINE, JSON_OBJECT, CSV_ROW = range(3)
_FEEDS, _RETURNS = ONES * np.uint64(LINE_FEED), ONES * np.uint64(RETURN)
_BLANK, _BEFORE, _BEHIND = (np.isin(np.arange(256), list(text)) for text in (b" \t\v\f", b"{[,:", b",:]}"))


class LineRule(NamedTuple):
    """When a record takes several lines.

    `PLAIN_LINE`: never. `JSON_OBJECT`: if a CR is white space within an object. Then one of `{[,:` is before it, or one
    of `,:]}` after it. `CSV_ROW`: if quotes continue a row and it then has `fields` fields.
    """

    kind: int
    delimiter: int = 0
    fields: int = 0


@compiled
def cut_lines(
    data: Bytes,
    words: Words,
    size: int,
    at: int,
    number: int,
    last: bool,
    limit: int,
    rule: LineRule,
    found: Int64s,
) -> tuple[int, int, int]:
    """Cut the lines from `at` on into records, and write their starts, ends and line numbers into `found`.

    Returns how many records there are, and where the next line begins and its number. The end of its record is unknown
    yet, or `found` is full. `size` bytes of `data` count. Blank lines are no records. Whether a line break ends a
    record depends on no more than the record's first `limit` + 1 bytes.
    """
    count = 0
    while count < found.shape[1]:
        first = at
        while first < size and _BLANK[data[first]]:
            first += 1
        if first == size:
            return count, size if last else at, number
        end = _line_end(data, words, first, size)
        if end > first:
            stop = min(size, at + limit + 1)
            open_ended = stop == size and size - at <= limit and not last
            line = end
            if rule.kind == JSON_OBJECT and end < stop and data[end] == RETURN:
                end = _object_end(data, words, at, end, stop, size, open_ended)
            elif rule.kind == CSV_ROW and end < stop:
                end = _row_end(data, at, end, stop, open_ended, last and stop == size, rule)
            if end < 0 or (end == size and not last):
                return count, at, number
            found[0, count], found[1, count], found[2, count] = at, end, number
            count += 1
            while line < end:
                number += 1
                line = _line_end(data, words, _after_break(data, line, size), size)
        if end == size:
            return count, size, number
        at = _after_break(data, end, size)
        number += 1
    return count, at, number


@inlined
def _line_end(data: Bytes, words: Words, at: int, size: int) -> int:
    """The first CR or LF from `at` on, or `size`."""
    while at < size:
        while at + 8 <= size:
            feed, carriage = words[at] ^ _FEEDS, words[at] ^ _RETURNS
            hits = ((feed - ONES) & ~feed | (carriage - ONES) & ~carriage) & HIGHS
            if hits:
                at += trailing(hits) >> 3
                break
            at += 8
        if at < size:
            if data[at] == LINE_FEED or data[at] == RETURN:
                return at
            at += 1
    return at


@inlined
def _after_break(data: Bytes, at: int, size: int) -> int:
    """The position after the line break at `at`."""
    return at + 2 if data[at] == RETURN and at + 1 < size and data[at + 1] == LINE_FEED else at + 1


@compiled
def _object_end(data: Bytes, words: Words, start: int, end: int, stop: int, size: int, open_ended: bool) -> int:
    """The first CR or LF from `end` on that ends the object's record; -1 if more bytes are needed."""
    while end < stop and data[end] == RETURN:
        before, behind = end - 1, end + 1
        while before > start and _BLANK[data[before]]:
            before -= 1
        while behind < stop and (_BLANK[data[behind]] or data[behind] == RETURN):
            behind += 1
        if behind == stop and open_ended:
            return -1
        if behind == stop or not (_BEFORE[data[before]] or _BEHIND[data[behind]]) or data[behind] == LINE_FEED:
            return end
        end = _line_end(data, words, behind, size)
    return end


@compiled
def _row_end(data: Bytes, start: int, end: int, stop: int, open_ended: bool, final: bool, rule: LineRule) -> int:
    """The end of the CSV row whose first line ends at `end`; -1 if more bytes are needed.

    A line with an even number of quotes is a row: joining more lines to it would read lines many times over.
    """
    odd = False
    for at in range(start, end):
        odd ^= data[at] == QUOTE
    if not odd:
        return end
    found, state = row_end(data, start, stop, rule.delimiter, rule.fields)
    if found < stop:
        return found if state == ROW_COMPLETE else end
    if open_ended and state != ROW_BROKEN:
        return -1
    return found if state == ROW_COMPLETE and final else end
