"""Text: columns are written as a standard library would write each value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from simulate import text


@given(st.lists(st.integers(0, 10**9), min_size=1))
def test_money_is_what_json_writes(cents: list[int]) -> None:
    written = pl.DataFrame({"cents": cents}).select(text.money(pl.col("cents"))).to_series()
    assert written.to_list() == [json.dumps(value / 100) for value in cents]


@given(st.lists(st.integers(-(10**12), 4 * 10**12), min_size=1, max_size=5))
def test_timestamps_are_iso_8601(at: list[int]) -> None:
    frame = pl.DataFrame({"at": at})
    written = text.timestamps(frame["at"], pl.lit("T"), pl.lit("Z"), frame)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [(epoch + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds") for ms in at]
    assert written.to_list() == [value.replace("+00:00", "Z") for value in expected]


def test_templates_are_filled_from_columns_by_name() -> None:
    frame = pl.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    assert frame.select(text.fill('{"<a>": <b>, "<" : "<a>"}')).to_series().to_list() == [
        '{"x": 1, "<" : "x"}',
        '{"y": 2, "<" : "y"}',
    ]
