"""When a gold run is requested, and for which event dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from sensors.retry import Attempt
from sensors.touched import gold_request

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
FAILURE, SUCCESS, STARTED = (getattr(dg.DagsterRunStatus, name) for name in ("FAILURE", "SUCCESS", "STARTED"))


def run(status: Any, minutes: float = 60) -> Attempt:
    return Attempt(status, NOW - dt.timedelta(minutes=minutes))


def dates(request: dg.RunRequest | dg.SkipReason) -> list[str] | None:
    """The dates requested, or None for a skip."""
    if isinstance(request, dg.SkipReason):
        return None
    found: list[str] = request.run_config["ops"]["release"]["config"]["event_dates"]
    return found


def test_no_change_requests_no_run() -> None:
    """Gold is a function of silver: the same silver gives the same gold."""
    assert dates(gold_request([], False, [], NOW)) is None


def test_changed_code_requests_a_run_without_dates() -> None:
    """The run itself finds out which tables to rebuild."""
    assert dates(gold_request([], True, [], NOW)) == []
    assert dates(gold_request([], True, [run(FAILURE, 0.1)], NOW)) is None


@pytest.mark.parametrize(
    ("touched", "asked"), [(["2024-05-01", "1999-12-31"], ["2024-05-01", "1999-12-31"]), (None, [])]
)
def test_the_touched_dates_are_requested(touched: list[str] | None, asked: list[str]) -> None:
    """Dates are scattered, so they are given as run config. If any date may have changed, the run finds that out."""
    assert dates(gold_request(touched, False, [], NOW)) == asked


@pytest.mark.parametrize(
    ("touched", "code_changed", "tags"),
    [
        (["2024-05-01", "1999-12-31"], False, {"reason": "silver changed", "event_dates": "2"}),
        (None, False, {"reason": "silver changed", "event_dates": "all"}),
        ([], True, {"reason": "gold's code changed", "event_dates": "0"}),
        (["2024-05-01"], True, {"reason": "silver changed, gold's code changed", "event_dates": "1"}),
    ],
)
def test_a_run_says_what_it_is_for(touched: list[str] | None, code_changed: bool, tags: dict[str, str]) -> None:
    """The list of runs shows the tags."""
    request = gold_request(touched, code_changed, [], NOW)
    assert isinstance(request, dg.RunRequest)
    assert dict(request.tags) == tags


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
    """Changes that the current run does not see go to the next run. A failed run is not repeated at once."""
    found = gold_request(["2024-05-01"], False, runs, NOW)
    assert isinstance(found, dg.SkipReason)
    assert reason in (found.skip_message or "")


@pytest.mark.parametrize("runs", [[run(FAILURE, 1)], [run(SUCCESS, 0), *[run(FAILURE, 1)] * 9], [run(SUCCESS, 0)]])
def test_failures_before_a_success_do_not_count(runs: list[Attempt]) -> None:
    """Dates touched since the success are requested at once."""
    assert dates(gold_request(["2024-05-01"], False, runs, NOW)) == ["2024-05-01"]
