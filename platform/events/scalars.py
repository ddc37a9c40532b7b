"""Scalars: values that were found in bytes become columns of numbers, times and truth values, in machine code.

Belongs here: what a plain one looks like, and its value. One that is not plain is left null and its row told, for a
slower reader (`casts`) to look at. Not here: text (`columns`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.columns import Rows, Values, is_word, odd_rows
from events.compiled import compiled, inlined
from events.tokens import BOOLEAN, ESCAPED, NUMBER, TEXT, Bytes, Places, blank, unescape

_MAX_DIGITS = 18
_HALF = 10  # what `_rest` makes of a 5 with zeros behind it
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAY = 86_400_000_000
_MICROS = 6  # decimals of a second
_UTC, _GMT = int.from_bytes(b"utc"), int.from_bytes(b"gmt")
FIRST, LAST = -719_162 * _DAY, 2_932_897 * _DAY  # the years 1 to 9999, in microseconds of the epoch
_TRUE, _FALSE = np.frombuffer(b"true", np.uint8), np.frombuffer(b"false", np.uint8)
_POWERS = 10 ** np.arange(19, dtype=np.int64)


def integers(values: Values) -> tuple[pl.Series, Rows]:
    """64-bit integers, and the rows that hold something else than up to 18 digits."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    odd = odd_rows(values, _integers, found, bits)
    return _numbers(pa.int64(), found, bits), odd


