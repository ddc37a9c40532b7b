"""Row identity: a digest of the records behind some rows, by landed object (file and version) and line.

Belongs here: the digest, in machine code. Not here: what is compared by it (`lake.hour_counts`, `assets.checks`).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from events.compiled import compiled, inlined, read_only

DIGESTS = 2**64  # sums of digests are taken modulo this
_Codes = npt.NDArray[np.int32]
_Words = npt.NDArray[np.uint64]


def identity_digest(files: pa.DictionaryArray, versions: pa.DictionaryArray, lines: pa.Int64Array) -> int:
    """The sum, modulo `DIGESTS`, of a 64-bit hash of each row's (file, version, line).

    Equal for equal multisets of rows; for different ones with a chance of 2^-64. Digests of parts can be added.
    """
    (file_hashes, file_codes), (version_hashes, version_codes) = _hashed(files), _hashed(versions)
    return int(_summed(file_hashes, file_codes, version_hashes, version_codes, read_only(lines.to_numpy())))


def _hashed(texts: pa.DictionaryArray) -> tuple[_Words, _Codes]:
    """The hashes of the dictionary's texts, and each row's index in them."""
    hashes = np.array([*map(_text_hash, texts.dictionary.to_pylist())], np.uint64)
    return read_only(hashes), read_only(texts.indices.to_numpy())


@lru_cache(maxsize=10_000)
def _text_hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


@compiled
def _summed(
    file_hashes: _Words, files: _Codes, version_hashes: _Words, versions: _Codes, lines: npt.NDArray[np.int64]
) -> np.uint64:
    total = np.uint64(0)
    for row in range(len(lines)):
        landed = _mixed(file_hashes[files[row]] + np.uint64(3) * version_hashes[versions[row]])
        total += _mixed(landed + np.uint64(lines[row]) * np.uint64(0x9E3779B97F4A7C15))
    return total


@inlined
def _mixed(word: np.uint64) -> np.uint64:
    """A permutation of all words that sends near ones far apart (SplitMix64's)."""
    word = (word ^ word >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ word >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return word ^ word >> np.uint64(31)
