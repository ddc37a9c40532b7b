"""Objects as Python's `repr` prints them become JSON, in machine code.

Belongs here: dicts and lists of texts, None, True, False, and numbers that JSON and Python write alike. Not here: any
other Python literal, which Python's own parser reads (`embedded_json`).
"""

from __future__ import annotations

import numpy as np

from events.array_types import Bytes, Int32s
from events.compiled import compiled, inlined
from events.json.path_tree import MAX_NESTING
from events.json.text_columns import is_word, write_word
from events.json.tokens import BACKSLASH, MINUS, NINE, QUOTE, ZERO, hex_value, number_end, skip_space
from events.values import ARRAY, OBJECT

GROWTH = 2  # bytes of JSON per byte of Python at most
JSON_NULL = np.frombuffer(b"null", np.uint8)
_DIGITS = 15  # a double keeps this many digits, and Python prints them unchanged
_EXPONENT = 4  # from this many zeros after the point on, Python prints an exponent
_COMMA, _COLON, _DOT, _APOSTROPHE = b",:.'"
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = b"{}[]"
_E, _X, _U = b"exu"
_SAME_ESCAPES = np.isin(np.arange(256), list(b'\\"nrt'))
_NONE, _TRUE, _FALSE = (np.frombuffer(word, np.uint8) for word in (b"None", b"True", b"False"))
_JSON_TRUE, _JSON_FALSE = (np.frombuffer(word, np.uint8) for word in (b"true", b"false"))


def container_stack() -> Int32s:
    """Scratch for `write_as_json`: the kind of each open object or list, by depth."""
    return np.zeros(MAX_NESTING + 1, np.int32)


@compiled
def write_as_json(data: Bytes, start: int, end: int, into: Bytes, at: int, stack: Int32s) -> int:
    """Write the dict that `data[start:end]` prints to `into` from `at` on, as JSON; return its end, or -1 for any other
    text. Repeated keys are kept, because the reader of the JSON takes the first one."""
    if start >= end or data[start] != _OPEN or _brackets(data, start, end) > MAX_NESTING:
        return -1
    depth, fresh = 0, True
    stack[0] = ARRAY
    while start < end:
        byte, kind = data[start], stack[depth]
        if byte == (_CLOSE if kind == OBJECT else _CLOSE_LIST):
            into[at] = byte
            start, at = start + 1, at + 1
            depth, fresh = depth - 1, False
            if depth == 0:
                return at if start == end else -1
            start = skip_space(data, start, end)
            continue
        if not fresh:
            start, at = _write_mark(data, start, end, _COMMA, into, at)
        if kind == OBJECT and start >= 0:
            start, at = _write_text(data, start, end, into, at)
            if start < 0:
                return -1
            start, at = _write_mark(data, skip_space(data, start, end), end, _COLON, into, at)
        if start < 0 or start >= end:
            return -1
        byte = data[start]
        fresh = byte in (_OPEN, _OPEN_LIST)
        if fresh:
            depth += 1
            stack[depth] = OBJECT if byte == _OPEN else ARRAY
            into[at] = byte
            start, at = start + 1, at + 1
        elif byte in (QUOTE, _APOSTROPHE):
            start, at = _write_text(data, start, end, into, at)
        elif byte == MINUS or ZERO <= byte <= NINE:
            start, at = _write_number(data, start, end, into, at)
        else:
            start, at = _write_literal(data, start, end, into, at)
        if start < 0:
            return -1
        start = skip_space(data, start, end)
    return -1


@compiled
def _brackets(data: Bytes, start: int, end: int) -> int:
    """The number of opening brackets, within texts or not."""
    count = 0
    for i in range(start, end):
        count += data[i] in (_OPEN, _OPEN_LIST)
    return count


@inlined
def _write_mark(data: Bytes, start: int, end: int, mark: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_write_text`, for one punctuation mark and the white space behind it."""
    if start >= end or data[start] != mark:
        return -1, at
    into[at] = mark
    return skip_space(data, start + 1, end), at + 1


@compiled
def _write_text(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """Write the text that begins at `start`; return the position after it, or -1, and the end of the writing."""
    if start >= end or data[start] not in (QUOTE, _APOSTROPHE):
        return -1, at
    quote = data[start]
    into[at] = QUOTE
    start, at = start + 1, at + 1
    while 0 <= start < end and data[start] != quote:
        byte = data[start]
        if byte < 0x20:
            return -1, at
        if byte == BACKSLASH:
            start, at = _write_escape(data, start, end, into, at)
            continue
        if byte == QUOTE:
            into[at] = BACKSLASH
            at += 1
        into[at] = byte
        start, at = start + 1, at + 1
    if not 0 <= start < end:
        return -1, at
    into[at] = QUOTE
    return start + 1, at + 1


@compiled
def _write_escape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_write_text`, for one escape."""
    escape = data[start + 1] if start + 1 < end else 0
    if escape == _APOSTROPHE:
        into[at] = escape
        return start + 2, at + 1
    into[at] = BACKSLASH
    if _SAME_ESCAPES[escape]:
        into[at + 1] = escape
        return start + 2, at + 2
    digits = 2 if escape == _X else 4
    code = hex_value(data, start + 2, end, digits) if escape in (_X, _U) else -1
    if code < 0:
        return -1, at
    into[at + 1], into[at + 2], into[at + 3] = _U, ZERO, ZERO
    for i in range(digits):
        into[at + 6 - digits + i] = data[start + 2 + i]
    return start + 2 + digits, at + 6


@compiled
def _write_number(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_write_text`, for a number that Python would print just so: few digits, no exponent, no needless zeros."""
    stop, first = number_end(data, start, end), start + (data[start] == MINUS)
    if stop < 0 or stop - first > _DIGITS:
        return -1, at
    point, zeros = first, 0
    while point < stop and data[point] != _DOT:
        point += 1
    while point + 1 + zeros < stop and data[point + 1 + zeros] == ZERO:
        zeros += 1
    if point == stop:
        plain = start == first or data[first] != ZERO
    else:
        plain = (stop == point + 2 or data[stop - 1] != ZERO) and (data[first] != ZERO or zeros < _EXPONENT)
    for i in range(start, stop):
        plain = plain and data[i] | 0x20 != _E
        into[at + i - start] = data[i]
    return stop if plain else -1, at + stop - start


@compiled
def _write_literal(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_write_text`, for None, True or False."""
    if end - start >= 4 and is_word(data, start, _NONE):
        return start + 4, write_word(JSON_NULL, into, at)
    if end - start >= 4 and is_word(data, start, _TRUE):
        return start + 4, write_word(_JSON_TRUE, into, at)
    if end - start >= 5 and is_word(data, start, _FALSE):
        return start + 5, write_word(_JSON_FALSE, into, at)
    return -1, at
