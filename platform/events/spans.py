"""Spans: bytes looked at, and cut, as columns.

Belongs here: what makes cutting fast. Not here: where to cut (`lines`, `values`).
"""

from __future__ import annotations

from array import array

import numpy as np
import polars as pl
import pyarrow as pa

from events.columns import strings
from events.text import read_only


def codes(text: bytes) -> pl.Series:
    """The bytes as a column of numbers; nothing is copied."""
    column = pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)])
    return pl.Series(column)


def column(values: array[int]) -> pl.Series:
    """64-bit integers as a column; nothing is copied."""
    return pl.Series(pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)]))


def positions(values: pl.Series) -> memoryview[int]:
    """A column of 64-bit integers as Python reads it; nothing is copied."""
    found = values.to_arrow()
    return memoryview(found.buffers()[1]).cast("q")[found.offset : found.offset + len(found)]


def slices(text: bytes, starts: pl.Series, ends: pl.Series) -> pa.Array:
    """The pieces of a text, in order and without overlap, as large binary; `starts` and `ends` are 64-bit integers."""
    if starts.is_empty():
        return pa.array([], pa.large_binary())
    borders = pl.concat([starts, ends]).sort()  # pieces and gaps in turn
    buffers = [None, borders.to_arrow().buffers()[1], pa.py_buffer(text)]
    whole = pa.Array.from_buffers(pa.large_binary(), len(borders) - 1, buffers)
    return whole.take(pl.int_range(0, len(whole), 2, eager=True).to_arrow())


def texts(text: bytes, starts: pl.Series, ends: pl.Series) -> pl.Series:
    """The pieces as text, null where they are not UTF-8."""
    data = read_only(np.frombuffer(text, np.uint8))
    return strings(data, *(places.to_numpy().astype(np.uint32) for places in (starts, ends)))
