"""CSV rows (RFC 4180) in machine code: where a row ends, and a row as a JSON object of texts.

Belongs here: fields and their quotes. Not here: lines without quotes (`line_breaks`), the first line (`header`).
"""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps

import numpy as np

from events.array_types import Bytes, Int64s
from events.byte_spans import ByteSpans
from events.compiled import compiled, inlined, read_only

# How a row or a field ends: correctly, beyond the bytes that were read, or wrongly.
ROW_COMPLETE, ROW_INCOMPLETE, ROW_BROKEN = range(3)
# In place of a number of fields: a quoted field has no end, or has text after its end.
OPEN, TRAILING = -1, -2
LINE_FEED, RETURN, QUOTE = b'\n\r"'

_BACKSLASH, _COLON, _COMMA, _OBJECT, _OBJECT_END = b"\\:,{}"
_HEX = np.frombuffer(b"0123456789abcdef", np.uint8)
_ESCAPES = np.zeros(256, np.uint8)  # the letter after the backslash, for bytes that JSON strings cannot hold
_ESCAPES[:0x20] = ord("u")
_ESCAPES[list(b'"\\\b\f\n\r\t')] = list(b'"\\bfnrt')
_LONGER = 5  # bytes that an escape may add to the escaped byte


@inlined
def _field(data: Bytes, at: int, stop: int, delimiter: int, breaks: bool) -> tuple[int, int]:
    """The end of the field that begins at `at`, and how it ends; `breaks`: a line break ends a field without quotes."""
    if at >= stop or data[at] != QUOTE:
        while at < stop and data[at] != delimiter and not (breaks and (data[at] == LINE_FEED or data[at] == RETURN)):
            at += 1
        return at, ROW_COMPLETE
    at += 1
    while at < stop:
        if data[at] != QUOTE:
            at += 1
        elif at + 1 < stop and data[at + 1] == QUOTE:
            at += 2
        else:
            at += 1
            ended = at == stop or data[at] == delimiter or (breaks and (data[at] == LINE_FEED or data[at] == RETURN))
            return at, ROW_COMPLETE if ended else ROW_BROKEN
    return at, ROW_INCOMPLETE


@compiled
def row_end(data: Bytes, at: int, stop: int, delimiter: int, fields: int) -> tuple[int, int]:
    """The end of the row that begins at `at`, and whether the row is complete with `fields` fields.

    A row without a fault up to `stop` ends there. It is `ROW_COMPLETE` if it has all fields.
    """
    count = 0
    while True:
        at, state = _field(data, at, stop, delimiter, True)
        count += 1
        if state != ROW_COMPLETE or count > fields:
            return at, state if state != ROW_COMPLETE else ROW_BROKEN
        if at == stop:
            return at, ROW_COMPLETE if count == fields else ROW_INCOMPLETE
        if data[at] != delimiter:
            return at, ROW_COMPLETE if count == fields else ROW_BROKEN
        at += 1


@compiled
def _write_objects(
    data: Bytes,
    starts: Int64s,
    ends: Int64s,
    delimiter: int,
    labels: Bytes,
    label_ends: Int64s,
    into: Bytes,
    at: int,
    spans: Int64s,
    counts: Int64s,
) -> int:
    """Write rows as JSON objects into `into` from `at` on, and the span of each into `spans`; return the end.

    `labels` are the fields' names as JSON texts, one after another; a field with an empty name is left out. `counts`
    gets the rows' numbers of fields, or what is wrong with them.
    """
    for place in range(len(starts)):
        here, end = starts[place], ends[place]
        spans[0, place] = at
        into[at] = _OBJECT
        at += 1
        count, state = 0, ROW_COMPLETE
        while True:
            stop, state = _field(data, here, end, delimiter, False)
            if state != ROW_COMPLETE:
                break
            if count < len(label_ends):
                first = label_ends[count - 1] if count else 0
                if first < label_ends[count]:
                    at = _member(data, here, stop, labels, first, label_ends[count], into, at)
            count += 1
            if stop == end:
                break
            here = stop + 1
        if into[at - 1] == _COMMA:
            at -= 1
        into[at] = _OBJECT_END
        at += 1
        spans[1, place] = at
        counts[place] = count if state == ROW_COMPLETE else OPEN if state == ROW_INCOMPLETE else TRAILING
    return at


@inlined
def _member(data: Bytes, start: int, end: int, labels: Bytes, first: int, last: int, into: Bytes, at: int) -> int:
    """Write a name, a field's text and a comma; return the end."""
    for place in range(first, last):
        into[at] = labels[place]
        at += 1
    into[at], into[at + 1] = _COLON, QUOTE
    at += 2
    quoted = start < end and data[start] == QUOTE
    if quoted:
        start, end = start + 1, end - 1
    while start < end:
        byte = data[start]
        letter = _ESCAPES[byte]
        if letter == 0:
            into[at] = byte
            at += 1
        else:
            into[at], into[at + 1] = _BACKSLASH, letter
            at += 2
            if letter == 0x75:
                into[at], into[at + 1] = 0x30, 0x30
                into[at + 2], into[at + 3] = _HEX[byte >> 4], _HEX[byte & 15]
                at += 4
            if quoted and byte == QUOTE:
                start += 1
        start += 1
    into[at], into[at + 1] = QUOTE, _COMMA
    return at + 2


def rows_as_json(texts: ByteSpans, rows: Int64s, names: Sequence[str], delimiter: str) -> tuple[ByteSpans, Int64s]:
    """The texts with some rows of CSV as JSON objects, and these rows' numbers of fields, or `OPEN` or `TRAILING`.

    `names` are those of the fields, in order; a field with an empty name is left out of the object.
    """
    first, last = texts.starts[rows].astype(np.int64), texts.ends[rows].astype(np.int64)
    labels = [dumps(name, ensure_ascii=False).encode() if name else b"" for name in names]
    label_ends = np.cumsum([len(label) for label in labels], dtype=np.int64)
    punctuation, escapes = 2 + 4 * len(labels), int(np.count_nonzero(_ESCAPES[texts.data]))
    most = int((last - first).sum()) + len(rows) * (punctuation + sum(map(len, labels))) + _LONGER * escapes
    into = np.empty(len(texts.data) + most, np.uint8)
    into[: len(texts.data)] = texts.data
    spans, counts = np.empty((2, len(rows)), np.int64), np.empty(len(rows), np.int64)
    held = np.frombuffer(b"".join(labels), np.uint8)
    end = _write_objects(
        texts.data, first, last, ord(delimiter), held, label_ends, into, len(texts.data), spans, counts
    )
    starts, ends = texts.starts.copy(), texts.ends.copy()
    starts[rows], ends[rows] = spans
    return ByteSpans(read_only(into[:end]), starts, ends, texts.given), counts
