"""A Bloom filter of 64-bit hashes, in machine code.

Belongs here: adding hashes and testing for them. Not here: what the hashes stand for (`keys`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from events.compiled import compiled, inlined, read_only

Hashes = npt.NDArray[np.uint64]
_HASHES_PER_WORD = 4


class BloomFilter:
    """A set of hashes with false positives: about 1 % while no more than `count` hashes are added, and no false
    negatives."""

    def __init__(self, count: int) -> None:
        self.words = np.zeros(1 << max(10, (count // _HASHES_PER_WORD).bit_length()), np.uint64)

    @classmethod
    def of(cls, hashes: Hashes) -> BloomFilter:
        """A filter that contains these hashes."""
        bloom_filter = cls(len(hashes))
        bloom_filter.add(hashes)
        return bloom_filter

    def add(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """Add hashes one after the other; a mask of those that the filter may have contained already."""
        found = np.empty(len(hashes), np.bool_)
        _add(read_only(hashes), self.words, found)
        return found

    def might_contain(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """A mask of the hashes that may have been added."""
        found = np.empty(len(hashes), np.bool_)
        _might_contain(read_only(hashes), self.words, found)
        return found


@compiled
def _add(hashes: Hashes, words: Hashes, found: npt.NDArray[np.bool_]) -> None:
    mask = np.uint64(len(words) - 1)
    for row in range(len(hashes)):
        place, bits = hashes[row] >> np.uint64(18) & mask, _bits(hashes[row])
        found[row] = words[place] & bits == bits
        words[place] |= bits


@compiled
def _might_contain(hashes: Hashes, words: Hashes, found: npt.NDArray[np.bool_]) -> None:
    mask = np.uint64(len(words) - 1)
    for row in range(len(hashes)):
        bits = _bits(hashes[row])
        found[row] = words[hashes[row] >> np.uint64(18) & mask] & bits == bits


@inlined
def _bits(hash: np.uint64) -> np.uint64:
    """The bits of its word that a hash sets."""
    one, low = np.uint64(1), np.uint64(63)
    return one << (hash & low) | one << (hash >> np.uint64(6) & low) | one << (hash >> np.uint64(12) & low)
