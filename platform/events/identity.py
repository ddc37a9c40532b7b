"""Identity: which records there are, by landed object (file and version) and line, as one number.

Belongs here: the number, in machine code. Not here: what is compared by it (`assets.checks`).
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from events.compiled import compiled, inlined, read_only

DIGESTS = 2**64  # there are so many, and sums of them are taken modulo that
_Codes = npt.NDArray[np.int32]
_Words = npt.NDArray[np.uint64]


def digest_of(files: pa.DictionaryArray, versions: pa.DictionaryArray, lines: pa.Int64Array) -> int:
    """The sum of 64-bit hashes of (file, version, line), a row each.

    It is equal for equal multisets, and for different ones with a chance of 2^-64.
    """
    (of_files, files_at), (of_versions, versions_at) = _coded(files), _coded(versions)
    return int(_summed(of_files, files_at, of_versions, versions_at, read_only(lines.to_numpy())))


def _coded(texts: pa.DictionaryArray) -> tuple[_Words, _Codes]:
    """A hash of each text that there is, and where each row's is; few differ."""
    hashes = np.array([*map(_seed, texts.dictionary.to_pylist())], np.uint64)
    return read_only(hashes), read_only(texts.indices.to_numpy())


@lru_cache(maxsize=10_000)
def _seed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


@compiled
def _summed(
    of_files: _Words, files: _Codes, of_versions: _Words, versions: _Codes, lines: npt.NDArray[np.int64]
) -> np.uint64:
    total = np.uint64(0)
    for row in range(len(lines)):
        landed = _mixed(of_files[files[row]] + np.uint64(3) * of_versions[versions[row]])
        total += _mixed(landed + np.uint64(lines[row]) * np.uint64(0x9E3779B97F4A7C15))
    return total


@inlined
def _mixed(word: np.uint64) -> np.uint64:
    """A permutation of all words, in which those that were near are far apart (SplitMix64's)."""
    word = (word ^ word >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ word >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return word ^ word >> np.uint64(31)
