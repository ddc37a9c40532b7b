"""Gold assets: one for each dbt model, all made by one dbt invocation, published as one release.

Belongs here: which event dates a run rebuilds and how dbt's results become Dagster's. Not here: any figure (`dbt/`).
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from pydantic import Field

from assets.event_log import log_materializations
from assets.report import Verdict, record
from assets.warehouse import POOL
from contracts.stream import Stream
from lake.reading import files_of
from lake.schemas import Layer
from lake.tables import Lake
from lake.touched import Touched, touched
from partitions import DATE_FORMAT, EVENT_DATES
from resources import dbt
from resources.column_lineage import Columns, lineage
from resources.marts import IcebergMarts
from resources.model_code import table_code
from resources.warehouse.protocol import Warehouse

STEP = "release"  # the job is called gold
UNIQUE_ID = "dagster_dbt/unique_id"
MOST = 0.4  # where more of silver's rows are new, making all tables anew is cheaper than replacing rows in them
Scope = Mapping[str, list[str] | None]  # dbt's variables of what a run rebuilds


class Release(dg.Config):
    """What a gold run rebuilds: these event dates, besides those that silver has touched since the last release.

    Of a date that has only gained rows since then, what these belong to; a date given as a partition, whole.
    """

    event_dates: list[str] = Field(default=[], description="Event dates to rebuild, as YYYY-MM-DD")
    as_of: str | None = Field(default=None, description="The last event date that counts; by default the last there is")


class Translator(DagsterDbtTranslator):
    """dbt's nodes as assets: `gold/<model>`, sources as `warehouse/<stream>`, event dates where rebuilt by them."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        prefix = "warehouse" if dbt_resource_props["resource_type"] == "source" else "gold"
        return dg.AssetKey([prefix, dbt_resource_props["name"]])

    def get_partitions_def(self, dbt_resource_props: Mapping[str, Any]) -> dg.PartitionsDefinition | None:
        return EVENT_DATES if _by_event_date(dbt_resource_props) else None


def _event_date(node: Mapping[str, Any]) -> str:
    """SQL of the event date of the rows of a model that is rebuilt by it."""
    return str(node["config"]["meta"]["rebuild"]["event_date"])


def _by_event_date(node: Mapping[str, Any]) -> bool:
    """Whether a model's rows are replaced by event date, and so are its partitions."""
    rule = node["config"].get("meta", {}).get("rebuild")  # of dbt/macros/rebuild.sql
    return rule is not None and rule["by"] != "person"


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
        iceberg_marts: dg.ResourceParam[IcebergMarts],
    ) -> Iterator[dg.MaterializeResult[None]]:
        snapshots = _complete(lake, warehouse, streams)
        models = _models(context)
        changes = touched_silver(lake, streams, warehouse.held(), snapshots)
        partitions = _partitions(context)
        if changes and not partitions and changes.rows > MOST * _rows_of_silver(lake, streams, snapshots):
            changes = None
        rebuilt = scope(changes, {*config.event_dates, *partitions}, partitions if models is None else None)
        dates = rebuilt["event_dates"]
        context.log.info(f"event dates to rebuild: {'all' if dates is None else dates}")
        code = table_code(dbt.project(warehouse.profile()), warehouse, {"as_of": config.as_of}, _nodes(context))
        context.log.info(f"tables made with other code: {', '.join(sorted(code.notes)) or 'none'}")
        warehouse.begin(snapshots)
        variables = {**rebuilt, "as_of": config.as_of, "code": code.notes}
        results = dbt.build(warehouse.profile(), dbt_work, variables, models)
        _record_checks(context, results)
        failed = [result for result in results if result.status not in ("success", "pass", "warn")]
        if failed:
            raise dg.Failure("dbt: " + "; ".join(f"{r.unique_id}: {r.status} {r.message}".strip() for r in failed))
        facts = {
            "event_dates": "all" if dates is None else ", ".join(dates),
            "as_of": config.as_of or "",
            "contracts": ", ".join(f"{stream.name} {stream.version}" for stream in streams),
            "code": code.released(),
            "run_id": context.run.run_id,
        }
        # Before the release is noted: whatever fails until then is made again with it.
        iceberg_marts.publish(lake, warehouse, context.run.run_id)
        schemas = dbt.public_schemas(warehouse.profile())
        uri = warehouse.release(schemas, None if models else snapshots, facts)
        _materialize(context, warehouse, results, rebuilt, code.notes, {"dagster/uri": uri})
        yield from ()  # all is recorded as events: results cannot speak of scattered dates

    return gold


