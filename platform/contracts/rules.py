"""Run pandera's checks one by one, and inspect what a check computes.

Belongs here: which rows break which rule, the plan behind a check, the columns that it reads. Not here: what happens to
rows that break a rule (`events.conform`, `assets.checks`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandera.polars as pa
import polars as pl

REQUIRED = "not_nullable"
WHOLE = pl.Config(fmt_table_cell_list_len=-1, fmt_str_lengths=10_000, apply_on_context_enter=True)


class Broken(NamedTuple):
    """A rule by pandera's name, its column (None for a rule on several), and a mask of the rows that break it."""

    rule: str
    column: str | None
    rows: pl.Series


def broken(schema: pa.DataFrameSchema, rows: pl.DataFrame) -> Iterator[Broken]:
    """The rules that rows of the right types break, as `schema.validate(rows, lazy=True)` finds them.

    It takes a sixth of the time, because no report of all failing values is made. Raises `ValueError`, with the
    contract and the check, for a check that fails or does not answer for each row.
    """
    for name, spec in schema.columns.items():
        if not spec.nullable and (missing := _missing(rows[name])).any():
            yield Broken(REQUIRED, name, missing)
        yield from _failed(schema, spec.checks, rows, name)
    yield from _failed(schema, schema.checks, rows)


def _missing(values: pl.Series) -> pl.Series:
    return values.is_null() | values.is_nan() if values.dtype.is_float() else values.is_null()


def _failed(
    schema: pa.DataFrameSchema, checks: list[pa.Check], rows: pl.DataFrame, name: str | None = None
) -> Iterator[Broken]:
    for check in checks:
        rule = str(check.error or check.name)
        try:
            passed = check(rows.lazy(), name).check_output.collect().to_series()
        except Exception as error:
            raise ValueError(f"contract {schema.name!r}: check {rule!r} fails: {error}") from error
        if len(passed) != len(rows):
            raise ValueError(f"contract {schema.name!r}: check {rule!r} has {len(passed)} answers for {len(rows)} rows")
        if not passed.all():
            yield Broken(rule, name, ~passed)


def plan(check: pa.Check, types: Mapping[str, pl.DataType], name: str = "*") -> str:
    """What a check computes, as Polars' query plan in text; `name` is the column that the check is about."""
    empty = pl.LazyFrame(schema=types)
    with WHOLE:
        text: str = check._check_fn(pa.PolarsData(empty, name)).explain(optimized=False)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("DF "))


def looked_at(check: pa.Check, types: Mapping[str, pl.DataType]) -> set[str]:
    """The columns that a check of several columns reads. Without one of them the check fails or computes another
    result."""
    whole = plan(check, types)
    return {name for name in types if _without(check, types, name) != whole}


def _without(check: pa.Check, types: Mapping[str, pl.DataType], name: str) -> str | None:
    try:
        return plan(check, {other: dtype for other, dtype in types.items() if other != name})
    except pl.exceptions.ColumnNotFoundError:
        return None
