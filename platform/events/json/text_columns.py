"""Found values become columns of text, in machine code: texts without their escapes, and any value as JSON text.

Belongs here: text columns, and choices among found values. Not here: finding values (`scanner`), numbers and times
(`scalars`, `timestamps`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.array_types import Bytes, Int64s, Mask, Positions, Words
from events.byte_spans import ByteSpans, Scratch
from events.compiled import compiled, inlined, read_only
from events.json.tokens import BACKSLASH, LETTER_U, QUOTE, REPLACEMENT, escaped_character, unescape
from events.values import CONSTANT, ESCAPED, MISSING, NULL, NUMBER, TEXT, Values
from events.words import copy_bytes, words_of

_INLINE = 12  # bytes; Arrow stores a shorter text within its view of 16 bytes
_LOW = np.uint64(0xFFFFFFFF)
_REPLACEMENT = np.frombuffer(rb"\ufffd", np.uint8)


def text_columns(columns: Sequence[Values]) -> list[pl.Series]:
    """A text column for each of several columns that share their `data`: texts, and numbers as sent; else null.

    All columns are made at once: row by row the bytes are in the processor's cache, column by column they would be
    fetched again.
    """
    if not columns:
        return []
    kinds, starts, ends = (np.stack(parts) for parts in list(zip(*columns, strict=True))[1:])
    count = kinds.shape[1]
    borders = np.zeros(len(columns) + 1, np.int64)
    _reserve(kinds, starts, ends, borders)
    views, valid = np.empty((len(columns), count * 16), np.uint8), np.zeros((len(columns), (count + 7) // 8), np.uint8)
    into = Scratch().take(int(borders[-1]))
    data, ats = columns[0].data, borders[:-1].copy()
    sent, made = (data, words_of(data)), (into, words_of(into))
    _write_texts(*sent, kinds, starts, ends, views, views.view(np.uint32), valid, *made, ats, borders)
    found = []
    for i in range(len(columns)):
        parts = (valid[i], views[i], into[borders[i] : borders[i + 1]])
        array = pa.Array.from_buffers(pa.string_view(), count, [pa.py_buffer(part) for part in parts])
        found.append(pl.Series(array, dtype=pl.String))
    return found


def json_column(values: Values) -> tuple[pl.Series, Int64s]:
    """Values of any kind as JSON text without white space, and the rows that hold NaN or Infinity, which are null.

    Half of a surrogate pair is written as U+FFFD, because readers of JSON disagree about it.
    """
    count = len(values.kinds)
    offsets, valid = np.empty(count + 1, np.int64), np.zeros((count + 7) // 8, np.uint8)
    there = values.kinds > NULL  # the spans of others are undefined
    lengths = values.ends[there] - values.starts[there] + np.uint32(2)
    into = np.empty(int(lengths.sum(dtype=np.int64)), np.uint8)
    odd = odd_rows(values, _write_json, offsets, valid, into)
    column = pa.Array.from_buffers(pa.large_string(), count, [pa.py_buffer(part) for part in (valid, offsets, into)])
    return pl.Series(column, dtype=pl.String), odd


def first_given(choices: Sequence[Values]) -> Values:
    """For each row the first of several values that is neither missing nor null."""
    first, *others = choices
    for other in others:
        gone = first.kinds <= NULL
        starts, ends = np.where(gone, other.starts, first.starts), np.where(gone, other.ends, first.ends)
        first = Values(first.data, np.where(gone, other.kinds, first.kinds), starts, ends)
    return first


def odd_rows(values: Values, kernel: Callable[..., int], *into: npt.NDArray[Any]) -> Int64s:
    """Run a kernel that fills `into` from values; return the rows that it leaves to a slower reader."""
    odd = np.empty(len(values.kinds), np.int64)
    return odd[: kernel(*values, *into, odd)]


def unescaped(values: Values, given: Mask, scratch: Scratch) -> ByteSpans:
    """Texts without their escapes, and other values as they stand, written one after another into `scratch`."""
    starts, ends = np.empty(len(values.kinds), np.uint32), np.empty(len(values.kinds), np.uint32)
    into = scratch.take(int((values.ends - values.starts).sum(dtype=np.int64)))
    _unescape_all(*values, words_of(values.data), starts, ends, into, words_of(into))
    return ByteSpans(read_only(into), starts, ends, given)


@compiled
def _reserve(kinds: Bytes, starts: Positions, ends: Positions, borders: Int64s) -> None:
    """Where each column's long texts begin, in a buffer that has room for all."""
    for column in range(len(kinds)):
        room = borders[column]
        for row in range(kinds.shape[1]):
            kind, length = kinds[column, row], np.int64(ends[column, row]) - np.int64(starts[column, row])
            if kind == ESCAPED or (length > _INLINE and kind in (TEXT, NUMBER)):
                room += length
        borders[column + 1] = room


