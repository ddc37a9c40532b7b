"""When gold runs: a pure decision."""

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


def test_nothing_touched_asks_for_nothing() -> None:
    """Gold is a function of silver: the same silver gives the same gold."""
    assert isinstance(decide(False, [], NOW), dg.SkipReason)


def test_anything_touched_asks_for_a_run() -> None:
    """What it is the run finds out itself: more may be touched by then."""
    assert decide(True, [], NOW) == dg.RunRequest()


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
    found = decide(True, runs, NOW)
    assert isinstance(found, dg.SkipReason)
    assert reason in (found.skip_message or "")


@pytest.mark.parametrize("runs", [[run(FAILURE, 1)], [run(SUCCESS, 0), *[run(FAILURE, 1)] * 9], [run(SUCCESS, 0)]])
def test_a_success_forgives_the_failures_before_it(runs: list[Attempt]) -> None:
    """Their waits are over; what is touched since then is due at once."""
    assert decide(True, runs, NOW) == dg.RunRequest()
