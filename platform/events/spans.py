"""Spans: bytes looked at, and cut, as columns.

Belongs here: what makes cutting fast. Not here: where to cut (`lines`, `values`).
"""

from __future__ import annotations

from array import array

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.columns import Rows
from events.compiled import compiled, read_only
from events.text import bytes_of
from events.tokens import HIGHS, ONES, Bytes, Words, words_of

Mask = npt.NDArray[np.bool_]
_EXPECTED = 64  # bytes from one place to the next; there are few lines that are shorter


def codes(text: bytes) -> pl.Series:
    """The bytes as a column of numbers; nothing is copied."""
    column = pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)])
    return pl.Series(column)


def places_of(byte: int, text: bytes) -> pl.Series:
    """Where a byte stands, in order, as 64-bit integers."""
    data = bytes_of(text)
    found = np.empty(len(text) // _EXPECTED, np.int64)
    count = _places_of(byte, data, words_of(data), found)
    if count > len(found):
        found = np.empty(count, np.int64)
        _places_of(byte, data, words_of(data), found)
    return pl.Series(found[:count])


@compiled
def _places_of(byte: int, data: Bytes, words: Words, found: Rows) -> int:
    """How many there are, and into `found` as many as it has room for."""
    everywhere, at, count = ONES * np.uint64(byte), 0, 0
    while at < len(data):
        if at < len(words):
            other = words[at] ^ everywhere
            if not (other - ONES) & ~other & HIGHS:
                at += 8
                continue
        for here in range(at, min(at + 8, len(data))):
            if data[here] == byte:
                if count < len(found):
                    found[count] = here
                count += 1
        at += 8
    return count


def filled_of(text: bytes, starts: pl.Series, ends: pl.Series, blanks: bytes, limit: int) -> pl.Series:
    """A mask of the pieces that are no blanks alone, or longer than the limit; `starts` and `ends` as in `slices`."""
    blank, filled = np.zeros(256, np.bool_), np.empty(len(starts), np.bool_)
    blank[list(blanks)] = True
    _filled_of(bytes_of(text), read_only(starts.to_numpy()), read_only(ends.to_numpy()), blank, limit, filled)
    return pl.Series(filled)


@compiled
def _filled_of(data: Bytes, starts: Rows, ends: Rows, blank: Mask, limit: int, filled: Mask) -> None:
    for row in range(len(starts)):
        at, end = starts[row], ends[row]
        if end - at <= limit:
            while at < end and blank[data[at]]:
                at += 1
        filled[row] = at < end


def column(values: array[int]) -> pl.Series:
    """64-bit integers as a column; nothing is copied."""
    return pl.Series(pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)]))


def positions(values: pl.Series) -> memoryview[int]:
    """A column of 64-bit integers as Python reads it; nothing is copied."""
    found = values.to_arrow()
    return memoryview(found.buffers()[1]).cast("q")[found.offset : found.offset + len(found)]


def slices(text: bytes, starts: pl.Series, ends: pl.Series) -> pa.Array:
    """The pieces of a text, in order and without overlap, as large binary; `starts` and `ends` are 64-bit integers."""
    borders = np.empty(2 * len(starts), np.int64)  # pieces and gaps in turn
    borders[::2], borders[1::2] = starts.to_numpy(), ends.to_numpy()
    buffers = [None, pa.py_buffer(borders), pa.py_buffer(text)]
    whole = pa.Array.from_buffers(pa.large_binary(), max(len(borders) - 1, 0), buffers)
    return whole.take(pl.int_range(0, len(whole), 2, eager=True).to_arrow())