@compiled
def _unescape_all(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions,
    words: Words, firsts: Positions, lasts: Positions, into: Bytes, into_words: Words,
) -> None:  # fmt: skip
    at = 0
    for row in range(len(kinds)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        firsts[row] = at
        if kinds[row] == ESCAPED:
            at = unescape(data, start, end, into, at)
        else:
            at = copy_bytes(data, words, start, end, into, into_words, at)
        lasts[row] = at


@compiled
def _write_texts(
    data: Bytes, words: Words,
    kinds: Bytes, starts: Positions, ends: Positions,
    views: Bytes, parts: Positions, valid: Bytes,
    into: Bytes, into_words: Words, ats: Int64s, borders: Int64s,
) -> None:  # fmt: skip
    """Fill Arrow's string views: `parts` are the four 32-bit parts of each, the same memory as `views`."""
    for row in range(kinds.shape[1]):
        part = row * 4
        for column in range(len(kinds)):
            kind = kinds[column, row]
            parts[column, part] = parts[column, part + 1] = parts[column, part + 2] = parts[column, part + 3] = 0
            if kind not in (TEXT, NUMBER, ESCAPED):
                continue
            valid[column, row >> 3] |= 1 << (row & 7)
            start, end, at = np.int64(starts[column, row]), np.int64(ends[column, row]), ats[column]
            length = end - start
            if kind == ESCAPED:
                length = unescape(data, start, end, into, at) - at
                _write_view(into, into_words, at, length, column, row, views, parts)
            else:
                _write_view(data, words, start, length, column, row, views, parts)
                if length > _INLINE:
                    copy_bytes(data, words, start, end, into, into_words, at)
            parts[column, part] = length
            if length > _INLINE:
                parts[column, part + 3] = at - borders[column]
                ats[column] = at + length


@inlined
def _write_view(
    data: Bytes, words: Words, start: int, length: int, column: int, row: int, views: Bytes, parts: Positions
) -> None:
    """Write the part of a text that its view holds: all of a short one, else the first four bytes."""
    count = length if length <= _INLINE else 4
    if start + 4 < len(words):
        first, second = words[start], words[start + 4] >> np.uint64(32)
        if count < 8:
            first &= (np.uint64(1) << np.uint64(8 * count)) - np.uint64(1)
            second = np.uint64(0)
        else:
            second &= (np.uint64(1) << np.uint64(8 * (count - 8))) - np.uint64(1)
        part = row * 4
        parts[column, part + 1], parts[column, part + 2] = first & _LOW, first >> np.uint64(32)
        parts[column, part + 3] = second
    else:
        for i in range(count):
            views[column, row * 16 + 4 + i] = data[start + i]


@compiled
def _write_json(
    data: Bytes, kinds: Bytes, starts: Positions, ends: Positions, offsets: Int64s, valid: Bytes, into: Bytes,
    odd: Int64s,
) -> int:  # fmt: skip
    at, count = 0, 0
    for row in range(len(kinds)):
        offsets[row] = at
        kind = kinds[row]
        if kind in (MISSING, NULL):
            continue
        start, end, quoted, is_json = np.int64(starts[row]), np.int64(ends[row]), False, kind != CONSTANT
        if kind in (TEXT, ESCAPED):
            start, end = start - 1, end + 1
        while start < end:
            byte = data[start]
            if quoted and byte == BACKSLASH:
                start, at = _write_escape(data, start, end, into, at)
                continue
            if byte == QUOTE:
                quoted = not quoted
            elif not quoted and (byte in (0x4E, 0x49)):  # N and I: NaN and Infinity
                is_json = False
            if quoted or byte > 0x20:
                into[at] = byte
                at += 1
            start += 1
        if is_json:
            valid[row >> 3] |= 1 << (row & 7)
        else:
            at = offsets[row]
            odd[count] = row
            count += 1
    offsets[len(kinds)] = at
    return count


@inlined
def _write_escape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """Write the escape at `start` to `into` from `at` on; return the position after it, and the end of the writing."""
    code, after = 0, start + 2
    if data[start + 1] == LETTER_U:
        code, after = escaped_character(data, start, end)
    if code == REPLACEMENT:
        return after, write_word(_REPLACEMENT, into, at)
    for i in range(start, after):
        into[at + i - start] = data[i]
    return after, at + after - start


@inlined
def write_word(word: Bytes, into: Bytes, at: int) -> int:
    """Write a word to `into` from `at` on; return its end."""
    for i in range(len(word)):
        into[at + i] = word[i]
    return at + len(word)


@compiled
def is_word(data: Bytes, start: int, word: Bytes) -> bool:
    """Whether a word stands at `start`; the caller makes sure that `data` is long enough."""
    same = True
    for i in range(len(word)):
        same = same and data[start + i] == word[i]
    return same
