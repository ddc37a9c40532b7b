"""Materializations stored in batches look as if Dagster had stored them one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets import event_log
from assets.event_log import log_materializations

DATES = dg.DailyPartitionsDefinition("2024-01-01")
KEYS = [f"2024-01-{day:02}" for day in range(1, 8)]


@pytest.fixture(params=["files", "memory"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    kept = request.param == "files"
    with dg.DagsterInstance.local_temp(str(tmp_path)) if kept else dg.DagsterInstance.ephemeral() as made:
        yield made


def run(instance: dg.DagsterInstance, at_once: bool) -> dg.ExecuteInProcessResult:
    """A run that records seven dates of an asset, and another asset as a whole."""

    def log(context: dg.AssetExecutionContext, made: list[dg.AssetMaterialization]) -> None:
        if at_once:
            log_materializations(context, made)
        else:
            for each in made:
                context.log_event(each)

    @dg.multi_asset(specs=[dg.AssetSpec("by_date", partitions_def=DATES, skippable=True)])
    def dates(context: dg.AssetExecutionContext) -> Iterator[Any]:
        metadata = {"dagster/partition_row_count": 3}
        log(context, [dg.AssetMaterialization("by_date", partition=key, metadata=metadata) for key in KEYS])
        log(context, [dg.AssetMaterialization("whole", metadata={"dagster/row_count": 9})])
        yield from ()

    return dg.materialize([dates], instance=instance, partition_key=KEYS[0])


def seen(instance: dg.DagsterInstance, ran: dg.ExecuteInProcessResult) -> list[Any]:
    """What Dagster knows about both assets, without times and run ids."""
    by_date, whole = dg.AssetKey("by_date"), dg.AssetKey("whole")
    logs = instance.all_logs(ran.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = [log.get_dagster_event() for log in logs]
    latest = [instance.get_latest_materialization_event(key) for key in (by_date, whole)]
    return [
        instance.get_materialized_partitions(by_date),
        [(event.step_key, event.message, event.step_materialization_data.materialization) for event in events],
        [(each.run_id == ran.run_id, each.asset_materialization) for each in latest if each],
        sorted(instance.all_asset_keys()),
    ]


@pytest.mark.parametrize("batch", [3, 1000])
def test_dagster_sees_what_it_would_have_stored_itself(
    instance: dg.DagsterInstance, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Partitions, row counts, the run's events in their order, and the latest materialization of each asset."""
    monkeypatch.setattr(event_log, "BATCH", batch)
    at_once = seen(instance, run(instance, at_once=True))
    assert at_once[0] == set(KEYS)
    assert at_once == seen(instance, run(instance, at_once=False))
