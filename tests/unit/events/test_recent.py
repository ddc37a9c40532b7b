"""Recent hashes against a set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from events.recent import Recent

HASHES = st.one_of(st.integers(0, 20), st.integers(0, 2**64 - 1)).map(lambda value: value | 1)


@given(st.lists(st.lists(HASHES, max_size=60), max_size=5))
def test_what_came_before_is_known(calls: list[list[int]]) -> None:
    """In the same call or in an earlier one."""
    recent, seen = Recent(), set[int]()
    for call in calls:
        expected = []
        for value in call:
            expected.append(value in seen)
            seen.add(value)
        assert recent.again(np.array(call, np.uint64)).tolist() == expected


def test_it_grows_up_to_its_bound_and_forgets_nothing() -> None:
    """Beyond the bound nothing more is remembered, so that memory stays what it is; what was stays known."""
    recent = Recent(most=1 << 18)
    hashes = np.random.default_rng(0).integers(0, 2**64, 1 << 18, np.uint64) | np.uint64(1)
    assert not recent.again(hashes[: 1 << 16]).any()
    assert not recent.again(hashes[1 << 16 :]).any()
    known = recent.again(hashes)
    assert known[: 1 << 17].all()
    assert not known[1 << 17 :].any()
    assert len(recent.slots) == 1 << 18
