"""Census: which of some hashes are among very many, which are looked through part by part.

Belongs here: the answer, in bounded memory. Not here: whose hashes they are (`dedup`), where the parts lie.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from events.dedup.bloom_filter import BloomFilter, Hashes


def exact_membership(hashes: Hashes, parts: Iterable[Hashes]) -> npt.NDArray[np.bool_]:
    """Which of the hashes are in one of the parts."""
    asked, places = np.unique(hashes, return_inverse=True)
    bloom_filter, found = BloomFilter.of(asked), np.zeros(len(asked), np.bool_)
    for part in parts if len(asked) else ():
        likely = part[bloom_filter.might_contain(part)]
        near = np.searchsorted(asked[:-1], likely)
        found[near[asked[near] == likely]] = True
    return found[places]
