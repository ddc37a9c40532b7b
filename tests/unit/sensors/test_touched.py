"""When gold runs, and for which event dates: a pure decision."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from sensors.retrying import Attempt
from sensors.touched import decide

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
FAILURE, SUCCESS, STARTED = (getattr(dg.DagsterRunStatus, name) for name in ("FAILURE", "SUCCESS", "STARTED"))


def run(status: Any, minutes: float = 60) -> Attempt:
    return Attempt(status, NOW - dt.timedelta(minutes=minutes))


def dates(request: dg.RunRequest | dg.SkipReason) -> list[str] | None:
    """The dates asked for, or None for a skip."""
    if isinstance(request, dg.SkipReason):
        return None
    found: list[str] = request.run_config["ops"]["release"]["config"]["event_dates"]
    return found


def test_nothing_touched_asks_for_nothing() -> None:
    """Gold is a function of silver: the same silver gives the same gold."""
    assert dates(decide([], False, [], NOW)) is None


def test_other_code_asks_for_a_run_without_dates() -> None:
    """Which tables are to be made anew the run finds out itself."""
    assert dates(decide([], True, [], NOW)) == []
    assert dates(decide([], True, [run(FAILURE, 0.1)], NOW)) is None


@pytest.mark.parametrize(
    ("touched", "asked"), [(["2024-05-01", "1999-12-31"], ["2024-05-01", "1999-12-31"]), (None, [])]
)
def test_the_touched_dates_are_asked_for(touched: list[str] | None, asked: list[str]) -> None:
    """Dates are scattered, so they go as config; where all may have changed the run finds that out itself."""
    assert dates(decide(touched, False, [], NOW)) == asked


@pytest.mark.parametrize(
    ("runs", "reason"),
    [
        ([run(STARTED)], "under way"),
        ([run(STARTED), run(SUCCESS)], "under way"),
        ([run(FAILURE, 0.1)], "too soon"),
        ([run(FAILURE, 0.9), run(FAILURE, 5)], "too soon"),
    ],
)
def test_gold_waits_for_its_last_run(runs: list[Attempt], reason: str) -> None:
    """What a run under way does not see, the next one gets; a failed one is not repeated at once."""
    found = decide(["2024-05-01"], False, runs, NOW)
    assert isinstance(found, dg.SkipReason)
    assert reason in (found.skip_message or "")


@pytest.mark.parametrize("runs", [[run(FAILURE, 1)], [run(SUCCESS, 0), *[run(FAILURE, 1)] * 9], [run(SUCCESS, 0)]])
def test_a_success_forgives_the_failures_before_it(runs: list[Attempt]) -> None:
    """Their waits are over; dates touched since then are due at once."""
    assert dates(decide(["2024-05-01"], False, runs, NOW)) == ["2024-05-01"]
