"""The digest of a set of records, compared with the records themselves."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from events.row_identity import DIGESTS, identity_digest

ROWS = st.lists(st.tuples(st.sampled_from("fg"), st.sampled_from("vw"), st.integers(1, 3)), max_size=6)


def digest(rows: list[tuple[str, str, int]]) -> int:
    files, versions, lines = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    coded = (pa.array(texts, pa.large_string()).dictionary_encode() for texts in (files, versions))
    return identity_digest(*coded, pa.array(lines, pa.int64()))


@given(ROWS, ROWS)
def test_equal_rows_have_equal_digests_and_others_do_not(one: list[Any], other: list[Any]) -> None:
    """Order does not matter, and a repeated row counts twice."""
    assert digest(one) == digest(one[::-1])
    assert (digest(one) == digest(other)) == (sorted(one) == sorted(other))
    half = len(one) // 2
    assert (digest(one[:half]) + digest(one[half:])) % DIGESTS == digest(one)
