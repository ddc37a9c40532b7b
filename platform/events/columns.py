"""Columns: values that were found in bytes, and columns of text made of them, in machine code.

Belongs here: what a column's values are, and texts with and without their escapes. Not here: where the values stand
(`scan`, `tabs`), numbers and times (`scalars`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.compiled import compiled, inlined, read_only
from events.text import Room, Texts
from events.tokens import (
    BACKSLASH,
    CONSTANT,
    ESCAPED,
    MISSING,
    NULL,
    NUMBER,
    QUOTE,
    REPLACEMENT,
    TEXT,
    Bytes,
    Places,
    U,
    Words,
    copy,
    escaped_character,
    unescape,
    words_of,
)

Rows = npt.NDArray[np.int64]
_INLINE = 12  # so long a text lies in its view
_LOW = np.uint64(0xFFFFFFFF)
_REPLACEMENT = np.frombuffer(rb"\ufffd", np.uint8)


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
    into = Room().of(int(rooms[-1]))
    data, ats = columns[0].data, rooms[:-1].copy()
    sent, made = (data, words_of(data)), (into, words_of(into))
    _texts(*sent, kinds, starts, ends, views, views.view(np.uint32), bits, *made, ats, rooms)
    found = []
    for place in range(len(columns)):
        parts = (bits[place], views[place], into[rooms[place] : rooms[place + 1]])
        array = pa.Array.from_buffers(pa.string_view(), count, [pa.py_buffer(part) for part in parts])
        found.append(pl.Series(array, dtype=pl.String))
    return found


def json_texts(values: Values) -> tuple[pl.Series, Rows]:
    """Values of any kind as JSON without white space, and the rows that hold NaN or Infinity, which are none.

    Half of a surrogate pair is written as U+FFFD, as readers of JSON disagree about it.
    """
    count = len(values.kinds)
    offsets, bits = np.empty(count + 1, np.int64), np.zeros((count + 7) // 8, np.uint8)
    there = values.kinds > NULL  # where nothing was found, no span was written
    lengths = values.ends[there] - values.starts[there] + np.uint32(2)
    into = np.empty(int(lengths.sum(dtype=np.int64)), np.uint8)
    odd = odd_rows(values, _json_texts, offsets, bits, into)
    column = pa.Array.from_buffers(pa.large_string(), count, [pa.py_buffer(part) for part in (bits, offsets, into)])
    return pl.Series(column, dtype=pl.String), odd


def first_of(choices: Sequence[Values]) -> Values:
    """For each row the first of several values that there is."""
    first, *others = choices
    for other in others:
        gone = first.kinds <= NULL
        starts, ends = np.where(gone, other.starts, first.starts), np.where(gone, other.ends, first.ends)
        first = Values(first.data, np.where(gone, other.kinds, first.kinds), starts, ends)
    return first


def odd_rows(values: Values, kernel: Callable[..., int], *into: npt.NDArray[Any]) -> Rows:
    """Run a kernel over values; the rows that it says are odd."""
    odd = np.empty(len(values.kinds), np.int64)
    return odd[: kernel(*values, *into, odd)]


def unescaped(values: Values, given: npt.NDArray[np.bool_], room: Room) -> Texts:
    """Texts without their escapes, and values of other kinds as they stand, in `room`."""
    starts, ends = np.empty(len(values.kinds), np.uint32), np.empty(len(values.kinds), np.uint32)
    into = room.of(int((values.ends - values.starts).sum(dtype=np.int64)))
    _unescaped(*values, words_of(values.data), starts, ends, into, words_of(into))
    return Texts(read_only(into), starts, ends, given)


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
def _unescaped(
    data: Bytes, kinds: Bytes, starts: Places, ends: Places,
    words: Words, firsts: Places, lasts: Places, into: Bytes, into_words: Words,
) -> None:  # fmt: skip
    at = 0
    for row in range(len(kinds)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        firsts[row] = at
        if kinds[row] == ESCAPED:
            at = unescape(data, start, end, into, at)
        else:
            at = copy(data, words, start, end, into, into_words, at)
        lasts[row] = at


@compiled
def _texts(
    data: Bytes, words: Words,
    kinds: Bytes, starts: Places, ends: Places,
    views: Bytes, parts: Places, bits: Bytes,
    into: Bytes, into_words: Words, ats: Rows, rooms: Rows,
) -> None:  # fmt: skip
    for row in range(kinds.shape[1]):
        part = row * 4
        for place in range(len(kinds)):
            kind = kinds[place, row]
            parts[place, part] = parts[place, part + 1] = parts[place, part + 2] = parts[place, part + 3] = 0
            if kind not in (TEXT, NUMBER, ESCAPED):
                continue
            bits[place, row >> 3] |= 1 << (row & 7)
            start, end, at = np.int64(starts[place, row]), np.int64(ends[place, row]), ats[place]
            length = end - start
            if kind == ESCAPED:
                length = unescape(data, start, end, into, at) - at
                _view(into, into_words, at, length, place, row, views, parts)
            else:
                _view(data, words, start, length, place, row, views, parts)
                if length > _INLINE:
                    copy(data, words, start, end, into, into_words, at)
            parts[place, part] = length
            if length > _INLINE:
                parts[place, part + 3] = at - rooms[place]
                ats[place] = at + length


@inlined
def _view(
    data: Bytes, words: Words, start: int, length: int, place: int, row: int, views: Bytes, parts: Places
) -> None:
    """The part of a text that lies in its view: all, or its first four bytes."""
    count = length if length <= _INLINE else 4
    if start + 4 < len(words):
        first, second = words[start], words[start + 4] >> np.uint64(32)
        if count < 8:
            first &= (np.uint64(1) << np.uint64(8 * count)) - np.uint64(1)
            second = np.uint64(0)
        else:
            second &= (np.uint64(1) << np.uint64(8 * (count - 8))) - np.uint64(1)
        part = row * 4
        parts[place, part + 1], parts[place, part + 2] = first & _LOW, first >> np.uint64(32)
        parts[place, part + 3] = second
    else:
        for i in range(count):
            views[place, row * 16 + 4 + i] = data[start + i]


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
            if quoted and byte == BACKSLASH:
                start, at = _json_escape(data, start, end, into, at)
                continue
            if byte == QUOTE:
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


@inlined
def _json_escape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """Write the escape at `start` to `into` from `at` on; the place after it, and the end of what is written."""
    code, after = 0, start + 2
    if data[start + 1] == U:
        code, after = escaped_character(data, start, end)
    if code == REPLACEMENT:
        return after, put(_REPLACEMENT, into, at)
    for i in range(start, after):
        into[at + i - start] = data[i]
    return after, at + after - start


@inlined
def put(word: Bytes, into: Bytes, at: int) -> int:
    """Write a word to `into` from `at` on; its end."""
    for i in range(len(word)):
        into[at + i] = word[i]
    return at + len(word)


@compiled
def is_word(data: Bytes, start: int, word: Bytes) -> bool:
    same = True
    for i in range(len(word)):
        same = same and data[start + i] == word[i]
    return same
