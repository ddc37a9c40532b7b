"""Printed: objects as Python prints them become JSON, in machine code.

Belongs here: what `repr` writes of texts, of numbers that JSON writes alike, of None, True and False, and of lists and
dicts of them. Not here: any other Python, which may mean the same and is for Python's own parser to read (`literals`).
"""

from __future__ import annotations

import numpy as np

from events.columns import is_word, put
from events.compiled import compiled, inlined
from events.tokens import ARRAY, MINUS, NINE, OBJECT, QUOTE, ZERO, Bytes, blank, hexadecimal, number
from events.tree import MAX_NESTING, Numbers

WIDEST = 2  # bytes of JSON that a printed byte may take
_DIGITS = 15  # of so many a double keeps each, and Python prints them as they were
_EXPONENT = 4  # so many zeros after the point, and Python prints an exponent
_COMMA, _COLON, _DOT, _APOSTROPHE, _BACKSLASH = b",:.'\\"
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = b"{}[]"
_E, _X, _U = b"exu"
_SAME_ESCAPES = np.isin(np.arange(256), list(b'\\"nrt'))
_NONE, _TRUE, _FALSE = (np.frombuffer(word, np.uint8) for word in (b"None", b"True", b"False"))
NULL, _YES, _NO = (np.frombuffer(word, np.uint8) for word in (b"null", b"true", b"false"))


def room_to_open() -> Numbers:
    """Room for a walk: by depth the kind of what is open."""
    return np.zeros(MAX_NESTING + 1, np.int32)


@compiled
def as_json(data: Bytes, start: int, end: int, into: Bytes, at: int, opened: Numbers) -> int:
    """Write the JSON of the object that `data[start:end]` prints to `into` from `at` on; its end, or -1.

    Keys that come again are kept: whoever reads the JSON takes the first of them.
    """
    if start >= end or data[start] != _OPEN or _brackets(data, start, end) > MAX_NESTING:
        return -1
    depth, fresh = 0, True
    opened[0] = ARRAY
    while start < end:
        byte, kind = data[start], opened[depth]
        if byte == (_CLOSE if kind == OBJECT else _CLOSE_LIST):
            into[at] = byte
            start, at = start + 1, at + 1
            depth, fresh = depth - 1, False
            if depth == 0:
                return at if start == end else -1
            start = blank(data, start, end)
            continue
        if not fresh:
            start, at = _mark(data, start, end, _COMMA, into, at)
        if kind == OBJECT and start >= 0:
            start, at = _text(data, start, end, into, at)
            if start < 0:
                return -1
            start, at = _mark(data, blank(data, start, end), end, _COLON, into, at)
        if start < 0 or start >= end:
            return -1
        byte = data[start]
        fresh = byte in (_OPEN, _OPEN_LIST)
        if fresh:
            depth += 1
            opened[depth] = OBJECT if byte == _OPEN else ARRAY
            into[at] = byte
            start, at = start + 1, at + 1
        elif byte in (QUOTE, _APOSTROPHE):
            start, at = _text(data, start, end, into, at)
        elif byte == MINUS or ZERO <= byte <= NINE:
            start, at = _number(data, start, end, into, at)
        else:
            start, at = _word(data, start, end, into, at)
        if start < 0:
            return -1
        start = blank(data, start, end)
    return -1


@compiled
def _brackets(data: Bytes, start: int, end: int) -> int:
    """How many may open something, in texts or not."""
    count = 0
    for i in range(start, end):
        count += data[i] in (_OPEN, _OPEN_LIST)
    return count


@inlined
def _mark(data: Bytes, start: int, end: int, mark: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_text`, of a mark that has to stand at `start`, and white space behind it."""
    if start >= end or data[start] != mark:
        return -1, at
    into[at] = mark
    return blank(data, start + 1, end), at + 1


@compiled
def _text(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """Write the text that begins at `start`; the place after it, or -1, and the end of what is written."""
    if start >= end or data[start] not in (QUOTE, _APOSTROPHE):
        return -1, at
    quote = data[start]
    into[at] = QUOTE
    start, at = start + 1, at + 1
    while 0 <= start < end and data[start] != quote:
        byte = data[start]
        if byte < 0x20:
            return -1, at
        if byte == _BACKSLASH:
            start, at = _escape(data, start, end, into, at)
            continue
        if byte == QUOTE:
            into[at] = _BACKSLASH
            at += 1
        into[at] = byte
        start, at = start + 1, at + 1
    if not 0 <= start < end:
        return -1, at
    into[at] = QUOTE
    return start + 1, at + 1


@compiled
def _escape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_text`, of one escape."""
    escape = data[start + 1] if start + 1 < end else 0
    if escape == _APOSTROPHE:
        into[at] = escape
        return start + 2, at + 1
    into[at] = _BACKSLASH
    if _SAME_ESCAPES[escape]:
        into[at + 1] = escape
        return start + 2, at + 2
    digits = 2 if escape == _X else 4
    code = hexadecimal(data, start + 2, end, digits) if escape in (_X, _U) else -1
    if code < 0:
        return -1, at
    into[at + 1], into[at + 2], into[at + 3] = _U, ZERO, ZERO
    for i in range(digits):
        into[at + 6 - digits + i] = data[start + 2 + i]
    return start + 2 + digits, at + 6


@compiled
def _number(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_text`, of a number that Python prints as it stands: few digits, no exponent, no zeros too many or few."""
    stop, first = number(data, start, end), start + (data[start] == MINUS)
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
def _word(data: Bytes, start: int, end: int, into: Bytes, at: int) -> tuple[int, int]:
    """As `_text`, of None, True or False."""
    if end - start >= 4 and is_word(data, start, _NONE):
        return start + 4, put(NULL, into, at)
    if end - start >= 4 and is_word(data, start, _TRUE):
        return start + 4, put(_YES, into, at)
    if end - start >= 5 and is_word(data, start, _FALSE):
        return start + 5, put(_NO, into, at)
    return -1, at
