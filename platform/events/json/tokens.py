"""JSON's tokens in bytes: white space, strings, numbers, and words such as null.

Belongs here: the exact grammar of each token. Not here: how tokens make an object (`scanner`).
"""

from __future__ import annotations

import numpy as np

from events.array_types import Bytes, Words
from events.compiled import compiled, inlined, trailing
from events.utf8 import character_end
from events.values import BOOLEAN, CONSTANT, NULL
from events.words import HIGHS, ONES

QUOTE, BACKSLASH, MINUS, ZERO, NINE = b'"\\-09'
LETTER_U = 0x75
REPLACEMENT = 0xFFFD  # replaces half of a surrogate pair

_DOT, _PLUS, _E, _CAPITAL_E = b".+eE"
_BLANKS, _QUOTES, _BACKSLASHES = (ONES * np.uint64(byte) for byte in (0x20, QUOTE, BACKSLASH))
_SIMPLE_ESCAPES = np.zeros(256, np.uint8)
_SIMPLE_ESCAPES[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_HEX = np.full(256, -1, np.int32)
_HEX[list(b"0123456789abcdef")] = range(16)
_HEX[list(b"ABCDEF")] = range(10, 16)
_WORDS = (b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity")
_WORD_BYTES = np.frombuffer(b"".join(_WORDS), np.uint8)
_WORD_ENDS = np.cumsum([len(word) for word in _WORDS])
_WORD_KINDS = np.array([NULL, BOOLEAN, BOOLEAN, CONSTANT, CONSTANT, CONSTANT], np.uint8)


@inlined
def skip_space(data: Bytes, at: int, end: int) -> int:
    """The first position from `at` on that is not white space, or `end`."""
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09):
        at += 1
    return at


@inlined
def string_end(data: Bytes, words: Words, at: int, end: int) -> tuple[int, bool]:
    """The position of a string's closing quote, and whether the string has escapes; its text begins at `at`.

    In a broken string it is `~position` of the fault. That is `~end` if the string does not end before `end`.
    """
    escaped = False
    while at < end:
        while at + 8 <= end:
            word = words[at]
            quote, slash = word ^ _QUOTES, word ^ _BACKSLASHES
            odd = ((quote - ONES) & ~quote | (slash - ONES) & ~slash | (word - _BLANKS) & ~word | word) & HIGHS
            if odd:
                at += trailing(odd) >> 3
                break
            at += 8
        if at >= end:
            return ~end, False
        byte, here = data[at], at
        if byte == QUOTE:
            return at, escaped
        if byte == BACKSLASH:
            escaped = True
            at = _escape(data, at, end)
        elif byte < 0x20:
            at = -1
        else:
            at = character_end(data, at, end)
        if at < 0:
            return ~here, False
    return ~end, False


@inlined
def _escape(data: Bytes, at: int, end: int) -> int:
    """The position after the escape at `at`, or -1."""
    if at + 1 >= end:
        return -1
    if data[at + 1] != LETTER_U:
        return at + 2 if _SIMPLE_ESCAPES[data[at + 1]] else -1
    return at + 6 if hex_value(data, at + 2, end) >= 0 else -1


@compiled
def hex_value(data: Bytes, at: int, end: int, digits: int = 4) -> int:
    """The value of the hexadecimal digits at `at`, or -1."""
    if at + digits > end:
        return -1
    code = 0
    for i in range(digits):
        digit = _HEX[data[at + i]]
        if digit < 0:
            return -1
        code = code * 16 + digit
    return code


@compiled
def number_end(data: Bytes, at: int, end: int) -> int:
    """The end of the number at `at`, or -1 if there is none."""
    if data[at] == MINUS:
        at += 1
    first = at
    while at < end and ZERO <= data[at] <= NINE:
        at += 1
    if at == first or (data[first] == ZERO and at > first + 1):
        return -1
    if at < end and data[at] == _DOT:
        first = at + 1
        at = first
        while at < end and ZERO <= data[at] <= NINE:
            at += 1
        if at == first:
            return -1
    if at < end and (data[at] == _E or data[at] == _CAPITAL_E):
        at += 1
        if at < end and (data[at] == _PLUS or data[at] == MINUS):
            at += 1
        first = at
        while at < end and ZERO <= data[at] <= NINE:
            at += 1
        if at == first:
            return -1
    return at


@compiled
def word_end(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The end of the word at `at` (null, true, NaN, ...), or -1, and its kind."""
    first = 0
    for i in range(len(_WORD_ENDS)):
        last = _WORD_ENDS[i]
        length = last - first
        if at + length <= end:
            same = 0
            while same < length and data[at + same] == _WORD_BYTES[first + same]:
                same += 1
            if same == length:
                return at + length, np.int64(_WORD_KINDS[i])
        first = last
    return -1, 0


@inlined
def escaped_character(data: Bytes, start: int, end: int) -> tuple[int, int]:
    r"""The character of the \u escape at `start`, and the position after it; U+FFFD for a lone surrogate."""
    code = hex_value(data, start + 2, end)
    start += 6
    if code < 0xD800 or code >= 0xE000:
        return code, start
    low = -1
    if code < 0xDC00 and start + 1 < end and data[start] == BACKSLASH and data[start + 1] == LETTER_U:
        low = hex_value(data, start + 2, end)
    if 0xDC00 <= low < 0xE000:
        return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), start + 6
    return REPLACEMENT, start


@inlined
def unescape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> int:
    """Write the text of a valid string, which is never longer, to `into` from `at` on; return its end."""
    while start < end:
        byte = data[start]
        if byte != BACKSLASH:
            into[at] = byte
            at, start = at + 1, start + 1
        elif data[start + 1] != LETTER_U:
            into[at] = _SIMPLE_ESCAPES[data[start + 1]]
            at, start = at + 1, start + 2
        else:
            code, start = escaped_character(data, start, end)
            if code < 0x80:
                into[at] = code
                at += 1
            elif code < 0x800:
                into[at], into[at + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
                at += 2
            elif code < 0x10000:
                into[at], into[at + 1], into[at + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
                at += 3
            else:
                into[at], into[at + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
                into[at + 2], into[at + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
                at += 4
    return at
