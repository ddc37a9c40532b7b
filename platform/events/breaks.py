"""Breaks: where lines end, and which of them are records, in machine code.

Belongs here: line breaks (LF, CRLF and a CR alone), blank lines, what makes a record of several lines. Not here: what
is held between blocks (`lines`, `framing`), the fields of a row (`delimited`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from events.compiled import compiled, inlined, trailing
from events.delimited import BROKEN, LINE_FEED, RETURN, WHOLE, row_end
from events.tokens import HIGHS, ONES, QUOTE, Bytes, Words

Offsets = npt.NDArray[np.int64]

TEXT, OBJECT, ROW = range(3)
_FEEDS, _RETURNS = ONES * np.uint64(LINE_FEED), ONES * np.uint64(RETURN)
_BLANK, _BEFORE, _BEHIND = (np.isin(np.arange(256), list(text)) for text in (b" \t\v\f", b"{[,:", b",:]}"))


class Rule(NamedTuple):
    """What makes a record of several lines.

    Nothing (`TEXT`); a CR that is white space within an object (`OBJECT`), which is told by the bytes beside it: only
    there one of `{[,:` is before it, or one of `,:]}` behind it; quotes (`ROW`), where they make a whole row of
    `fields` fields.
    """

    kind: int
    delimiter: int = 0
    fields: int = 0


@compiled
def records(
    data: Bytes,
    words: Words,
    size: int,
    at: int,
    number: int,
    last: bool,
    limit: int,
    rule: Rule,
    found: Offsets,
) -> tuple[int, int, int]:
    """The records of lines from `at` on: how many were put into `found` (starts, ends, lines' numbers), and where the
    line begins that is undecided or for which there is no room, and its number.

    `size` bytes of `data` count. Blank lines are no records. Whether a line break ends a record depends on no more
    than the `limit` + 1 bytes from its beginning on.
    """
    count = 0
    while count < found.shape[1]:
        first = at
        while first < size and _BLANK[data[first]]:
            first += 1
        if first == size:
            return count, size if last else at, number
        end = _break(data, words, first, size)
        if end > first:
            stop = min(size, at + limit + 1)
            open_ended = stop == size and size - at <= limit and not last
            line = end
            if rule.kind == OBJECT and end < stop and data[end] == RETURN:
                end = _object_end(data, words, at, end, stop, size, open_ended)
            elif rule.kind == ROW and end < stop:
                end = _row_end(data, at, end, stop, open_ended, last and stop == size, rule)
            if end < 0 or (end == size and not last):
                return count, at, number
            found[0, count], found[1, count], found[2, count] = at, end, number
            count += 1
            while line < end:
                number += 1
                line = _break(data, words, _behind(data, line, size), size)
        if end == size:
            return count, size, number
        at = _behind(data, end, size)
        number += 1
    return count, at, number


@inlined
def _break(data: Bytes, words: Words, at: int, size: int) -> int:
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
def _behind(data: Bytes, at: int, size: int) -> int:
    """The place behind the line break at `at`."""
    return at + 2 if data[at] == RETURN and at + 1 < size and data[at + 1] == LINE_FEED else at + 1


@compiled
def _object_end(data: Bytes, words: Words, start: int, end: int, stop: int, size: int, open_ended: bool) -> int:
    """The CR or LF from `end` on that ends the record; -1 if that cannot be told yet."""
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
        end = _break(data, words, behind, size)
    return end


@compiled
def _row_end(data: Bytes, start: int, end: int, stop: int, open_ended: bool, final: bool, rule: Rule) -> int:
    """The end of the row whose first line ends at `end`; -1 if that cannot be told yet.

    A line with an even number of quotes is a row. Trying others too would look at a line many times over.
    """
    odd = False
    for at in range(start, end):
        odd ^= data[at] == QUOTE
    if not odd:
        return end
    found, state = row_end(data, start, stop, rule.delimiter, rule.fields)
    if found < stop:
        return found if state == WHOLE else end
    if open_ended and state != BROKEN:
        return -1
    return found if state == WHOLE and final else end
