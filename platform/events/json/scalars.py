"""Found values become columns of integers, decimals and booleans, in machine code.

Belongs here: values in their plain forms. Others become null, and their rows are returned for a slower reader
(`extraction`). Not here: texts (`text_columns`), times (`timestamps`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.array_types import Bytes, Int64s, Positions
from events.compiled import compiled
from events.json.text_columns import is_word, odd_rows
from events.json.tokens import MINUS, NINE, ZERO
from events.values import BOOLEAN, ESCAPED, NUMBER, TEXT, Values

_MAX_DIGITS = 18
_DOT, _ONE = b".1"
_HALF = 10  # what `_rest` returns for a 5 with only zeros behind it
_TRUE, _FALSE = np.frombuffer(b"true", np.uint8), np.frombuffer(b"false", np.uint8)
POWERS = 10 ** np.arange(19, dtype=np.int64)


def integers(values: Values) -> tuple[pl.Series, Int64s]:
    """64-bit integers, and the rows that hold anything but up to 18 digits."""
    found, valid = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    odd = odd_rows(values, _integers, found, valid)
    return as_series(pa.int64(), found, valid), odd


def decimals(values: Values, precision: int, scale: int, rounds: bool) -> tuple[pl.Series, Int64s, Int64s]:
    """Decimals, the rows that hold anything but digits, and the rows that were rounded, half to even.

    Where `rounds` is false nothing is rounded: a value of too many decimals is one of the odd rows.
    """
    count = len(values.kinds)
    found, valid = np.empty((count, 2), np.int64), np.zeros((count + 7) // 8, np.uint8)
    rounded = np.zeros(count if rounds else 0, np.uint8)
    whole = min(precision - rounds, _MAX_DIGITS) - scale  # rounding may make one digit more
    odd = odd_rows(values, _decimals, whole, scale, found, valid, rounded)
    return as_series(pa.decimal128(precision, scale), found, valid), odd, np.flatnonzero(rounded)


def booleans(values: Values) -> tuple[pl.Series, Int64s]:
    """Booleans, also written as 1, 0 or text, and the rows that hold anything else."""
    count = len(values.kinds)
    found, valid = np.zeros((count + 7) // 8, np.uint8), np.zeros((count + 7) // 8, np.uint8)
    odd = odd_rows(values, _booleans, found, valid)
    return as_series(pa.bool_(), found, valid, count), odd


def as_series(dtype: pa.DataType, found: npt.NDArray[np.generic], valid: Bytes, count: int | None = None) -> pl.Series:
    """A series of an Arrow type from its values and their validity."""
    size = len(found) if count is None else count
    return pl.Series(pa.Array.from_buffers(dtype, size, [pa.py_buffer(valid), pa.py_buffer(found)]))


@compiled
def digits(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """The number that the digits from `start` on make (up to 18 of them), and the position after them."""
    number = 0
    while start < end and ZERO <= data[start] <= NINE:
        number = number * 10 + (np.int64(data[start]) - ZERO)
        start += 1
    return number, start


@compiled
def _integers(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions, found: Int64s, valid: Bytes, odd: Int64s
) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row] = 0
        kind = kinds[row]
        if kind in (TEXT, NUMBER):
            start, end = np.int64(starts[row]), np.int64(ends[row])
            first = start + 1 if start < end and data[start] == MINUS else start
            value, at = digits(data, first, end)
            if at == end and first < end <= first + _MAX_DIGITS:
                found[row] = -value if first > start else value
                valid[row >> 3] |= 1 << (row & 7)
                continue
        if kind in (TEXT, NUMBER, ESCAPED):
            odd[count] = row
            count += 1
    return count


@compiled
def _decimals(
    data: Bytes,
    kinds: Bytes,
    starts: Positions,
    ends: Positions,
    whole: int,
    scale: int,
    found: Int64s,
    valid: Bytes,
    rounded: Bytes,
    odd: Int64s,
) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row, 0] = found[row, 1] = 0
        kind = kinds[row]
        if kind in (TEXT, NUMBER):
            start, end = np.int64(starts[row]), np.int64(ends[row])
            first = start + 1 if start < end and data[start] == MINUS else start
            value, at = digits(data, first, end)
            plain = first < at <= first + whole
            places, rest = 0, 0
            if plain and at < end and data[at] == _DOT:
                last = at + 1
                part, at = digits(data, last, min(end, last + scale))
                places = at - last
                value = value * POWERS[places] + part
                plain = places > 0
                rest, at = _rest(data, at, end)
            if plain and at == end and (rest == 0 or len(rounded) > 0):
                value *= POWERS[scale - places]
                if rest != 0:
                    rounded[row] = 1
                    value += rest > _HALF or (rest == _HALF and value % 2 == 1)
                value = -value if first > start else value
                found[row, 0], found[row, 1] = value, -1 if value < 0 else 0
                valid[row >> 3] |= 1 << (row & 7)
                continue
        if kind in (TEXT, NUMBER, ESCAPED):
            odd[count] = row
            count += 1
    return count


@compiled
def _rest(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """The digits beyond the scale, as 0, or a number below, at or above `_HALF`; and the position after them."""
    rest, at = 0, start
    while at < end and ZERO <= data[at] <= NINE:
        digit = np.int64(data[at]) - ZERO
        if at == start:
            rest = 2 * digit
        elif digit > 0:
            rest |= 1
        at += 1
    return rest, at


@compiled
def _booleans(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions, found: Bytes, valid: Bytes, odd: Int64s
) -> int:
    count = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind not in (TEXT, NUMBER, BOOLEAN, ESCAPED):
            continue
        start, length = np.int64(starts[row]), np.int64(ends[row]) - np.int64(starts[row])
        first = data[start] if length else np.uint8(0)
        yes = (length == 1 and first == _ONE) or (length == 4 and is_word(data, start, _TRUE))
        no = (length == 1 and first == ZERO) or (length == 5 and is_word(data, start, _FALSE))
        if kind != ESCAPED and (yes or no):
            valid[row >> 3] |= 1 << (row & 7)
            found[row >> 3] |= np.uint8(yes) << (row & 7)
        else:
            odd[count] = row
            count += 1
    return count
