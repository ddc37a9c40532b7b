"""Found values become columns of timestamps, in machine code.

Belongs here: the formats of times. A value in another format becomes null, and its row is returned. Not here: numbers
and booleans (`scalars`), how such a row is handled (`extraction`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from events.array_types import Bytes, Int64s, Positions
from events.compiled import compiled, inlined
from events.json.scalars import POWERS, as_series, digits
from events.json.text_columns import odd_rows
from events.json.tokens import MINUS, NINE, ZERO, skip_space, unescape
from events.time_range import END_MICROSECOND, FIRST_MICROSECOND
from events.values import ESCAPED, TEXT, Values

_DAYS_OF_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAY = 86_400_000_000  # microseconds
_MICROS = 6  # decimals of a second
_PLUS, _DOT, _COMMA, _COLON, _SPACE, _T, _Z, _A = b"+.,: tzA"
_UTC, _GMT = int.from_bytes(b"utc"), int.from_bytes(b"gmt")


def timestamps(values: Values) -> tuple[pl.Series, Int64s]:
    """ISO 8601 times as UTC timestamps, cut to microseconds, and the rows that hold anything else."""
    found, valid = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    escaped = values.kinds == ESCAPED
    longest = int((values.ends[escaped] - values.starts[escaped]).max(initial=0))
    odd = odd_rows(values, _timestamps, found, valid, np.empty(longest, np.uint8))
    return as_series(pa.timestamp("us", "UTC"), found, valid), odd


@compiled
def _timestamps(
    data: Bytes,
    kinds: Bytes,
    starts: Positions,
    ends: Positions,
    found: Int64s,
    valid: Bytes,
    plain: Bytes,
    odd: Int64s,
) -> int:
    count = 0
    for row in range(len(kinds)):
        found[row] = 0
        kind = kinds[row]
        if kind not in (TEXT, ESCAPED):
            continue
        start, end = np.int64(starts[row]), np.int64(ends[row])
        if kind == TEXT:
            is_time, micros = _timestamp(data, start, end)
            empty = not is_time and skip_space(data, start, end) == end
        else:
            end = unescape(data, start, end, plain, 0)
            is_time, micros = _timestamp(plain, 0, end)
            empty = not is_time and skip_space(plain, 0, end) == end
        if is_time:
            found[row] = micros
            valid[row >> 3] |= 1 << (row & 7)
        elif not empty:
            odd[count] = row
            count += 1
    return count


@compiled
def _two_digits(data: Bytes, at: int, end: int) -> int:
    """The number that two digits at `at` make, or -1."""
    if at + 2 > end:
        return -1
    number, stop = digits(data, at, at + 2)
    return number if stop == at + 2 else -1


@compiled
def _timestamp(data: Bytes, at: int, end: int) -> tuple[bool, int]:
    """Whether a date, with or without time and offset, is there; and its microseconds since 1970."""
    at = skip_space(data, at, end)
    while at < end and skip_space(data, end - 1, end) == end:
        end -= 1
    mark = 1 if at + 4 < end and data[at + 4] == MINUS else 0  # the width of the marks between digits
    is_time, days, at = _date(data, at, end, mark)
    micros = days * _DAY
    if not is_time or at == end:
        return is_time and mark == 1, micros
    if data[at] | 0x20 != _T and (data[at] != _SPACE or not mark):
        return False, 0
    is_time, part, at = _time(data, at + 1, end, mark)
    micros += part
    if is_time and at < end:
        is_time, part = _offset(data, skip_space(data, at, end), end)
        micros -= part
    return is_time and FIRST_MICROSECOND <= micros < END_MICROSECOND, micros


@inlined
def _date(data: Bytes, at: int, end: int, mark: int) -> tuple[bool, int, int]:
    """YYYY-MM-DD, or YYYYMMDD without marks, as days since 1970; and the position after it."""
    last = at + 8 + 2 * mark
    if end < last or (mark and data[at + 7] != MINUS):
        return False, 0, at
    century, year = _two_digits(data, at, end), _two_digits(data, at + 2, end)
    month, day = _two_digits(data, at + 4 + mark, end), _two_digits(data, last - 2, end)
    if century < 0 or year < 0 or not 1 <= month <= 12 or day < 1:
        return False, 0, at
    year += century * 100
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if year < 1 or day > (29 if leap and month == 2 else _DAYS_OF_MONTH[month]):
        return False, 0, at
    shifted = year - 1 if month <= 2 else year
    yearday = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return True, 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + yearday - 719_468, last


@inlined
def _time(data: Bytes, at: int, end: int, mark: int) -> tuple[bool, int, int]:
    """HH[:MM[:SS[.f]]], or without colons, as microseconds of the day; and the position after it.

    24:00:00 is the start of the next day. Second 60, a leap second, becomes the last microsecond of its minute.
    """
    hour, minute, second, micros = _two_digits(data, at, end), 0, 0, 0
    at += 2
    if _has_part(data, at, end, mark):
        minute = _two_digits(data, at + mark, end)
        at += 2 + mark
        if _has_part(data, at, end, mark):
            second = _two_digits(data, at + mark, end)
            at += 2 + mark
            if at < end and (data[at] == _DOT or data[at] == _COMMA):
                first = at + 1
                part, at = digits(data, first, min(end, first + _MICROS))
                micros = part * POWERS[_MICROS - (at - first)]
                if at == first:
                    return False, 0, at
                while at < end and ZERO <= data[at] <= NINE:
                    at += 1
    total = (hour * 3600 + minute * 60 + second) * 1_000_000 + micros
    if second == 60:
        total = (hour * 3600 + minute * 60 + 60) * 1_000_000 - 1
    is_time = hour >= 0 and 0 <= minute <= 59 and 0 <= second <= 60 and (hour < 24 or total == _DAY)
    return is_time, total, at


@inlined
def _has_part(data: Bytes, at: int, end: int, mark: int) -> bool:
    """Whether another part of a time begins at `at`."""
    return at < end and (data[at] == _COLON if mark else ZERO <= data[at] <= NINE)


@inlined
def _offset(data: Bytes, at: int, end: int) -> tuple[bool, int]:
    """Z, UTC, GMT or ±HH[[:]MM] up to `end`, as microseconds."""
    if end - at == 1:
        return data[at] | 0x20 == _Z, 0
    if end - at == 3 and data[at] >= _A:
        letters = (np.int64(data[at]) << 16 | np.int64(data[at + 1]) << 8 | np.int64(data[at + 2])) | 0x202020
        return letters in (_UTC, _GMT), 0
    if data[at] != _PLUS and data[at] != MINUS:
        return False, 0
    hour, minute = _two_digits(data, at + 1, end), 0
    first = at + 3
    if first < end:
        first += data[first] == _COLON
        minute = _two_digits(data, first, end)
        first += 2
    total = (hour * 60 + minute) * 60_000_000
    is_time = first == end and 0 <= hour <= 14 and 0 <= minute <= 59
    return is_time, -total if data[at] == MINUS else total
