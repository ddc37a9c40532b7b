"""Touched: silver that has changed since gold's last release asks for a gold run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.gold import touched_silver
from contracts.stream import Stream
from resources.lake import Lake
from resources.warehouse.protocol import Warehouse, WarehouseBusy
from sensors.retrying import UNFINISHED, Attempt, Standing, attempts, standing

TRIES = 20
PATIENCE_S = 1.0


def decide(touched: bool, runs: Sequence[Attempt], now: dt.datetime) -> dg.RunRequest | dg.SkipReason:
    """One gold run where silver has touched anything, unless a run is under way or failed too lately.

    `runs` are gold's latest, newest first. A failed run has released nothing, so what it saw is touched still. What is
    touched the run finds out itself: it may be more by then.
    """
    if not touched:
        return dg.SkipReason("silver has not changed since gold's last release")
    failed = []
    for run in runs:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failed.append(run)
    stands = standing(failed, now)
    if stands is not Standing.TRY:
        return dg.SkipReason(f"gold: {stands.value}")
    return dg.RunRequest()


def touched_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """One sensor for gold."""

    @dg.sensor(name="touched", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def touched(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.RunRequest | dg.SkipReason:
        """Asks for a gold run when the warehouse holds rows that gold's last release did not see."""
        runs = attempts(context.instance, dg.RunsFilter(job_name=job.name), TRIES)
        if any(run.status in UNFINISHED for run in runs):
            return dg.SkipReason(f"gold: {Standing.UNDER_WAY.value}")
        try:
            released, applied = warehouse.released(PATIENCE_S), warehouse.applied(PATIENCE_S)
        except WarehouseBusy:
            return dg.SkipReason("the warehouse is being written")
        changes = touched_silver(lake, streams, released, applied)
        return decide(changes is None or bool(changes.dates), runs, dt.datetime.now(dt.UTC))

    return touched
