"""When a request that failed may be made again."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import pytest

from sensors.retrying import FIRST_WAIT, LONGEST_WAIT, UNFINISHED, Attempt, Standing, standing

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS
CANCELED = dg.DagsterRunStatus.CANCELED


def attempt(status: dg.DagsterRunStatus, ago: dt.timedelta = dt.timedelta(0)) -> Attempt:
    return Attempt(status, NOW - ago)


@pytest.mark.parametrize("status", UNFINISHED)
def test_a_run_under_way_is_waited_for(status: dg.DagsterRunStatus) -> None:
    """Two runs of one request would do the work twice, and one of them wait for the other."""
    assert standing([attempt(FAILURE, 2 * LONGEST_WAIT), attempt(status)], NOW) is Standing.UNDER_WAY


def test_success_is_the_end_of_it() -> None:
    """Also when a run before or after it failed."""
    assert standing([attempt(FAILURE, 2 * LONGEST_WAIT), attempt(SUCCESS)], NOW) is Standing.DONE


def test_what_was_never_tried_may_be_tried() -> None:
    """A request whose run was deleted is one without attempts."""
    assert standing([], NOW) is Standing.TRY


@pytest.mark.parametrize("status", [FAILURE, CANCELED])
@pytest.mark.parametrize("failures", [1, 2, 5, 8, 20, 1000])
def test_failures_are_repeated_ever_more_slowly(status: dg.DagsterRunStatus, failures: int) -> None:
    """A broken warehouse must not be met with a run every five seconds, nor be given up on."""
    wait = min(FIRST_WAIT * 2 ** min(failures - 1, 20), LONGEST_WAIT)
    runs = [attempt(status, wait + dt.timedelta(hours=n)) for n in range(failures)]
    assert standing(runs, NOW) is Standing.TRY
    assert standing(runs[::-1], NOW - dt.timedelta(microseconds=1)) is Standing.WAIT
