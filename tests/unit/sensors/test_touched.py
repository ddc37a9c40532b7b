"""When a gold run is requested, and for which event dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest

from sensors.retry import Attempt
from sensors.touched import Due, gold_request

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
FAILURE, SUCCESS, STARTED = (getattr(dg.DagsterRunStatus, name) for name in ("FAILURE", "SUCCESS", "STARTED"))


def run(status: Any, minutes: float = 60) -> Attempt:
    return Attempt(status, NOW - dt.timedelta(minutes=minutes))


def due(touched: list[str] | None, code_changed: bool = False) -> Due:
    """What is due after these event dates of the shop changed."""
    return Due(touched, frozenset() if touched == [] else frozenset(["commerce"]), code_changed)


def dates(request: dg.RunRequest | dg.SkipReason) -> list[str] | None:
    """The dates requested, or None for a skip."""
    if isinstance(request, dg.SkipReason):
        return None
    found: list[str] = request.run_config["ops"]["release"]["config"]["event_dates"]
    return found


def test_no_change_requests_no_run() -> None:
    """Gold is a function of silver: the same silver gives the same gold."""
    assert dates(gold_request(due([]), [], NOW)) is None


def test_changed_code_requests_a_run_without_dates() -> None:
    """The run itself finds out which tables to rebuild."""
    assert dates(gold_request(due([], True), [], NOW)) == []
    assert dates(gold_request(due([], True), [run(FAILURE, 0.1)], NOW)) is None


@pytest.mark.parametrize(
    ("touched", "asked"), [(["2024-05-01", "1999-12-31"], ["2024-05-01", "1999-12-31"]), (None, [])]
)
def test_the_touched_dates_are_requested(touched: list[str] | None, asked: list[str]) -> None:
    """Dates are scattered, so they are given as run config. If any date may have changed, the run finds that out."""
    assert dates(gold_request(due(touched), [], NOW)) == asked


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
    request = gold_request(due(touched, code_changed), [], NOW)
    assert isinstance(request, dg.RunRequest)
    assert {name: value for name, value in request.tags.items() if not name.startswith("dagster/")} == tags


def test_a_run_is_expected_to_build_what_the_streams_lead_to() -> None:
    """Dagster would show the checks of other models as skipped, and hide that one of them failed."""
    request = gold_request(due(["2024-05-01"]), [], NOW)
    assert isinstance(request, dg.RunRequest)
    expected = {key.path[-1] for key in request.asset_selection or ()}
    assert {"stg_commerce", "fct_events", "fct_orders", "int_as_of", "daily_active_users"} <= expected
    assert not {"stg_web", "base_snowplow_bots", "funnels"} & expected
    checked = {key.asset_key.path[-1] for key in request.asset_check_keys or ()}
    assert "fct_orders" in checked
    assert "mobile_events" not in checked, "it is only read"
    for everything in (due(None), due(["2024-05-01"], True)):
        request = gold_request(everything, [], NOW)
        assert isinstance(request, dg.RunRequest)
        assert request.asset_selection is None


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
    found = gold_request(due(["2024-05-01"]), runs, NOW)
    assert isinstance(found, dg.SkipReason)
    assert reason in (found.skip_message or "")


@pytest.mark.parametrize("runs", [[run(FAILURE, 1)], [run(SUCCESS, 0), *[run(FAILURE, 1)] * 9], [run(SUCCESS, 0)]])
def test_failures_before_a_success_do_not_count(runs: list[Attempt]) -> None:
    """Dates touched since the success are requested at once."""
    assert dates(gold_request(due(["2024-05-01"]), runs, NOW)) == ["2024-05-01"]
