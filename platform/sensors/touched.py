"""Touched: what differs from gold's last release, event dates of silver or gold's own code, asks for a gold run."""

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
from sensors.retrying import UNFINISHED, Attempt, Standing, attempts, standing

TRIES = 20
PATIENCE_S = 1.0


def decide(
    dates: Sequence[str] | None, other_code: bool, runs: Sequence[Attempt], now: dt.datetime
) -> dg.RunRequest | dg.SkipReason:
    """One gold run for the touched dates (None: all), or where the release was made with other code, unless a run is
    under way or failed too lately.

    `runs` are gold's latest, newest first. A failed run has released nothing, so its dates are touched still.
    """
    if dates is not None and not dates and not other_code:
        return dg.SkipReason("neither silver nor gold's code has changed since gold's last release")
    failed = []
    for run in runs:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failed.append(run)
    stands = standing(failed, now)
    if stands is not Standing.TRY:
        return dg.SkipReason(f"gold: {stands.value}")
    return dg.RunRequest(run_config={"ops": {STEP: {"config": {"event_dates": list(dates or [])}}}})


def touched_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """One sensor for gold."""

    @dg.sensor(name="touched", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def touched(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], warehouse: dg.ResourceParam[Warehouse]
    ) -> dg.RunRequest | dg.SkipReason:
        """Asks for a gold run when the warehouse holds rows that gold's last release did not see, or dbt's models have
        changed since."""
        runs = attempts(context.instance, dg.RunsFilter(job_name=job.name), TRIES)
        if any(run.status in UNFINISHED for run in runs):
            return dg.SkipReason(f"gold: {Standing.UNDER_WAY.value}")
        try:
            in_gold, applied = warehouse.snapshots_in_gold(PATIENCE_S), warehouse.applied(PATIENCE_S)
            facts = warehouse.facts(PATIENCE_S)
        except WarehouseBusy:
            return dg.SkipReason("the warehouse is being written")
        dates = rebuild_vars(changed_in_silver(lake, streams, in_gold, applied), (), ())["event_dates"]
        other_code = bool(in_gold) and facts.get("code") != dbt.project(warehouse.profile()).version
        return decide(dates, other_code, runs, dt.datetime.now(dt.UTC))

    return touched
