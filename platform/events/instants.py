"""Instants: values that were found in bytes become columns of times, in machine code.

Belongs here: the forms that a time may be written in. One in another form is left null and its row told. Not here:
numbers and truth values (`scalars`), what becomes of a row (`casts`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from events.columns import Rows, Values, odd_rows
from events.compiled import compiled, inlined
from events.scalars import POWERS, as_series, digits
from events.tokens import ESCAPED, TEXT, Bytes, Places, blank, unescape

_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAY = 86_400_000_000
_MICROS = 6  # decimals of a second
_UTC, _GMT = int.from_bytes(b"utc"), int.from_bytes(b"gmt")
FIRST, LAST = -719_162 * _DAY, 2_932_897 * _DAY  # the years 1 to 9999, in microseconds of the epoch


def instants(values: Values) -> tuple[pl.Series, Rows]:
    """ISO 8601 times in UTC, cut to microseconds, and the rows that hold something else."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    escaped = values.kinds == ESCAPED
    longest = int((values.ends[escaped] - values.starts[escaped]).max(initial=0))
    odd = odd_rows(values, _instants, found, bits, np.empty(longest, np.uint8))
    return as_series(pa.timestamp("us", "UTC"), found, bits), odd


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
    number, stop = digits(data, at, at + 2)
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
                part, at = digits(data, first, min(end, first + _MICROS))
                micros = part * POWERS[_MICROS - (at - first)]
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
