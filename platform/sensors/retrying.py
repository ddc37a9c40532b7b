"""When a request that failed may be made again. A pure function of what the instance knows of its runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import dagster as dg

FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
UNFINISHED = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


class Standing(Enum):
    """What to do about a request that was made before."""

    DONE = "it succeeded"
    UNDER_WAY = "a run of it is under way"
    WAIT = "its last run failed, and it is too soon to try again"
    TRY = "it may be tried"


@dataclass(frozen=True)
class Attempt:
    """One run of a request: how it stands, and when it last changed."""

    status: dg.DagsterRunStatus
    at: dt.datetime


def standing(attempts: Sequence[Attempt], now: dt.datetime) -> Standing:
    """How a request stands after some attempts, in any order; failed ones are repeated ever more slowly."""
    if any(attempt.status in UNFINISHED for attempt in attempts):
        return Standing.UNDER_WAY
    if any(attempt.status is dg.DagsterRunStatus.SUCCESS for attempt in attempts):
        return Standing.DONE
    if not attempts:
        return Standing.TRY
    wait = min(FIRST_WAIT * 2 ** min(len(attempts) - 1, 16), LONGEST_WAIT)
    return Standing.TRY if now - max(attempt.at for attempt in attempts) >= wait else Standing.WAIT


def attempts(instance: dg.DagsterInstance, filters: dg.RunsFilter, limit: int = 20) -> list[Attempt]:
    """The latest runs that match, as attempts."""
    return [
        Attempt(record.dagster_run.status, record.update_timestamp)
        for record in instance.get_run_records(filters, limit=limit)
    ]
