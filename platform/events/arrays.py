"""Arrays: where the elements of a column's arrays stand.

Belongs here: the pass over sound documents. Not here: what the elements are made of (`fields`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from events.columns import Rows, Values
from events.compiled import compiled
from events.tokens import ARRAY, Bytes, Places


class Elements(NamedTuple):
    """The elements of a column's arrays: their rows and spans; by row, where its elements begin in these."""

    rows: Rows
    starts: Places
    ends: Places
    offsets: Rows


def elements(values: Values) -> Elements:
    """What stands in the arrays of sound documents."""
    offsets = np.zeros(len(values.kinds) + 1, np.int64)
    nothing = np.empty(0, np.uint32)
    _elements(*values, offsets, nothing, nothing, True)
    count = int(offsets[-1])
    starts, ends = np.empty(count, np.uint32), np.empty(count, np.uint32)
    _elements(*values, offsets, starts, ends, False)
    return Elements(np.repeat(np.arange(len(values.kinds)), np.diff(offsets)), starts, ends, offsets)


@compiled
def _elements(
    data: Bytes,
    kinds: Bytes,
    starts: Places,
    ends: Places,
    offsets: Rows,
    firsts: Places,
    lasts: Places,
    only_count: bool,
) -> None:
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
                    if byte == 0x5C:
                        at += 1
                    elif byte == 0x22:
                        quoted = False
                elif byte == 0x2C and depth == 0:
                    if not only_count:
                        firsts[count], lasts[count] = first, at
                    count += 1
                    first = at + 1
                elif byte == 0x22:
                    quoted = True
                elif byte in (0x7B, 0x5B):
                    depth += 1
                elif byte in (0x7D, 0x5D):
                    depth -= 1
                empty = empty and (byte <= 0x20)
                at += 1
            if not empty:
                if not only_count:
                    firsts[count], lasts[count] = first, end
                count += 1
        if only_count:
            offsets[row + 1] = count
