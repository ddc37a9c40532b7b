"""Columns: values that were found in bytes become typed columns, in machine code.

Belongs here: what a plain text, number, time or truth value looks like, and its value; the elements of an array. A
value that is not plain is left null and its row told, for a slower reader (`casts`) to look at. Not here: where they
stand (`scan`, `enriched`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.compiled import compiled
from events.scan import ARRAY, BOOLEAN, CONSTANT, ESCAPED, MISSING, NULL, NUMBER, TEXT, Bytes, Places, is_utf8, unescape
from events.text import Texts, read_only

Rows = npt.NDArray[np.int64]
_INLINE = 12  # so long a text lies in its view
_MAX_DIGITS = 18
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAY = 86_400_000_000
_LONGEST_INSTANT = 35 * 6  # in bytes, when all its characters are escaped
_FIRST, _LAST = -719_162 * _DAY, 2_932_897 * _DAY  # the years 1 to 9999, in microseconds of the epoch
_TRUE, _FALSE = np.frombuffer(b"true", np.uint8), np.frombuffer(b"false", np.uint8)
_POWERS = 10 ** np.arange(19, dtype=np.int64)


class Values(NamedTuple):
    """One column's values: their kinds and spans in `data`, by row."""

    data: Bytes
    kinds: npt.NDArray[np.uint8]
    starts: Places
    ends: Places

    def text(self, row: int) -> bytes:
        """What stands at a row, as sent."""
        return self.data[self.starts[row] : self.ends[row]].tobytes()


