"""Definitions: all assets, jobs, sensors and resources, assembled for Dagster. Only assembly belongs here."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.bronze import bronze_asset
from assets.gold import gold_assets
from assets.landing import landing_asset
from assets.recover import recover_job
from assets.repair import repair_job
from assets.report import report_job
from assets.silver import silver_assets
from assets.status import status_job
from assets.upkeep import upkeep_job
from assets.warehouse import warehouse_asset
from contracts import STREAMS
from contracts.stream import Stream
from resources.environment import check_settings, resources
from resources.lost_runs import keep_looking_after_runs
from sensors.alerts import alerts_sensor
from sensors.arrivals import arrivals_sensor
from sensors.drains import drains_sensor
from sensors.freshness import freshness_sensor
from sensors.touched import touched_sensor
from sensors.volume import volume_sensor


def build_defs(
    *, streams: Sequence[Stream] = STREAMS, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """The platform's definitions for some streams. A test may replace resources by name."""
    lake = [make(stream) for stream in streams for make in (bronze_asset, silver_assets, warehouse_asset)]
    drained = [stream for stream in streams if stream.topic]
    topics = [landing_asset(stream) for stream in drained]
    drain = dg.define_asset_job("drain", dg.AssetSelection.assets(*topics))
    gold = gold_assets(streams)
    ingest = dg.define_asset_job("ingest", dg.AssetSelection.assets(*lake))
    release = dg.define_asset_job("gold", dg.AssetSelection.assets(gold))
    gold_tests = dg.define_asset_job(
        "gold_tests",
        dg.AssetSelection.checks_for_assets(gold),
        description="Runs all data tests of gold on all rows. A run of `gold` tests only what it builds.",
    )
    upkeep, report = upkeep_job(streams), report_job(streams)
    return dg.Definitions(
        assets=[*topics, *lake, gold],
        jobs=[
            *([drain] if drained else []),
            *(ingest, release, gold_tests, upkeep, report),
            *(repair_job(streams), recover_job(streams), status_job(streams)),
        ],
        schedules=[
            _schedule("upkeep_hourly", upkeep, "17 * * * *"),
            _schedule("gold_tests_daily", gold_tests, "47 3 * * *"),
            _schedule("report_daily", report, "0 6 * * *"),
        ],
        sensors=[
            *([drains_sensor(drained, drain)] if drained else []),
            *(arrivals_sensor(streams, ingest), touched_sensor(streams, release)),
            *(freshness_sensor(streams), volume_sensor(streams), alerts_sensor()),
        ],
        resources={**resources(streams), **(resource_overrides or {})},
        executor=dg.in_process_executor,
    )


def _schedule(name: str, job: dg.JobDefinition | dg.UnresolvedAssetJobDefinition, cron: str) -> dg.ScheduleDefinition:
    """A schedule that runs by itself, in UTC."""
    return dg.ScheduleDefinition(
        name=name, job=job, cron_schedule=cron, default_status=dg.DefaultScheduleStatus.RUNNING
    )


check_settings(dg.get_dagster_logger())
keep_looking_after_runs()
defs = build_defs()
gc.freeze()  # half a million permanent objects: later garbage collections skip them
atexit.register(gc.unfreeze)  # otherwise DuckDB reports all its types as leaked
