"""Any value that a column can hold can be written as text."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from events.display import as_texts

UNIX = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LIMITS = (-(2**63), -62_135_596_800_000_000, 253_402_300_800_000_000, 2**63)


def instants(micros: list[int | None]) -> pl.Series:
    return pl.Series(micros, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))


@given(st.integers(LIMITS[1], LIMITS[2] - 1))
@example(LIMITS[1])
@example(LIMITS[2] - 1)
def test_a_time_that_a_calendar_has_is_a_date(micros: int) -> None:
    """The text can be compared with what was sent."""
    (text,) = as_texts(instants([micros]))
    assert dt.datetime.fromisoformat(text) == UNIX + dt.timedelta(microseconds=micros)


@given(st.one_of(st.integers(LIMITS[0], LIMITS[1] - 1), st.integers(LIMITS[2], LIMITS[3] - 1)))
@example(LIMITS[0])
@example(LIMITS[1] - 1)
@example(LIMITS[2])
@example(LIMITS[3] - 1)
def test_any_other_time_is_a_number(micros: int) -> None:
    """Writing a message must not stop an hour."""
    assert as_texts(instants([micros, None, 0])).to_list() == [
        f"{micros} microseconds from 1970", None, "1970-01-01T00:00:00+00:00",
    ]  # fmt: skip


def test_other_values_are_as_they_are_written() -> None:
    """Numbers, booleans and texts."""
    assert as_texts(pl.Series([1.5, None])).to_list() == ["1.5", None]
    assert as_texts(pl.Series(["a"])).to_list() == ["a"]
