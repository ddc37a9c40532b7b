"""Retry: when to repeat a request whose runs failed, as a pure function of these runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import dagster as dg

FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
NOT_BEGUN = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING)
UNFINISHED = (*NOT_BEGUN, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


class RequestState(Enum):
    """What became of a request."""

    SUCCEEDED = "a run succeeded"
    QUEUED = "a run waits to begin"
    RUNNING = "a run is under way"
    WAITING = "the last run failed, and it is too soon to try again"
    DUE = "a run can be requested"


@dataclass(frozen=True)
class Attempt:
    """One run for a request: its status, and when that last changed."""

    status: dg.DagsterRunStatus
    at: dt.datetime


def request_state(attempts: Sequence[Attempt], now: dt.datetime) -> RequestState:
    """The state of a request after some attempts, in any order. The wait doubles with every failure."""
    if any(attempt.status in NOT_BEGUN for attempt in attempts):
        return RequestState.QUEUED
    if any(attempt.status in UNFINISHED for attempt in attempts):
        return RequestState.RUNNING
    if any(attempt.status is dg.DagsterRunStatus.SUCCESS for attempt in attempts):
        return RequestState.SUCCEEDED
    if not attempts:
        return RequestState.DUE
    wait = min(FIRST_WAIT * 2 ** min(len(attempts) - 1, 16), LONGEST_WAIT)
    return RequestState.DUE if now - max(attempt.at for attempt in attempts) >= wait else RequestState.WAITING


def latest_attempts(instance: dg.DagsterInstance, filters: dg.RunsFilter, limit: int = 20) -> list[Attempt]:
    """The latest runs that match the filters, newest first."""
    return [
        Attempt(record.dagster_run.status, record.update_timestamp)
        for record in instance.get_run_records(filters, limit=limit)
    ]
