"""The Bloom filter against a set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.dedup.bloom_filter import BloomFilter

HASHES = st.lists(st.integers(0, 2**64 - 1), max_size=60)


@given(st.lists(HASHES, max_size=3), HASHES)
def test_what_was_added_is_kept(added: list[list[int]], others: list[int]) -> None:
    """An overlooked stored key would leave two rows of one event in silver for good."""
    bloom_filter = BloomFilter(sum(map(len, added)))
    for number, hashes in enumerate(added):
        before = {value for earlier in added[:number] for value in earlier}
        again = [value in before or value in hashes[:place] for place, value in enumerate(hashes)]
        assert bloom_filter.add(np.array(hashes, np.uint64))[again].all(), "what comes again is told"
    known = {value for hashes in added for value in hashes}
    asked = np.array([*known, *others], np.uint64)
    assert bloom_filter.might_contain(asked)[: len(known)].all()


def test_few_others_are() -> None:
    """For any number of added hashes up to the number it was made for."""
    every = np.random.default_rng(0).integers(0, 2**64, 600_000, np.uint64)
    for count in (5_000, 100_000, 262_143):
        bloom_filter = BloomFilter(count)
        bloom_filter.add(every[:count])
        assert bloom_filter.might_contain(every[:count]).all()
        assert bloom_filter.might_contain(every[count:]).mean() < 0.02
