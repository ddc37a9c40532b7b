"""Tokens: JSON's smallest parts in bytes: white space, strings, numbers, words; and UTF-8.

Belongs here: each part's grammar to the letter, and the kinds of values. Not here: what they are parts of (`scan`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from events.compiled import compiled, inlined, trailing

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Places = npt.NDArray[np.uint32]

# A value's kind. NaN and Infinity are constants, which JSON does not know and producers write.
MISSING, NULL, TEXT, ESCAPED, NUMBER, CONSTANT, BOOLEAN, OBJECT, ARRAY = range(9)
QUOTE, MINUS, ZERO, NINE = 0x22, 0x2D, 0x30, 0x39

BACKSLASH, U, REPLACEMENT = 0x5C, 0x75, 0xFFFD
_DOT = 0x2E
ONES = np.uint64(0x0101010101010101)
HIGHS, _BLANKS = ONES * np.uint64(0x80), ONES * np.uint64(0x20)
_QUOTES, _BACKSLASHES = ONES * np.uint64(QUOTE), ONES * np.uint64(BACKSLASH)
_SIMPLE_ESCAPES = np.zeros(256, np.uint8)
_SIMPLE_ESCAPES[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_HEX = np.full(256, -1, np.int32)
_HEX[list(b"0123456789abcdef")] = range(16)
_HEX[list(b"ABCDEF")] = range(10, 16)
_WORDS = (b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity")
_WORD_BYTES = np.frombuffer(b"".join(_WORDS), np.uint8)
_WORD_ENDS = np.cumsum([len(word) for word in _WORDS])
_WORD_KINDS = np.array([NULL, BOOLEAN, BOOLEAN, CONSTANT, CONSTANT, CONSTANT], np.uint8)


def words_of(data: Bytes) -> Words:
    """The eight bytes from every byte on."""
    return as_strided(data[: len(data) // 8 * 8].view(np.uint64), (max(len(data) - 7, 0),), (1,))


@inlined
def copy(data: Bytes, words: Words, start: int, end: int, into: Bytes, into_words: Words, at: int) -> int:
    """Write bytes to `into` from `at` on, eight at a time; their end."""
    while start + 8 <= end:
        into_words[at] = words[start]
        start, at = start + 8, at + 8
    while start < end:
        into[at] = data[start]
        start, at = start + 1, at + 1
    return at


@inlined
def blank(data: Bytes, at: int, end: int) -> int:
    """The first place from `at` on that is no white space."""
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09):
        at += 1
    return at


@inlined
def string(data: Bytes, words: Words, at: int, end: int) -> tuple[int, bool]:
    """Where the string that begins at `at` has its closing quote; and whether it has escapes.

    Where it is none, `~place` of what is wrong, which is `end` where it goes on there.
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
        byte, place = data[at], at
        if byte == QUOTE:
            return at, escaped
        if byte == BACKSLASH:
            escaped = True
            at = _escape(data, at, end)
        elif byte < 0x20:
            at = -1
        else:
            at = _character(data, at, end)
        if at < 0:
            return ~place, False
    return ~end, False


@inlined
def _escape(data: Bytes, at: int, end: int) -> int:
    """The place after the escape at `at`, or -1."""
    if at + 1 >= end:
        return -1
    if data[at + 1] != U:
        return at + 2 if _SIMPLE_ESCAPES[data[at + 1]] else -1
    return at + 6 if hexadecimal(data, at + 2, end) >= 0 else -1


@compiled
def _character(data: Bytes, at: int, end: int) -> int:
    """The place after the UTF-8 character at `at`, or -1: shortest forms, no surrogates, nothing above U+10FFFF."""
    byte = data[at]
    if byte < 0x80:
        return at + 1
    if 0xC2 <= byte <= 0xDF:
        more, low, high = 1, 0x80, 0xBF
    elif 0xE0 <= byte <= 0xEF:
        more, low, high = 2, 0xA0 if byte == 0xE0 else 0x80, 0x9F if byte == 0xED else 0xBF
    elif 0xF0 <= byte <= 0xF4:
        more, low, high = 3, 0x90 if byte == 0xF0 else 0x80, 0x8F if byte == 0xF4 else 0xBF
    else:
        return -1
    if at + more >= end or not low <= data[at + 1] <= high:
        return -1
    for i in range(2, more + 1):
        if data[at + i] & 0xC0 != 0x80:
            return -1
    return at + more + 1


@compiled
def hexadecimal(data: Bytes, at: int, end: int, digits: int = 4) -> int:
    """What the hexadecimal digits at `at` say, or -1."""
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
def number(data: Bytes, at: int, end: int) -> int:
    """Where the number at `at` ends, or -1."""
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
    if at < end and (data[at] == 0x65 or data[at] == 0x45):
        at += 1
        if at < end and (data[at] == 0x2B or data[at] == MINUS):
            at += 1
        first = at
        while at < end and ZERO <= data[at] <= NINE:
            at += 1
        if at == first:
            return -1
    return at


@compiled
def word(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where the literal at `at` ends (or -1), and its kind."""
    first = 0
    for word in range(len(_WORD_ENDS)):
        last = _WORD_ENDS[word]
        length = last - first
        if at + length <= end:
            i = 0
            while i < length and data[at + i] == _WORD_BYTES[first + i]:
                i += 1
            if i == length:
                return at + length, np.int64(_WORD_KINDS[word])
        first = last
    return -1, 0


@inlined
def escaped_character(data: Bytes, start: int, end: int) -> tuple[int, int]:
    r"""The character of the escape \u at `start`, and the place after it; U+FFFD for half of a pair that is alone."""
    code = hexadecimal(data, start + 2, end)
    start += 6
    if code < 0xD800 or code >= 0xE000:
        return code, start
    low = -1
    if code < 0xDC00 and start + 1 < end and data[start] == BACKSLASH and data[start + 1] == U:
        low = hexadecimal(data, start + 2, end)
    if 0xDC00 <= low < 0xE000:
        return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00), start + 6
    return REPLACEMENT, start


@inlined
def unescape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> int:
    """Write a sound string's text to `into` from `at` on, where as much room as it takes itself is enough; its end."""
    while start < end:
        byte = data[start]
        if byte != BACKSLASH:
            into[at] = byte
            at, start = at + 1, start + 1
        elif data[start + 1] != U:
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


@compiled
def not_utf8(data: Bytes, at: int, end: int) -> int:
    """Where the first byte stands from `at` on that is no UTF-8, or -1."""
    while at < end:
        after = _character(data, at, end)
        if after < 0:
            return at
        at = after
    return -1
