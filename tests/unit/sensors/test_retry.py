"""When a request whose runs failed is made again."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from sensors.retry import FIRST_WAIT, LONGEST_WAIT, NOT_BEGUN, UNFINISHED, Attempt, RequestState, request_state

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
CANCELED = dg.DagsterRunStatus.CANCELED


def attempt(status: dg.DagsterRunStatus, ago: dt.timedelta = dt.timedelta(0)) -> Attempt:
    return Attempt(status, NOW - ago)


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_request_waits_for_its_run(status: dg.DagsterRunStatus) -> None:
    """A second run would do the same work again, after waiting for the first one."""
    expected = RequestState.QUEUED if status in NOT_BEGUN else RequestState.RUNNING
    assert request_state([attempt(FAILURE, 2 * LONGEST_WAIT), attempt(status)], NOW) is expected


def test_a_request_that_succeeded_is_not_repeated() -> None:
    """Even when another run of it failed, before or after."""
    assert request_state([attempt(FAILURE, 2 * LONGEST_WAIT), attempt(SUCCESS)], NOW) is RequestState.SUCCEEDED


def test_a_request_without_runs_is_due() -> None:
    """It was never made, or its run was deleted."""
    assert request_state([], NOW) is RequestState.DUE


@pytest.mark.parametrize("status", [FAILURE, CANCELED])
@pytest.mark.parametrize("failures", [1, 2, 5, 8, 20, 1000])
def test_the_wait_grows_with_every_failure(status: dg.DagsterRunStatus, failures: int) -> None:
    """A broken warehouse must not cause a run every five seconds. Retries never stop either."""
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 20), LONGEST_WAIT)
    runs = [attempt(status, wait + dt.timedelta(hours=n)) for n in range(failures)]
    assert request_state(runs, NOW) is RequestState.DUE
    assert request_state(runs[::-1], NOW - dt.timedelta(microseconds=1)) is RequestState.WAITING
