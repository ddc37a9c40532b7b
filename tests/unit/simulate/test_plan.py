"""Plans: impossible values are refused, and the parts of an hour cover every index once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulate.plan import Plan, PlannedFile, Shares

START = datetime(2026, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": datetime(2026, 1, 1, 0, 30)}, "on the hour"),
        ({"start": datetime(2026, 1, 1, tzinfo=UTC)}, "naive UTC"),
        ({"hours": 0}, "hours: expected 1 or more"),
        ({"rate": -1}, "rate: expected 1 or more"),
        ({"people": -1}, "people: expected 0"),
    ],
)
def test_an_impossible_plan_says_what_was_expected(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Plan(**{"start": START, "hours": 1, "rate": 10, **arguments})


def test_a_share_is_a_fraction() -> None:
    with pytest.raises(ValueError, match="'late': expected a number from 0 to 1, found 5"):
        Shares(late=5)


@given(rate=st.integers(1, 5_000), per_file=st.integers(1, 500), count=st.integers(0, 10_000))
def test_the_parts_of_an_hour_cover_every_index_once(rate: int, per_file: int, count: int) -> None:
    plan = Plan(START, hours=1, rate=rate, events_per_file=per_file)
    indexes = [index for part in range(plan.parts) for index in PlannedFile(plan, 0, part, plan.parts).indexes(count)]
    assert indexes == list(range(count))
