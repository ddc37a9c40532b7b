"""Exact membership: which hashes are in a very large set that arrives in parts.

Belongs here: the answer, in bounded memory. Not here: what the hashes stand for (`keys`), where the parts come from.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from events.dedup.bloom_filter import BloomFilter, Hashes


def exact_membership(hashes: Hashes, parts: Iterable[Hashes]) -> npt.NDArray[np.bool_]:
    """A mask of the hashes that are in at least one of the parts. Without hashes no part is read."""
    unique, places = np.unique(hashes, return_inverse=True)
    bloom_filter, found = BloomFilter.of(unique), np.zeros(len(unique), np.bool_)
    for part in parts if len(unique) else ():
        likely = part[bloom_filter.might_contain(part)]
        near = np.searchsorted(unique[:-1], likely)
        found[near[unique[near] == likely]] = True
    return found[places]