def _complete(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> dict[str, int | None]:
    """The snapshots that the warehouse holds; streams of which nothing has come yet get an empty relation."""
    for stream in streams:
        if stream.name not in warehouse.applied():
            warehouse.apply(stream, lake.table(Layer.SILVER, stream), None)
    return warehouse.applied()


def touched_silver(
    lake: Lake,
    streams: Sequence[Stream],
    held: Mapping[str, Iterable[int | None]],
    applied: Mapping[str, int | None],
) -> Touched | None:
    """What differs in silver between what gold's tables hold and what the warehouse does; None when everything may."""
    found = Touched()
    for stream in streams:
        after = applied.get(stream.name)
        if after is None:
            continue
        if stream.name not in held:
            return None
        for before in held[stream.name]:
            changes = touched(lake.table(Layer.SILVER, stream), before, after)
            if changes is None:
                return None
            found |= changes
    return found


def _rows_of_silver(lake: Lake, streams: Sequence[Stream], snapshots: Mapping[str, int | None]) -> int:
    held = [(stream, snapshot) for stream in streams if (snapshot := snapshots.get(stream.name)) is not None]
    tables = ((lake.table(Layer.SILVER, stream), snapshot) for stream, snapshot in held)
    return sum(file.record_count for table, snapshot in tables for file in files_of(table, snapshot_id=snapshot))


def scope(changes: Touched | None, asked: Iterable[str], whole: Iterable[str] | None) -> Scope:
    """What a run rebuilds: what silver has touched, and event dates that were asked for.

    The `whole` ones are rebuilt whole whatever touched them; None for all, as models need that run without the others.
    """
    if changes is None:
        return {"event_dates": None, "dates_with_new_rows": [], "hours_of_new_rows": []}
    dates = {date.strftime(DATE_FORMAT) for date in changes.dates}.union(asked, whole or ())
    gained = {date.strftime(DATE_FORMAT) for date in changes.gained}.difference(dates if whole is None else whole)
    return {
        "event_dates": sorted(dates),
        "dates_with_new_rows": sorted(gained),
        "hours_of_new_rows": [str(hour) for hour in sorted(changes.hours)] if gained else [],
    }


def _partitions(context: dg.AssetExecutionContext) -> list[str]:
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    span = context.partition_key_range if context.has_partition_key_range else None
    return list(EVENT_DATES.get_partition_keys_in_range(span)) if span else [context.partition_key]


def _models(context: dg.AssetExecutionContext) -> list[str] | None:
    """dbt's selection of a run of some models; None for all of them."""
    some = len(context.selected_asset_keys) < len(list(context.assets_def.specs))
    return [name.rsplit(".", 1)[-1] for name in _nodes(context)] if some else None


def _nodes(context: dg.AssetExecutionContext) -> list[str]:
    """The unique ids of the models and seeds that a run builds."""
    return [spec.metadata[UNIQUE_ID] for spec in context.assets_def.specs if spec.key in context.selected_asset_keys]


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
    rebuilt: Scope,
    anew: Collection[str],
    shared: Mapping[str, Any],
) -> None:
    """Record what was made: a whole table once, one by event date for each, its columns' lineage with the last.

    A date that gained rows of which a model has none was not made. Of a model made `anew`, all its dates were.
    """
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
    made = {result.unique_id: result for result in results if result.unique_id in specs}
    rows, columns = _rows(warehouse, made), lineage()
    for name, result in made.items():
        counts = rows.get(name, {})
        partitions: list[str | None] = [None]
        if _by_event_date(manifest()["nodes"][name]):
            dates, gained = rebuilt["event_dates"], rebuilt["dates_with_new_rows"] or ()
            asked = [date for date in dates or () if date in counts or date not in gained]
            known = filter(None, counts) if dates is None or name in anew else ()
            partitions = [*sorted({*asked, *known})]
        seconds, key = {**shared, "seconds": result.seconds}, specs[name].key
        last = _column_lineage(columns.get(name, {}))
        found = [
            dg.AssetMaterialization(
                key,
                partition=partition,
                metadata={
                    **seconds,
                    f"dagster/{'partition_' if partition else ''}row_count": counts.get(partition, 0),
                    **(last if partition == partitions[-1] else {}),
                },
            )
            for partition in partitions
        ]
        log_materializations(context, found)


def _rows(warehouse: Warehouse, made: Mapping[str, dbt.NodeResult]) -> dict[str, dict[str | None, int]]:
    """How many rows each model has: in all (None), or by event date where it is rebuilt by that."""
    queries = []
    for name, result in made.items():
        node = manifest()["nodes"][name]
        date = f"CAST({_event_date(node)} AS VARCHAR(10))" if _by_event_date(node) else "NULL"
        queries.append(f"SELECT '{name}' AS model, {date} AS event_date, COUNT(*) FROM {result.relation} GROUP BY 1, 2")
    found: dict[str, dict[str | None, int]] = defaultdict(dict)
    for name, date, count in warehouse.query(" UNION ALL ".join(queries)) if queries else ():
        found[name][date] = count
    return found


def _column_lineage(columns: Columns) -> dict[str, Any]:
    """Of a model's columns, the columns of other assets that they are made of, as the UI draws it."""
    nodes = {**manifest()["nodes"], **manifest()["sources"]}
    deps = {
        column: [dg.TableColumnDep(Translator().get_asset_key(nodes[parent]), source) for parent, source in sources]
        for column, sources in columns.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}