def decimals(values: Values, precision: int, scale: int, rounds: bool) -> tuple[pl.Series, Rows, Rows]:
    """Decimals, the rows that hold something else than digits, and those that were rounded, half to even.

    Where `rounds` is false, no value is rounded: one of too many decimals is something else.
    """
    count = len(values.kinds)
    found, bits = np.empty((count, 2), np.int64), np.zeros((count + 7) // 8, np.uint8)
    rounded = np.zeros(count if rounds else 0, np.uint8)
    whole = min(precision - rounds, _MAX_DIGITS) - scale  # rounding may make one digit more
    odd = odd_rows(values, _decimals, whole, scale, found, bits, rounded)
    return _numbers(pa.decimal128(precision, scale), found, bits), odd, np.flatnonzero(rounded)


def instants(values: Values) -> tuple[pl.Series, Rows]:
    """ISO 8601 times in UTC, cut to microseconds, and the rows that hold something else."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    escaped = values.kinds == ESCAPED
    longest = int((values.ends[escaped] - values.starts[escaped]).max(initial=0))
    odd = odd_rows(values, _instants, found, bits, np.empty(longest, np.uint8))
    return _numbers(pa.timestamp("us", "UTC"), found, bits), odd


def booleans(values: Values) -> tuple[pl.Series, Rows]:
    """Truth values, also as 1, 0 and as text, and the rows that hold something else."""
    count = len(values.kinds)
    found, bits = np.zeros((count + 7) // 8, np.uint8), np.zeros((count + 7) // 8, np.uint8)
    odd = odd_rows(values, _booleans, found, bits)
    return _numbers(pa.bool_(), found, bits, count), odd


def _numbers(kind: pa.DataType, found: npt.NDArray[np.generic], bits: Bytes, count: int | None = None) -> pl.Series:
    size = len(found) if count is None else count
    return pl.Series(pa.Array.from_buffers(kind, size, [pa.py_buffer(bits), pa.py_buffer(found)]))


@compiled
def _digits(data: Bytes, start: int, end: int) -> tuple[int, int]:
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
            number, at = _digits(data, first, end)
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
            number, at = _digits(data, first, end)
            sound = first < at <= first + whole
            places, rest = 0, 0
            if sound and at < end and data[at] == 0x2E:
                last = at + 1
                part, at = _digits(data, last, min(end, last + scale))
                places = at - last
                number = number * _POWERS[places] + part
                sound = places > 0
                rest, at = _rest(data, at, end)
            if sound and at == end and (rest == 0 or len(rounded) > 0):
                number *= _POWERS[scale - places]
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
def _instants(
    data: Bytes, kinds: Bytes, starts: Places, ends: Places, found: Rows, bits: Bytes, plain: Bytes, odd: Rows
) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row] = 0
        kind = kinds[row]
        if kind not in (TEXT, ESCAPED):
            continue
        start, end = np.int64(starts[row]), np.int64(ends[row])
        if kind == TEXT:
            sound, micros = _instant(data, start, end)
            empty = not sound and blank(data, start, end) == end
        else:
            end = unescape(data, start, end, plain, 0)
            sound, micros = _instant(plain, 0, end)
            empty = not sound and blank(plain, 0, end) == end
        if sound:
            found[row] = micros
            bits[row >> 3] |= 1 << (row & 7)
        elif not empty:
            odd[count] = row
            count += 1
    return count


@compiled
def _pair(data: Bytes, at: int, end: int) -> int:
    """The two digits at a place, or -1."""
    if at + 2 > end:
        return -1
    number, stop = _digits(data, at, at + 2)
    return number if stop == at + 2 else -1


@compiled
def _instant(data: Bytes, at: int, end: int) -> tuple[bool, int]:
    """A date, perhaps with a time and an offset, as microseconds of the epoch; blanks around it are nothing."""
    at = blank(data, at, end)
    while at < end and blank(data, end - 1, end) == end:
        end -= 1
    mark = 1 if at + 4 < end and data[at + 4] == 0x2D else 0
    sound, days, at = _date(data, at, end, mark)
    micros = days * _DAY
    if not sound or at == end:
        return sound and mark == 1, micros
    if data[at] | 0x20 != 0x74 and (data[at] != 0x20 or not mark):
        return False, 0
    sound, part, at = _time(data, at + 1, end, mark)
    micros += part
    if sound and at < end:
        sound, part = _offset(data, blank(data, at, end), end)
        micros -= part
    return sound and FIRST <= micros < LAST, micros


@inlined
def _date(data: Bytes, at: int, end: int, mark: int) -> tuple[bool, int, int]:
    """YYYY-MM-DD, or YYYYMMDD without marks, as days of the epoch; and the place after it."""
    last = at + 8 + 2 * mark
    if end < last or (mark and data[at + 7] != 0x2D):
        return False, 0, at
    century, year, month = _pair(data, at, end), _pair(data, at + 2, end), _pair(data, at + 4 + mark, end)
    day = _pair(data, last - 2, end)
    if century < 0 or year < 0 or not 1 <= month <= 12 or day < 1:
        return False, 0, at
    year += century * 100
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if year < 1 or day > (29 if leap and month == 2 else _DAYS[month]):
        return False, 0, at
    shifted = year - 1 if month <= 2 else year
    yearday = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return True, 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + yearday - 719_468, last


@inlined
def _time(data: Bytes, at: int, end: int, mark: int) -> tuple[bool, int, int]:
    """HH[:MM[:SS[.f]]], or without colons, as microseconds; and the place after it.

    24:00:00 is the next day's start. A second 60 is the last microsecond of its minute, as there is no other place.
    """
    hour, minute, second, micros = _pair(data, at, end), 0, 0, 0
    at += 2
    if _goes_on(data, at, end, mark):
        minute = _pair(data, at + mark, end)
        at += 2 + mark
        if _goes_on(data, at, end, mark):
            second = _pair(data, at + mark, end)
            at += 2 + mark
            if at < end and (data[at] == 0x2E or data[at] == 0x2C):
                first = at + 1
                part, at = _digits(data, first, min(end, first + _MICROS))
                micros = part * _POWERS[_MICROS - (at - first)]
                if at == first:
                    return False, 0, at
                while at < end and 0x30 <= data[at] <= 0x39:
                    at += 1
    total = (hour * 3600 + minute * 60 + second) * 1_000_000 + micros
    if second == 60:
        total = (hour * 3600 + minute * 60 + 60) * 1_000_000 - 1
    sound = hour >= 0 and 0 <= minute <= 59 and 0 <= second <= 60 and (hour < 24 or total == _DAY)
    return sound, total, at


@inlined
def _goes_on(data: Bytes, at: int, end: int, mark: int) -> bool:
    """Whether a time has another part at a place."""
    return at < end and (data[at] == 0x3A if mark else 0x30 <= data[at] <= 0x39)


@inlined
def _offset(data: Bytes, at: int, end: int) -> tuple[bool, int]:
    """Z, UTC, GMT or ±HH[[:]MM], which has to be all that is left, as microseconds."""
    if end - at == 1:
        return data[at] | 0x20 == 0x7A, 0
    if end - at == 3 and data[at] >= 0x41:
        letters = (np.int64(data[at]) << 16 | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2])) | 0x202020
        return letters in (_UTC, _GMT), 0
    if data[at] != 0x2B and data[at] != 0x2D:
        return False, 0
    hour, minute = _pair(data, at + 1, end), 0
    first = at + 3
    if first < end:
        first += data[first] == 0x3A
        minute = _pair(data, first, end)
        first += 2
    total = (hour * 60 + minute) * 60_000_000
    sound = first == end and 0 <= hour <= 14 and 0 <= minute <= 59
    return sound, -total if data[at] == 0x2D else total


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
