"""Scalars: values that were found in bytes become columns of numbers and truth values, in machine code.

Belongs here: what a plain one looks like, and its value. One that is not plain is left null and its row told, for a
slower reader (`casts`) to look at. Not here: text (`columns`), times (`instants`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.columns import Rows, Values, is_word, odd_rows
from events.compiled import compiled
from events.tokens import BOOLEAN, ESCAPED, NUMBER, TEXT, Bytes, Places

_MAX_DIGITS = 18
_HALF = 10  # what `_rest` makes of a 5 with zeros behind it
_TRUE, _FALSE = np.frombuffer(b"true", np.uint8), np.frombuffer(b"false", np.uint8)
POWERS = 10 ** np.arange(19, dtype=np.int64)


def integers(values: Values) -> tuple[pl.Series, Rows]:
    """64-bit integers, and the rows that hold something else than up to 18 digits."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    odd = odd_rows(values, _integers, found, bits)
    return as_series(pa.int64(), found, bits), odd


def decimals(values: Values, precision: int, scale: int, rounds: bool) -> tuple[pl.Series, Rows, Rows]:
    """Decimals, the rows that hold something else than digits, and those that were rounded, half to even.

    Where `rounds` is false, no value is rounded: one of too many decimals is something else.
    """
    count = len(values.kinds)
    found, bits = np.empty((count, 2), np.int64), np.zeros((count + 7) // 8, np.uint8)
    rounded = np.zeros(count if rounds else 0, np.uint8)
    whole = min(precision - rounds, _MAX_DIGITS) - scale  # rounding may make one digit more
    odd = odd_rows(values, _decimals, whole, scale, found, bits, rounded)
    return as_series(pa.decimal128(precision, scale), found, bits), odd, np.flatnonzero(rounded)


def booleans(values: Values) -> tuple[pl.Series, Rows]:
    """Truth values, also as 1, 0 and as text, and the rows that hold something else."""
    count = len(values.kinds)
    found, bits = np.zeros((count + 7) // 8, np.uint8), np.zeros((count + 7) // 8, np.uint8)
    odd = odd_rows(values, _booleans, found, bits)
    return as_series(pa.bool_(), found, bits, count), odd


def as_series(kind: pa.DataType, found: npt.NDArray[np.generic], bits: Bytes, count: int | None = None) -> pl.Series:
    size = len(found) if count is None else count
    return pl.Series(pa.Array.from_buffers(kind, size, [pa.py_buffer(bits), pa.py_buffer(found)]))


@compiled
def digits(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """The number that digits from `start` on make, of which 18 count, and the place after them."""
    number = 0
    while start < end and 0x30 <= data[start] <= 0x39:
        number = number * 10 + (np.int64(data[start]) - 0x30)
        start += 1
    return number, start


@compiled
def _integers(data: Bytes, kinds: Bytes, starts: Places, ends: Places, found: Rows, bits: Bytes, odd: Rows) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row] = 0
        kind = kinds[row]
        if kind in (TEXT, NUMBER):
            start, end = np.int64(starts[row]), np.int64(ends[row])
            first = start + 1 if start < end and data[start] == 0x2D else start
            number, at = digits(data, first, end)
            if at == end and first < end <= first + _MAX_DIGITS:
                found[row] = -number if first > start else number
                bits[row >> 3] |= 1 << (row & 7)
                continue
        if kind in (TEXT, NUMBER, ESCAPED):
            odd[count] = row
            count += 1
    return count


@compiled
def _decimals(
    data: Bytes,
    kinds: Bytes,
    starts: Places,
    ends: Places,
    whole: int,
    scale: int,
    found: Rows,
    bits: Bytes,
    rounded: Bytes,
    odd: Rows,
) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row, 0] = found[row, 1] = 0
        kind = kinds[row]
        if kind in (TEXT, NUMBER):
            start, end = np.int64(starts[row]), np.int64(ends[row])
            first = start + 1 if start < end and data[start] == 0x2D else start
            number, at = digits(data, first, end)
            sound = first < at <= first + whole
            places, rest = 0, 0
            if sound and at < end and data[at] == 0x2E:
                last = at + 1
                part, at = digits(data, last, min(end, last + scale))
                places = at - last
                number = number * POWERS[places] + part
                sound = places > 0
                rest, at = _rest(data, at, end)
            if sound and at == end and (rest == 0 or len(rounded) > 0):
                number *= POWERS[scale - places]
                if rest != 0:
                    rounded[row] = 1
                    number += rest > _HALF or (rest == _HALF and number % 2 == 1)
                number = -number if first > start else number
                found[row, 0], found[row, 1] = number, -1 if number < 0 else 0
                bits[row >> 3] |= 1 << (row & 7)
                continue
        if kind in (TEXT, NUMBER, ESCAPED):
            odd[count] = row
            count += 1
    return count


@compiled
def _rest(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """What the digits from `start` on come to: 0, or less than, just or more than `_HALF`; and the place after them."""
    rest, at = 0, start
    while at < end and 0x30 <= data[at] <= 0x39:
        digit = np.int64(data[at]) - 0x30
        if at == start:
            rest = 2 * digit
        elif digit > 0:
            rest |= 1
        at += 1
    return rest, at


@compiled
def _booleans(data: Bytes, kinds: Bytes, starts: Places, ends: Places, found: Bytes, bits: Bytes, odd: Rows) -> int:
    count = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind not in (TEXT, NUMBER, BOOLEAN, ESCAPED):
            continue
        start, length = np.int64(starts[row]), np.int64(ends[row]) - np.int64(starts[row])
        first = data[start] if length else np.uint8(0)
        yes = (length == 1 and first == 0x31) or (length == 4 and is_word(data, start, _TRUE))
        no = (length == 1 and first == 0x30) or (length == 5 and is_word(data, start, _FALSE))
        if kind != ESCAPED and (yes or no):
            bits[row >> 3] |= 1 << (row & 7)
            found[row >> 3] |= np.uint8(yes) << (row & 7)
        else:
            odd[count] = row
            count += 1
    return count
