"""Check UTF-8 in machine code: shortest forms only, no surrogates, nothing above U+10FFFF."""

from __future__ import annotations

from events.array_types import Bytes
from events.compiled import compiled


@compiled
def character_end(data: Bytes, at: int, end: int) -> int:
    """The position after the UTF-8 character at `at`, or -1 if there is none."""
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
def first_invalid(data: Bytes, at: int, end: int) -> int:
    """The first position from `at` on whose byte is not valid UTF-8, or -1."""
    while at < end:
        after = character_end(data, at, end)
        if after < 0:
            return at
        at = after
    return -1
