"""A few rows for people to look at: of the hour asked for, and nothing personal."""

from __future__ import annotations

from typing import Any

import pytest

from contracts import STREAMS
from contracts.stream import Stream
from lake.preview import CHARACTERS, COLUMNS, ROWS, first_rows, shown_columns
from lake.schemas import Layer


def test_only_rows_of_the_hour_are_shown(platform: Any, shop: Any) -> None:
    """A data file may hold several hours."""
    platform.put(0, "a", [shop(f"a{i}") for i in range(3)])
    platform.put(1, "b", [shop(f"b{i}") for i in range(30)])
    platform.load(0, 1)
    named, _ = platform.judge_silver(0, 1)
    silver = platform.lake.table(Layer.SILVER, platform.stream)
    found = {n: first_rows(silver, platform.stream, named.silver, platform.hour(n)) for n in range(3)}
    assert [row["event_id"] for row in found[0]] == ["a0", "a1", "a2"]
    assert len(found[1]) == ROWS
    assert found[2] == []


def test_texts_are_cut_and_empty_columns_left_out(platform: Any, shop: Any) -> None:
    """One long value, or ten empty ones, would push the rest off the page."""
    platform.put(0, "a", [shop("1", session_id="x" * 5000), shop("2", customer={"customer_id": None})])
    platform.load(0)
    named, _ = platform.judge_silver(0)
    silver = platform.lake.table(Layer.SILVER, platform.stream)
    row, _ = first_rows(silver, platform.stream, named.silver, platform.hour(0))
    assert row["event_at"] == "2024-04-01 09:00:00"
    assert row["session_id"] == "x" * (CHARACTERS - 3) + "..."
    assert "user_id" not in row
    assert len(row) <= COLUMNS


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_no_personal_column_is_shown(stream: Stream) -> None:
    """Neither a column that is classed as personal nor one computed from it. Many people read the UI."""
    shown = shown_columns(stream)
    personal = {name for name in stream.types if stream.source_of(name)["personal"] is not None}
    assert shown[0] == "event_at"
    assert not personal.intersection(shown)
    for name in shown:
        computed = stream.source_of(name)["compute"]
        assert computed is None or not personal.intersection(computed.meta.root_names())
