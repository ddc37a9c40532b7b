"""Which rows break a rule, and which columns a check reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandera.errors
import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import STREAMS
from contracts.rules import broken, looked_at

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
    """Also if the check names none of them: a column that is not read cannot be judged."""
    assert looked_at(pa.Check(lambda data: said(data.lazyframe)), TYPES) == columns


class Odd(pa.DataFrameModel):
    """A model with rules that no contract has."""

    number: float = pa.Field(nullable=False, lt=5.0)
    text: str = pa.Field(nullable=True, str_startswith="p", ignore_na=False)
    other: int = pa.Field(nullable=True, isin=[0, 1])

    @pa.check("other", name="by element", element_wise=True)
    def even(cls, value: int) -> bool:
        return value % 2 == 0

    @pa.dataframe_check(name="two answers a row")
    def both(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col("number") > 0, pl.col("text").is_not_null())


def values_of(dtype: pl.DataType) -> st.SearchStrategy[Any]:
    if isinstance(dtype, pl.List):
        return st.none() | st.lists(values_of(dtype.inner), max_size=2)  # type: ignore[arg-type]
    if isinstance(dtype, pl.Struct):
        return st.fixed_dictionaries({item.name: values_of(item.dtype) for item in dtype.fields})  # type: ignore[arg-type]
    if dtype == pl.String:
        return st.sampled_from(
            [None, "", "p", "purchase", "page_view", "page_ping", "search", "EUR", "order_completed"]
        )
    if dtype == pl.Boolean:
        return st.sampled_from([None, True, False])
    if dtype.is_temporal():
        return st.sampled_from([None, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)])
    if dtype.is_decimal():
        return st.sampled_from([None, Decimal(-1), Decimal(0), Decimal(7)])
    numbers = [None, -1, 0, 1, 2, 1_000]
    return st.sampled_from([*map(float, numbers[1:]), None, float("nan")] if dtype.is_float() else numbers)


def found_by_pandera(schema: pa.DataFrameSchema, rows: pl.DataFrame) -> set[tuple[str, str | None, int]]:
    try:
        schema.validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        column = pl.when(pl.col("schema_context") == "Column").then(pl.col("column"))
        return set(errors.failure_cases.select("check", column, "index").iter_rows())
    return set()


def types_of(schema: pa.DataFrameSchema) -> dict[str, Any]:
    return {name: spec.dtype.type for name, spec in schema.columns.items()}


@pytest.mark.parametrize(
    ("rules", "schema"),
    [*((stream.rules, stream.schema) for stream in STREAMS), (Odd.to_schema(), Odd.to_schema())],
    ids=[*(stream.name for stream in STREAMS), "odd"],
)
@settings(max_examples=30)
@given(data=st.data())
def test_what_is_found_is_what_pandera_finds(
    rules: pa.DataFrameSchema, schema: pa.DataFrameSchema, data: st.DataObject
) -> None:
    """Our checks must find the same rows as pandera's own validation."""
    one = st.fixed_dictionaries({name: values_of(dtype) for name, dtype in types_of(schema).items()})
    frame = pl.DataFrame(data.draw(st.lists(one, min_size=1, max_size=4)), types_of(schema))
    found = {(each.rule, each.column, row) for each in broken(rules, frame) for row in each.rows.arg_true()}
    assert found == found_by_pandera(schema, frame)


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (lambda rows: rows.select(pl.len() < 2), "has 1 answers for 2 rows"),
        (lambda rows: rows.select(pl.col("gone")), 'fails: .*"gone"'),
    ],
)
def test_a_check_that_does_not_answer_row_by_row_is_an_error(
    said: Callable[[pl.LazyFrame], pl.LazyFrame], what: str
) -> None:
    """Nobody could tell which rows such a check means; the error names the contract and the check."""
    schema = pa.DataFrameSchema(checks=pa.Check(lambda data: said(data.lazyframe), error="few"), name="shop")
    with pytest.raises(ValueError, match=f"contract 'shop': check 'few' {what}"):
        [*broken(schema, pl.DataFrame({"text": ["a", "b"]}))]
