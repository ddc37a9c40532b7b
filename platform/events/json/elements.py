"""Where the elements of a column's arrays are.

Belongs here: the pass over valid arrays. Not here: what the elements become (`extraction`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from events.array_types import Bytes, Int64s, Mask, Positions
from events.compiled import compiled
from events.json.tokens import BACKSLASH, QUOTE
from events.values import ARRAY, Values

_COMMA, _OBJECT_START, _OBJECT_END, _ARRAY_START, _ARRAY_END = b",{}[]"


class Elements(NamedTuple):
    """The elements of all arrays of a column, in order.

    `data`: the bytes that all spans are of. `given`: per row, whether it has an array.
    `rows`, `starts`, `ends`: per element, the row of its array and its span, which may have white space around it.
    `offsets`: the elements of row `i` are those from `offsets[i]` to `offsets[i + 1]`.
    """

    data: Bytes
    given: Mask
    rows: Int64s
    starts: Positions
    ends: Positions
    offsets: Int64s


def elements_of(values: Values) -> Elements:
    """The elements of the arrays among valid JSON values; other values have none."""
    offsets = np.zeros(len(values.kinds) + 1, np.int64)
    nothing = np.empty(0, np.uint32)
    _elements(*values, offsets, nothing, nothing, True)
    count = int(offsets[-1])
    starts, ends = np.empty(count, np.uint32), np.empty(count, np.uint32)
    _elements(*values, offsets, starts, ends, False)
    rows = np.repeat(np.arange(len(values.kinds)), np.diff(offsets))
    return Elements(values.data, values.kinds == ARRAY, rows, starts, ends, offsets)


@compiled
def _elements(
    data: Bytes,
    kinds: Bytes,
    starts: Positions,
    ends: Positions,
    offsets: Int64s,
    firsts: Positions,
    lasts: Positions,
    only_count: bool,
) -> None:
    """With `only_count`, count the elements into `offsets`. Otherwise use these offsets to write the elements'
    spans."""
    count = 0
    for row in range(len(kinds)):
        if not only_count:
            count = offsets[row]
        if kinds[row] == ARRAY:
            depth, quoted, empty = 0, False, True
            at, end = np.int64(starts[row]) + 1, np.int64(ends[row]) - 1
            first = at
            while at < end:
                byte = data[at]
                if quoted:
                    if byte == BACKSLASH:
                        at += 1
                    elif byte == QUOTE:
                        quoted = False
                elif byte == _COMMA and depth == 0:
                    if not only_count:
                        firsts[count], lasts[count] = first, at
                    count += 1
                    first = at + 1
                elif byte == QUOTE:
                    quoted = True
                elif byte in (_OBJECT_START, _ARRAY_START):
                    depth += 1
                elif byte in (_OBJECT_END, _ARRAY_END):
                    depth -= 1
                empty = empty and (byte <= 0x20)
                at += 1
            if not empty:
                if not only_count:
                    firsts[count], lasts[count] = first, end
                count += 1
        if only_count:
            offsets[row + 1] = count