def texts(columns: Sequence[Values]) -> list[pl.Series]:
    """Texts, and numbers as they were sent, null for all else, of columns that share their `data`.

    All at once: record by record the bytes are at hand, where column by column each would have to be fetched.
    """
    if not columns:
        return []
    kinds, starts, ends = (np.stack(parts) for parts in list(zip(*columns, strict=True))[1:])
    count = kinds.shape[1]
    rooms = np.zeros(len(columns) + 1, np.int64)
    _rooms(kinds, starts, ends, rooms)
    views, bits = np.empty((len(columns), count * 16), np.uint8), np.zeros((len(columns), (count + 7) // 8), np.uint8)
    into = np.empty(rooms[-1], np.uint8)
    _texts(columns[0].data, kinds, starts, ends, views, views.view(np.uint32), bits, into, rooms[:-1].copy(), rooms)
    found = []
    for place in range(len(columns)):
        parts = (bits[place], views[place], into[rooms[place] : rooms[place + 1]])
        array = pa.Array.from_buffers(pa.string_view(), count, [pa.py_buffer(part) for part in parts])
        found.append(pl.Series(array, dtype=pl.String))
    return found


def json_texts(values: Values) -> tuple[pl.Series, Rows]:
    """Values of any kind as JSON without white space, and the rows that hold NaN or Infinity, which are none."""
    count = len(values.kinds)
    offsets, bits = np.empty(count + 1, np.int64), np.zeros((count + 7) // 8, np.uint8)
    into = np.empty(int((values.ends - values.starts + np.uint32(2)).sum(dtype=np.int64)), np.uint8)
    odd = _odd(values, _json_texts, offsets, bits, into)
    column = pa.Array.from_buffers(pa.large_string(), count, [pa.py_buffer(part) for part in (bits, offsets, into)])
    return pl.Series(column, dtype=pl.String), odd


def integers(values: Values) -> tuple[pl.Series, Rows]:
    """64-bit integers, and the rows that hold something else than up to 18 digits."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    odd = _odd(values, _integers, found, bits)
    return _numbers(pa.int64(), found, bits), odd


def decimals(values: Values, precision: int, scale: int) -> tuple[pl.Series, Rows]:
    """Decimals, and the rows that hold something else than digits of which none would be cut."""
    count = len(values.kinds)
    found, bits = np.empty((count, 2), np.int64), np.zeros((count + 7) // 8, np.uint8)
    odd = _odd(values, _decimals, min(precision, _MAX_DIGITS) - scale, scale, found, bits)
    return _numbers(pa.decimal128(precision, scale), found, bits), odd


def instants(values: Values) -> tuple[pl.Series, Rows]:
    """ISO 8601 times in UTC, cut to microseconds, and the rows that hold something else; an empty text is none."""
    found, bits = np.empty(len(values.kinds), np.int64), np.zeros((len(values.kinds) + 7) // 8, np.uint8)
    odd = _odd(values, _instants, found, bits, np.empty(_LONGEST_INSTANT, np.uint8))
    return _numbers(pa.timestamp("us", "UTC"), found, bits), odd


def booleans(values: Values) -> tuple[pl.Series, Rows]:
    """Truth values, also as 1, 0 and as text, and the rows that hold something else."""
    count = len(values.kinds)
    found, bits = np.zeros((count + 7) // 8, np.uint8), np.zeros((count + 7) // 8, np.uint8)
    odd = _odd(values, _booleans, found, bits)
    return _numbers(pa.bool_(), found, bits, count), odd


def without(values: Values, texts: Sequence[str]) -> None:
    """Make those of some texts nulls, in place."""
    for text in texts:
        _forget(*values, np.frombuffer(text.encode() or b"\0", np.uint8), len(text.encode()))


def first_of(choices: Sequence[Values]) -> Values:
    """For each row the first of several values that there is."""
    first, *others = choices
    for other in others:
        gone = first.kinds <= NULL
        starts, ends = np.where(gone, other.starts, first.starts), np.where(gone, other.ends, first.ends)
        first = Values(first.data, np.where(gone, other.kinds, first.kinds), starts, ends)
    return first


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


def strings(data: Bytes, starts: Places, ends: Places) -> pl.Series:
    """Pieces of text, null where they are not UTF-8."""
    kinds = np.empty(len(starts), np.uint8)
    _kinds(data, starts, ends, kinds)
    return texts([Values(data, kinds, starts, ends)])[0]


def unescaped(values: Values, given: npt.NDArray[np.bool_]) -> Texts:
    """Texts without their escapes, and values of other kinds as they stand."""
    starts, ends = np.empty(len(values.kinds), np.uint32), np.empty(len(values.kinds), np.uint32)
    into = np.empty(int((values.ends - values.starts).sum(dtype=np.int64)), np.uint8)
    _unescaped(*values, starts, ends, into)
    return Texts(read_only(into), starts, ends, given)


def _odd(values: Values, kernel: Callable[..., int], *into: npt.NDArray[Any]) -> Rows:
    """Run a kernel over values; the rows that it says are odd."""
    odd = np.empty(len(values.kinds), np.int64)
    return odd[: kernel(*values, *into, odd)]


def _numbers(kind: pa.DataType, found: npt.NDArray[np.generic], bits: Bytes, count: int | None = None) -> pl.Series:
    size = len(found) if count is None else count
    return pl.Series(pa.Array.from_buffers(kind, size, [pa.py_buffer(bits), pa.py_buffer(found)]))


@compiled
def _rooms(kinds: Bytes, starts: Places, ends: Places, rooms: Rows) -> None:
    """Where each column's long texts begin, in room that is enough for all."""
    for place in range(len(kinds)):
        room = rooms[place]
        for row in range(kinds.shape[1]):
            kind, length = kinds[place, row], np.int64(ends[place, row]) - np.int64(starts[place, row])
            if kind == ESCAPED or (length > _INLINE and kind in (TEXT, NUMBER)):
                room += length
        rooms[place + 1] = room


@compiled
def _kinds(data: Bytes, starts: Places, ends: Places, kinds: Bytes) -> None:
    for row in range(len(starts)):
        kinds[row] = TEXT if is_utf8(data, np.int64(starts[row]), np.int64(ends[row])) else MISSING


@compiled
def _unescaped(
    data: Bytes, kinds: Bytes, starts: Places, ends: Places, firsts: Places, lasts: Places, into: Bytes
) -> None:
    at = 0
    for row in range(len(kinds)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        firsts[row] = at
        if kinds[row] == ESCAPED:
            at = unescape(data, start, end, into, at)
        else:
            for i in range(end - start):
                into[at + i] = data[start + i]
            at += end - start
        lasts[row] = at


@compiled
def _texts(
    data: Bytes,
    kinds: Bytes,
    starts: Places,
    ends: Places,
    views: Bytes,
    words: Places,
    bits: Bytes,
    into: Bytes,
    ats: Rows,
    rooms: Rows,
) -> None:
    for row in range(kinds.shape[1]):
        word = row * 4
        for place in range(len(kinds)):
            kind = kinds[place, row]
            words[place, word] = words[place, word + 1] = words[place, word + 2] = words[place, word + 3] = 0
            if kind not in (TEXT, NUMBER, ESCAPED):
                continue
            bits[place, row >> 3] |= 1 << (row & 7)
            start, end, at = np.int64(starts[place, row]), np.int64(ends[place, row]), ats[place]
            length = end - start
            if kind == ESCAPED:
                length = unescape(data, start, end, into, at) - at
                _view(into, at, length, place, row, views)
            else:
                _view(data, start, length, place, row, views)
                if length > _INLINE:
                    for i in range(length):
                        into[at + i] = data[start + i]
            words[place, word] = length
            if length > _INLINE:
                words[place, word + 3] = at - rooms[place]
                ats[place] = at + length


@compiled
def _view(data: Bytes, start: int, length: int, place: int, row: int, views: Bytes) -> None:
    """The part of a text that lies in its view: all, or its first four bytes."""
    view = row * 16 + 4
    for i in range(length if length <= _INLINE else 4):
        views[place, view + i] = data[start + i]


@compiled
def _json_texts(
    data: Bytes, kinds: Bytes, starts: Places, ends: Places, offsets: Rows, bits: Bytes, into: Bytes, odd: Rows
) -> int:
    at, count = 0, 0
    for row in range(len(kinds)):
        offsets[row] = at
        kind = kinds[row]
        if kind in (MISSING, NULL):
            continue
        start, end, quoted, sound = np.int64(starts[row]), np.int64(ends[row]), False, kind != CONSTANT
        if kind in (TEXT, ESCAPED):
            start, end = start - 1, end + 1
        while start < end:
            byte = data[start]
            if quoted and byte == 0x5C:
                into[at] = byte
                at, start = at + 1, start + 1
                byte = data[start]
            elif byte == 0x22:
                quoted = not quoted
            elif not quoted and (byte in (0x4E, 0x49)):
                sound = False
            if quoted or byte > 0x20:
                into[at] = byte
                at += 1
            start += 1
        if sound:
            bits[row >> 3] |= 1 << (row & 7)
        else:
            at = offsets[row]
            odd[count] = row
            count += 1
    offsets[len(kinds)] = at
    return count


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
            places = 0
            if sound and at < end and data[at] == 0x2E:
                last = at + 1
                part, at = _digits(data, last, min(end, last + scale))
                places = at - last
                number = number * _POWERS[places] + part
                sound = places > 0
                while at < end and data[at] == 0x30:
                    at += 1
            if sound and at == end:
                number *= _POWERS[scale - places]
                number = -number if first > start else number
                found[row, 0], found[row, 1] = number, -1 if number < 0 else 0
                bits[row >> 3] |= 1 << (row & 7)
                continue
        if kind in (TEXT, NUMBER, ESCAPED):
            odd[count] = row
            count += 1
    return count


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
        if start == end:
            continue
        sound, micros = False, 0
        if kind == TEXT:
            sound, micros = _instant(data, start, end)
        elif end - start <= len(plain):
            sound, micros = _instant(plain, 0, unescape(data, start, end, plain, 0))
        if sound:
            found[row] = micros
            bits[row >> 3] |= 1 << (row & 7)
        else:
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
    """YYYY-MM-DD[(T| )HH:MM[:SS[.f]][Z|±HH[[:]MM]]] as microseconds of the epoch."""
    if end - at < 10 or data[at + 4] != 0x2D or data[at + 7] != 0x2D:
        return False, 0
    century, year, month, day = _pair(data, at, end), _pair(data, at + 2, end), _pair(data, at + 5, end), -1
    day = _pair(data, at + 8, end)
    if century < 0 or year < 0 or not 1 <= month <= 12 or day < 1:
        return False, 0
    year += century * 100
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if year < 1 or day > (29 if leap and month == 2 else _DAYS[month]):
        return False, 0
    shifted = year - 1 if month <= 2 else year
    yearday = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    days = 365 * shifted + shifted // 4 - shifted // 100 + shifted // 400 + yearday - 719_468
    micros = days * _DAY
    at += 10
    if at == end:
        return True, micros
    if data[at] != 0x54 and data[at] != 0x20:
        return False, 0
    hour, minute = _pair(data, at + 1, end), _pair(data, at + 4, end)
    if hour < 0 or hour > 23 or minute < 0 or minute > 59 or data[at + 3] != 0x3A:
        return False, 0
    micros += (hour * 60 + minute) * 60_000_000
    at += 6
    if at < end and data[at] == 0x3A:
        second = _pair(data, at + 1, end)
        if second < 0 or second > 59:
            return False, 0
        micros += second * 1_000_000
        at += 3
        if at < end and data[at] == 0x2E:
            first = at + 1
            part, at = _digits(data, first, min(end, first + 9))
            places = at - first
            if places == 0:
                return False, 0
            micros += part * _POWERS[6 - places] if places <= 6 else part // _POWERS[places - 6]
    if at < end and data[at] == 0x5A:
        at += 1
    elif at < end and (data[at] == 0x2B or data[at] == 0x2D):
        sign = -1 if data[at] == 0x2D else 1
        hour, minute = _pair(data, at + 1, end), 0
        at += 3
        if at < end:
            at += data[at] == 0x3A
            minute = _pair(data, at, end)
            at += 2
        if hour < 0 or hour > 14 or minute < 0 or minute > 59:
            return False, 0
        micros -= sign * (hour * 60 + minute) * 60_000_000
    return at == end and _FIRST <= micros < _LAST, micros


@compiled
def _booleans(data: Bytes, kinds: Bytes, starts: Places, ends: Places, found: Bytes, bits: Bytes, odd: Rows) -> int:
    count = 0
    for row in range(len(kinds)):
        kind = kinds[row]
        if kind not in (TEXT, NUMBER, BOOLEAN, ESCAPED):
            continue
        start, length = np.int64(starts[row]), np.int64(ends[row]) - np.int64(starts[row])
        first = data[start] if length else np.uint8(0)
        yes = (length == 1 and first == 0x31) or (length == 4 and _is_word(data, start, _TRUE))
        no = (length == 1 and first == 0x30) or (length == 5 and _is_word(data, start, _FALSE))
        if kind != ESCAPED and (yes or no):
            bits[row >> 3] |= 1 << (row & 7)
            found[row >> 3] |= np.uint8(yes) << (row & 7)
        else:
            odd[count] = row
            count += 1
    return count


@compiled
def _is_word(data: Bytes, start: int, word: Bytes) -> bool:
    same = True
    for i in range(len(word)):
        same = same and data[start + i] == word[i]
    return same


@compiled
def _forget(data: Bytes, kinds: Bytes, starts: Places, ends: Places, text: Bytes, length: int) -> None:
    for row in range(len(kinds)):
        start = np.int64(starts[row])
        same = kinds[row] == TEXT and np.int64(ends[row]) - start == length
        if same and (length == 0 or _is_word(data, start, text)):
            kinds[row] = NULL


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
