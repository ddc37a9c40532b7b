"""Touched: request a gold run when silver or gold's code differs from what gold's last release was built from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.gold import STEP
from contracts.stream import Stream
from lake.rebuild import changed_in_silver, rebuild_vars
from lake.tables import Lake
from resources import dbt
from resources.warehouse.protocol import Warehouse, WarehouseBusy
from sensors.retry import UNFINISHED, Attempt, RequestState, latest_attempts, request_state

RECENT_RUNS = 20
TICK_LOCK_TIMEOUT_S = 1.0


def due_in_gold(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> tuple[Sequence[str] | None, bool]:
    """The event dates that gold's last release lacks (None: all), and whether gold's code has changed since.

    Raises `WarehouseBusy`.
    """
    in_gold = warehouse.snapshots_in_gold(TICK_LOCK_TIMEOUT_S)
    applied = warehouse.applied_snapshots(TICK_LOCK_TIMEOUT_S)
    facts = warehouse.release_facts(TICK_LOCK_TIMEOUT_S)
    dates = rebuild_vars(changed_in_silver(lake, streams, in_gold, applied), (), ())["event_dates"]
    return dates, bool(in_gold) and facts.get("code") != dbt.project(warehouse.profile()).version


def gold_request(
    dates: Sequence[str] | None, code_changed: bool, runs: Sequence[Attempt], now: dt.datetime
) -> dg.RunRequest | dg.SkipReason:
    """One gold run for the touched event dates (None: all), or because gold's code has changed.

    `runs` are gold's latest, newest first. While one is under way, or when one failed too recently, nothing is
    requested. A failed run has released nothing, so its dates are still touched.
    """
    if dates is not None and not dates and not code_changed:
        return dg.SkipReason("neither silver nor gold's code has changed since gold's last release")
    failed = []
    for run in runs:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failed.append(run)
    state = request_state(failed, now)
    if state is not RequestState.DUE:
        return dg.SkipReason(f"gold: {state.value}")
    config = {"ops": {STEP: {"config": {"event_dates": list(dates or [])}}}}
    return dg.RunRequest(run_config=config, tags=request_tags(dates, code_changed))


def request_tags(dates: Sequence[str] | None, code_changed: bool) -> dict[str, str]:
    """Why a gold run is requested, and for how many event dates."""
    silver_changed = dates is None or bool(dates)
    reasons = ["silver changed"] * silver_changed + ["gold's code changed"] * code_changed
    return {"reason": ", ".join(reasons), "event_dates": "all" if dates is None else str(len(dates))}


def touched_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor that requests runs of the job `gold`."""

    @dg.sensor(
        name="touched",
        description="Requests a gold run when the warehouse has rows that gold's last release lacks, or when gold's "
        "code has changed since.",
        job=job,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def touched(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.RunRequest | dg.SkipReason:
        runs = latest_attempts(context.instance, dg.RunsFilter(job_name=job.name), RECENT_RUNS)
        if any(run.status in UNFINISHED for run in runs):
            return dg.SkipReason(f"gold: {RequestState.RUNNING.value}")
        try:
            dates, code_changed = due_in_gold(lake, warehouse, streams)
        except WarehouseBusy:
            return dg.SkipReason("another process is writing to the warehouse")
        return gold_request(dates, code_changed, runs, dt.datetime.now(dt.UTC))

    return touched
