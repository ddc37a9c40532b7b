"""Gold assets: one for each dbt model, all made by one dbt invocation, published as one release.

Belongs here: which event dates a run rebuilds and how dbt's results become Dagster's. Not here: any figure (`dbt/`).
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from pydantic import Field

from assets.report import Verdict, record
from assets.warehouse import POOL
from contracts.stream import Stream
from partitions import DATE_FORMAT, EVENT_DATES
from resources import dbt
from resources.changes import difference
from resources.lake import Lake
from resources.schemas import Layer
from resources.warehouse.protocol import Warehouse

STEP = "release"  # the job is called gold
UNIQUE_ID = "dagster_dbt/unique_id"


class Release(dg.Config):
    """What a gold run rebuilds: these event dates, besides those that silver has touched since the last release."""

    event_dates: list[str] = Field(default=[], description="Event dates to rebuild, as YYYY-MM-DD")
    as_of: str | None = Field(default=None, description="The last event date that counts; by default the last there is")


class Translator(DagsterDbtTranslator):
    """dbt's nodes as assets: `gold/<model>`, sources as `warehouse/<stream>`, event dates where incremental."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        prefix = "warehouse" if dbt_resource_props["resource_type"] == "source" else "gold"
        return dg.AssetKey([prefix, dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        return f"gold_{dbt_resource_props['fqn'][1]}"

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        return EVENT_DATES if _incremental(dbt_resource_props) else None

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        return ["team:analytics"]


def _incremental(node: Mapping[str, Any]) -> bool:
    return bool(node["config"].get("materialized") == "incremental")


@cache
def manifest() -> dict[str, Any]:
    """dbt's manifest, prepared ahead of import."""
    loaded: dict[str, Any] = json.loads(dbt.manifest_path().read_text())
    return loaded


def gold_assets(streams: Sequence[Stream]) -> dg.AssetsDefinition:
    """`gold/<model>` for every model of the dbt project."""

    @dbt_assets(
        manifest=manifest(),
        name=STEP,
        dagster_dbt_translator=Translator(),
        pool=POOL,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def gold(
        context: dg.AssetExecutionContext,
        config: Release,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        dbt_work: dg.ResourceParam[Path],
    ) -> Iterator[dg.MaterializeResult[None]]:
        snapshots = warehouse.applied()
        touched = touched_dates(lake, streams, warehouse.released(), snapshots)
        asked = {*config.event_dates, *_partitions(context)}
        dates = None if touched is None else sorted({*touched, *asked})
        context.log.info(f"event dates to rebuild: {'all' if dates is None else dates}")
        variables = {"event_dates": dates, "as_of": config.as_of}
        results = dbt.build(warehouse.profile(), dbt_work, variables, _models(context))
        specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
        _record_checks(context, results)
        failed = [result for result in results if result.status not in ("success", "pass", "warn")]
        if failed:
            raise dg.Failure("dbt: " + "; ".join(f"{r.unique_id}: {r.status} {r.message}".strip() for r in failed))
        facts = {"as_of": config.as_of or "", "run_id": context.run.run_id}
        whole = len(context.selected_asset_keys) == len(specs)
        uri = warehouse.release(snapshots if whole else warehouse.released(), facts)
        _materialize(context, warehouse, results, dates, {"dagster/uri": uri})
        yield from ()  # all is recorded as events: results cannot speak of scattered dates

    return gold


def touched_dates(
    lake: Lake, streams: Sequence[Stream], released: Mapping[str, int | None], applied: Mapping[str, int | None]
) -> list[str] | None:
    """The event dates in which silver differs between gold's release and what the warehouse holds; None for all."""
    dates: set[dt.date] = set()
    for stream in streams:
        before, after = released.get(stream.name), applied.get(stream.name)
        if after is None:
            continue
        if before is None:
            return None
        changes = difference(lake.table(Layer.SILVER, stream), before, after)
        if changes is None:
            return None
        dates.update(changes)
    return [date.strftime(DATE_FORMAT) for date in sorted(dates)]


def _partitions(context: dg.AssetExecutionContext) -> list[str]:
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    span = context.partition_key_range if context.has_partition_key_range else None
    return list(EVENT_DATES.get_partition_keys_in_range(span)) if span else [context.partition_key]


def _models(context: dg.AssetExecutionContext) -> list[str] | None:
    """dbt's selection of a run of some models; None for all of them."""
    specs = list(context.assets_def.specs)
    selected = [spec for spec in specs if spec.key in context.selected_asset_keys]
    return None if len(selected) == len(specs) else [spec.key.path[-1] for spec in selected]


def _record_checks(context: dg.AssetExecutionContext, results: Sequence[dbt.NodeResult]) -> None:
    """dbt's data tests as asset checks."""
    found = {result.unique_id: result for result in results}
    for spec in context.assets_def.check_specs:
        result = found.get((spec.metadata or {}).get(UNIQUE_ID, ""))
        if spec.key not in context.selected_asset_check_keys or result is None or result.status == "skipped":
            continue
        severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
        metadata = {"failing_rows": result.failures, "seconds": result.seconds, "message": result.message}
        record(context, Verdict(spec, result.passed, metadata, severity))


def _materialize(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    results: Sequence[dbt.NodeResult],
    dates: list[str] | None,
    shared: Mapping[str, Any],
) -> None:
    """Record what was made: a whole table once, an incremental one date by date."""
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
    for result in results:
        if result.unique_id not in specs:
            continue
        node = manifest()["nodes"][result.unique_id]
        metadata = {**shared, "seconds": result.seconds}
        relation = f"{node['schema']}.{node['alias']}"
        if _incremental(node):
            counts = dict(warehouse.query(f"SELECT event_date, count(*) FROM {relation} GROUP BY 1"))
            made = sorted(counts) if dates is None else [dt.date.fromisoformat(date) for date in dates]
            rows = {date.strftime(DATE_FORMAT): counts.get(date, 0) for date in made}
        else:
            ((total,),) = warehouse.query(f"SELECT count(*) FROM {relation}")
            rows = {None: total}
        for partition, count in rows.items():
            name = "dagster/row_count" if partition is None else "dagster/partition_row_count"
            event = dg.AssetMaterialization(
                specs[result.unique_id].key, partition=partition, metadata={**metadata, name: count}
            )
            context.log_event(event)
