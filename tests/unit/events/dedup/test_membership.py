"""Exact membership against a set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.dedup.membership import exact_membership

HASHES = st.lists(st.integers(0, 9) | st.integers(0, 2**64 - 1), max_size=12)


@given(st.lists(HASHES, max_size=4), HASHES)
def test_what_is_among_them_is_told(parts: list[list[int]], asked: list[int]) -> None:
    """Every asked hash gets an answer, also repeated ones."""
    known = {value for part in parts for value in part}
    told = exact_membership(np.array(asked, np.uint64), (np.array(part, np.uint64) for part in parts))
    assert told.tolist() == [value in known for value in asked]
