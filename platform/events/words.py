"""Read and copy a byte buffer eight bytes at a time.

Belongs here: the overlapping word view, and the constants for testing all bytes of a word at once. Not here: what is
searched for (`line_breaks`, `json`).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import as_strided

from events.array_types import Bytes, Words
from events.compiled import inlined

ONES = np.uint64(0x0101010101010101)  # the lowest bit of each byte; times a byte, that byte eight times
HIGHS = ONES * np.uint64(0x80)  # the highest bit of each byte


def words_of(data: Bytes) -> Words:
    """A view whose element `i` is the eight bytes `data[i : i + 8]`; empty for fewer than eight bytes."""
    return as_strided(data[: len(data) // 8 * 8].view(np.uint64), (max(len(data) - 7, 0),), (1,))


@inlined
def copy_bytes(data: Bytes, words: Words, start: int, end: int, into: Bytes, into_words: Words, at: int) -> int:
    """Copy `data[start:end]` to `into` from `at` on; return the end of the copy."""
    while start + 8 <= end:
        into_words[at] = words[start]
        start, at = start + 8, at + 8
    while start < end:
        into[at] = data[start]
        start, at = start + 1, at + 1
    return at
