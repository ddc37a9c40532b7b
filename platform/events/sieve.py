"""Sieve: which of very many hashes may be among some, without a look at these.

Belongs here: a Bloom filter of 64-bit hashes in machine code. Not here: whose hashes they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from events.compiled import compiled, read_only
from events.recent import Hashes

_HASHES_PER_WORD = 4


class Sieve:
    """A hash that was added is always kept; another with a chance of about 1 %, if no more than `count` were added."""

    def __init__(self, count: int) -> None:
        self.words = np.zeros(1 << max(10, (count // _HASHES_PER_WORD).bit_length()), np.uint64)

    @classmethod
    def of(cls, hashes: Hashes) -> Sieve:
        """One that keeps these."""
        sieve = cls(len(hashes))
        sieve.add(hashes)
        return sieve

    def add(self, hashes: Hashes) -> None:
        _add(read_only(hashes), self.words)

    def keeps(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Which hashes may have been added."""
        found = np.empty(len(hashes), np.bool_)
        _keeps(read_only(hashes), self.words, found)
        return found


@compiled
def _add(hashes: Hashes, words: Hashes) -> None:
    mask = np.uint64(len(words) - 1)
    for hash in hashes:
        words[hash >> np.uint64(18) & mask] |= (
            np.uint64(1) << (hash & np.uint64(63))
            | np.uint64(1) << (hash >> np.uint64(6) & np.uint64(63))
            | np.uint64(1) << (hash >> np.uint64(12) & np.uint64(63))
        )


@compiled
def _keeps(hashes: Hashes, words: Hashes, found: npt.NDArray[np.bool_]) -> None:
    mask = np.uint64(len(words) - 1)
    for row in range(len(hashes)):
        hash = hashes[row]
        word = words[hash >> np.uint64(18) & mask]
        bits = word >> (hash & np.uint64(63)) & word >> (hash >> np.uint64(6) & np.uint64(63))
        found[row] = bits & word >> (hash >> np.uint64(12) & np.uint64(63)) & np.uint64(1)
