"""Row counts agree with counting one row at a time."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lake.row_counts import count_rows

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2)), min_size=1, max_size=20)


@given(st.lists(ROWS, max_size=3))
def test_each_combination_is_counted(batches: list[list[tuple[str, int]]]) -> None:
    """In whatever order they come, and over all batches."""
    columns = {"text": pl.String(), "number": pl.Int64()}
    read = [pa.record_batch([*zip(*rows, strict=True)], [*columns]) for rows in batches]
    assert sorted(count_rows(read, columns).rows()) == sorted(
        (*row, count) for row, count in Counter(row for rows in batches for row in rows).items()
    )
