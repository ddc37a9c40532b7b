"""Spans: bytes looked at, and cut, as columns.

Belongs here: what makes cutting fast. Not here: where to cut (`breaks`, `grammar`).
"""

from __future__ import annotations

from array import array

import numpy as np
import polars as pl
import pyarrow as pa

RUN = 1 << 14  # so many rows are found at a time


def codes(text: bytes) -> pl.Series:
    """The bytes as a column of numbers; nothing is copied."""
    column = pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)])
    return pl.Series(column)


class Finds:
    """What compiled functions find, columns of 64-bit integers; `room` takes so many rows of it at a time."""

    def __init__(self, width: int) -> None:
        self.room = np.empty((width, RUN), np.int64)
        self.found = [array("q") for _ in range(width)]

    def take(self, count: int) -> bool:
        """Take the first rows of the room; whether it was full."""
        for column, row in zip(self.found, self.room, strict=True):
            column.frombytes(row[:count].tobytes())
        return count == RUN

    def add(self, *row: int) -> None:
        """Take one more row."""
        for column, value in zip(self.found, row, strict=True):
            column.append(value)

    def columns(self) -> list[pl.Series]:
        """All that was taken, which is given away."""
        found, self.found = self.found, [array("q") for _ in self.found]
        return [pl.Series(pa.Array.from_buffers(pa.int64(), len(part), [None, pa.py_buffer(part)])) for part in found]


def slices(text: bytes, starts: pl.Series, ends: pl.Series) -> pa.Array:
    """The pieces of a text, in order and without overlap, as large binary; `starts` and `ends` are 64-bit integers."""
    borders = np.empty(2 * len(starts), np.int64)  # pieces and gaps in turn
    borders[::2], borders[1::2] = starts.to_numpy(), ends.to_numpy()
    buffers = [None, pa.py_buffer(borders), pa.py_buffer(text)]
    whole = pa.Array.from_buffers(pa.large_binary(), max(len(borders) - 1, 0), buffers)
    return whole.take(pl.int_range(0, len(whole), 2, eager=True).to_arrow())
