"""Touched: request a gold run when silver or gold's code differs from what gold's last release was built from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from assets.gold import STEP
from assets.gold_translator import asset_key, built_nodes, check_keys, streams_of, with_partitioned_parents
from contracts.stream import Stream
from lake.rebuild import changed_streams, rebuild_vars, union
from lake.tables import Lake
from resources import dbt
from resources.warehouse.protocol import Warehouse, WarehouseBusy
from sensors.priority import GOLD
from sensors.retry import UNFINISHED, Attempt, RequestState, latest_attempts, request_state

RECENT_RUNS = 20
TICK_LOCK_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Due:
    """What gold's last release lacks: event dates (None: all), rows of these streams, changes of gold's code."""

    dates: Sequence[str] | None
    streams: frozenset[str]
    code_changed: bool


def due_in_gold(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> Due:
    """What gold's last release lacks. Raises `WarehouseBusy`."""
    in_gold = warehouse.snapshots_in_gold(TICK_LOCK_TIMEOUT_S)
    applied = warehouse.applied_snapshots(TICK_LOCK_TIMEOUT_S)
    facts = warehouse.release_facts(TICK_LOCK_TIMEOUT_S)
    changes = changed_streams(lake, streams, in_gold, applied)
    dates = rebuild_vars(union(changes.values()), (), ())["event_dates"]
    code_changed = bool(in_gold) and facts.get("code") != dbt.project(warehouse.profile()).version
    return Due(dates, frozenset(changes), code_changed)


def gold_request(due: Due, runs: Sequence[Attempt], now: dt.datetime) -> dg.RunRequest | dg.SkipReason:
    """One gold run for what is due.

    `runs` are gold's latest, newest first. While one is under way, or when one failed too recently, nothing is
    requested. A failed run has released nothing, so its dates are still touched.
    """
    if not due.streams and not due.code_changed:
        return dg.SkipReason("neither silver nor gold's code has changed since gold's last release")
    failed = []
    for run in runs:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failed.append(run)
    state = request_state(failed, now)
    if state is not RequestState.DUE:
        return dg.SkipReason(f"gold: {state.value}")
    config = {"event_dates": list(due.dates or []), "catch_up": True}
    tags = {**request_tags(due.dates, due.code_changed), **GOLD}
    run_config = {"ops": {STEP: {"config": config}}}
    if due.code_changed or due.dates is None:
        return dg.RunRequest(run_config=run_config, tags=tags)
    # Dagster then expects only these models and checks. Other checks keep their last result.
    nodes = [name for name in built_nodes() if streams_of(name) & due.streams]
    selection = [asset_key(name) for name in with_partitioned_parents(nodes)]
    return dg.RunRequest(
        run_config=run_config, tags=tags, asset_selection=selection, asset_check_keys=check_keys(nodes)
    )


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
            due = due_in_gold(lake, warehouse, streams)
        except WarehouseBusy:
            return dg.SkipReason("another process is writing to the warehouse")
        return gold_request(due, runs, dt.datetime.now(dt.UTC))

    return touched
