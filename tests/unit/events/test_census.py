"""The census against counting: a repeated key that it overlooked would be two rows of one event in silver for good."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.census import Census

HASHES = st.lists(st.integers(0, 9) | st.integers(0, 2**64 - 1), max_size=12)
PARTS = st.lists(HASHES, max_size=4)


def array(hashes: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(hashes, np.uint64)


@given(PARTS, st.integers(1, 20))
def test_what_occurs_more_than_once_is_found(parts: list[list[int]], at_once: int) -> None:
    """Within a part and across them, whether all can be sorted at once or not; nothing else is."""
    census = Census(lambda: map(array, parts), at_once)
    counts = Counter(hash for part in parts for hash in part)
    assert set(census.repeated().tolist()) == {hash for hash, count in counts.items() if count > 1}


@given(PARTS, HASHES)
def test_what_is_among_them_is_told(parts: list[list[int]], asked: list[int]) -> None:
    """Each of those asked for, as often as it is; the sieve keeps all that are."""
    census = Census(lambda: map(array, parts))
    known = {hash for part in parts for hash in part}
    told = census.holds(array(asked))
    assert told.tolist() == [hash in known for hash in asked]
    assert census.sieve().keeps(array(asked))[told].all()
