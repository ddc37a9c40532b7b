"""Rules: the columns that a check looks at."""

from __future__ import annotations

from collections.abc import Callable

import pandera.polars as pa
import polars as pl
import pytest

from contracts.rules import looked_at

TYPES = {"number": pl.Int64(), "text": pl.String(), "other": pl.Int64()}


@pytest.mark.parametrize(
    ("said", "columns"),
    [
        (lambda rows: rows.select(pl.col("number") > pl.col("other")), {"number", "other"}),
        (lambda rows: rows.select(pl.all_horizontal(pl.all().is_not_null())), {"number", "text", "other"}),
        (lambda rows: rows.select(pl.lit(True)), set[str]()),
    ],
)
def test_a_check_looks_at_the_columns_that_it_cannot_do_without(
    said: Callable[[pl.LazyFrame], pl.LazyFrame], columns: set[str]
) -> None:
    """Also where it names none of them: what is not read cannot be judged."""
    assert looked_at(pa.Check(lambda data: said(data.lazyframe)), TYPES) == columns
