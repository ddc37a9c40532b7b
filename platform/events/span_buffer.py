"""Collect the spans that compiled functions find, and slice bytes by them.

Belongs here: growing columns of offsets, and slices without a loop in Python. Not here: finding spans (`line_breaks`,
`json`).
"""

from __future__ import annotations

from array import array

import numpy as np
import polars as pl
import pyarrow as pa

ROOM_ROWS = 1 << 14


class SpanBuffer:
    """Growing columns of 64-bit integers. A compiled function writes up to `ROOM_ROWS` rows into `room` at a time."""

    def __init__(self, width: int) -> None:
        self.room = np.empty((width, ROOM_ROWS), np.int64)
        self.columns = [array("q") for _ in range(width)]

    def take(self, count: int) -> bool:
        """Append the first `count` rows of `room`; return whether it was full."""
        for column, row in zip(self.columns, self.room, strict=True):
            column.frombytes(row[:count].tobytes())
        return count == ROOM_ROWS

    def add(self, *row: int) -> None:
        """Append one row."""
        for column, value in zip(self.columns, row, strict=True):
            column.append(value)

    def release(self) -> list[pl.Series]:
        """All rows so far, a series per column; the buffer is empty then."""
        found, self.columns = self.columns, [array("q") for _ in self.columns]
        return [pl.Series(pa.Array.from_buffers(pa.int64(), len(part), [None, pa.py_buffer(part)])) for part in found]


def slices(text: bytes, starts: pl.Series, ends: pl.Series) -> pa.Array:
    """The slices `text[start:end]` as large binary. Spans are 64-bit, in order, and do not overlap."""
    borders = np.empty(2 * len(starts), np.int64)  # of slices and gaps in turn
    borders[::2], borders[1::2] = starts.to_numpy(), ends.to_numpy()
    buffers = [None, pa.py_buffer(borders), pa.py_buffer(text)]
    whole = pa.Array.from_buffers(pa.large_binary(), max(len(borders) - 1, 0), buffers)
    return whole.take(pl.int_range(0, len(whole), 2, eager=True).to_arrow())
