"""Keys have one hash, whether it is computed from a frame or from a file's bytes."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.dedup.keys import hashes_of, key_hashes
from partitions import EPOCH_DATE


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=9), st.dates(), st.integers(0, 3))
def test_a_key_has_one_hash(keys: list[bytes], scope: dt.date, first: int) -> None:
    """A look-up compares hashes of stored keys with hashes of new ones, which are computed in different ways."""
    frame = pl.DataFrame({"_key": keys, "_scope": [scope] * len(keys)}, {"_key": pl.Binary, "_scope": pl.Date})
    expected = hashes_of(frame).tolist()
    for kind in (pa.binary(), pa.large_binary()):
        asked = pa.array(keys, kind).slice(first)
        day = np.int64((scope - EPOCH_DATE).days)
        for days in (day, np.full(len(asked), day)):
            assert key_hashes(asked, days).tolist() == expected[first:]


@pytest.mark.parametrize("keys", [[None, b"0" * 16], [b"0" * 15], [b"0" * 15, b"0" * 17]])
def test_a_key_of_another_length_has_no_hash(keys: list[bytes | None]) -> None:
    """Bytes are read in place, so one short key would shift all others."""
    with pytest.raises(ValueError, match="have 16 bytes"):
        key_hashes(pa.array(keys, pa.binary()), np.int64(0))
