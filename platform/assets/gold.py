"""Gold assets: one for each dbt model, all made by one dbt invocation and published as one release.

Belongs here: the steps of a gold run. Not here: what it has to rebuild (`lake.rebuild`), how dbt's results become
Dagster's (`gold_results`), any figure (`dbt/`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
from dagster_dbt import dbt_assets
from pydantic import Field

from assets.gold_checks import reason, record_checks
from assets.gold_results import record_materializations
from assets.gold_translator import UNIQUE_ID, Translator, manifest
from assets.partition_sets import event_dates
from assets.run_costs import labelled_meter
from assets.warehouse import POOL
from contracts.stream import Stream
from lake.rebuild import changed_in_silver, full_rebuild_is_cheaper, rebuild_vars
from lake.schemas import Layer
from lake.tables import Lake
from resources import dbt
from resources.marts import IcebergMarts
from resources.model_code import table_code
from resources.warehouse.protocol import Warehouse

STEP = "release"  # the job is called gold


class GoldConfig(dg.Config):
    """What a gold run rebuilds: these event dates, and those that changed in silver since the last release.

    If a date only gained rows, just the affected events and people are rebuilt. A date that is chosen as a
    partition is rebuilt completely.
    """

    event_dates: list[str] = Field(default=[], description="Event dates to rebuild, as YYYY-MM-DD")
    as_of: str | None = Field(default=None, description="The last event date that counts; by default the last there is")


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
        config: GoldConfig,
        lake: dg.ResourceParam[Lake],
        warehouse: dg.ResourceParam[Warehouse],
        dbt_work: dg.ResourceParam[Path],
        iceberg_marts: dg.ResourceParam[IcebergMarts],
    ) -> Iterator[dg.MaterializeResult[None]]:
        meter = labelled_meter(warehouse, f"{context.run.run_id} gold")
        snapshots = _ensure_relations(lake, warehouse, streams)
        models = _models(context)
        changes = changed_in_silver(lake, streams, warehouse.snapshots_in_gold(), snapshots)
        partitions = _partitions(context)
        if changes and not partitions and full_rebuild_is_cheaper(lake, streams, changes, snapshots):
            changes = None
        rebuilt = rebuild_vars(changes, {*config.event_dates, *partitions}, partitions if models is None else None)
        dates = rebuilt["event_dates"]
        context.log.info(f"event dates to rebuild: {_listed(dates) or 'none'}")
        code = table_code(dbt.project(warehouse.profile()), warehouse, {"as_of": config.as_of}, _nodes(context))
        context.log.info(f"tables made with other code: {', '.join(sorted(code.notes)) or 'none'}")
        warehouse.begin_build(snapshots)
        variables = {**rebuilt, "as_of": config.as_of, "code": code.notes}
        results = dbt.build(warehouse.profile(), dbt_work, variables, models)
        record_checks(context, warehouse, results)
        _stop_if_failed(results, dates)
        facts = {
            "event_dates": _listed(dates),
            "as_of": config.as_of or "",
            "contracts": ", ".join(f"{stream.name} {stream.version}" for stream in streams),
            "code": code.released(),
            "run_id": context.run.run_id,
        }
        # Publish before the release is noted: after a failure until then, the next run publishes again.
        iceberg_marts.publish(lake, warehouse, context.run.run_id)
        schemas = dbt.public_schemas(warehouse.profile())
        large = {name for name, mart in dbt.marts(warehouse.profile()).items() if mart.is_large}
        uri = warehouse.release(schemas, None if models else snapshots, facts, large)
        record_materializations(context, warehouse, results, rebuilt, code.notes, {"dagster/uri": uri}, meter)
        yield from ()  # recorded as events, because a result cannot name scattered dates

    return gold


def _ensure_relations(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> dict[str, int | None]:
    """Create empty relations for streams that have none; returns the snapshots that the warehouse holds."""
    for stream in streams:
        if stream.name not in warehouse.applied_snapshots():
            warehouse.apply_snapshot(stream, lake.table(Layer.SILVER, stream), None)
    return warehouse.applied_snapshots()


def _stop_if_failed(results: Sequence[dbt.NodeResult], dates: Sequence[str] | None) -> None:
    """Raise `dagster.Failure`, which names the event dates and the reasons, if a model or test failed."""
    failed = [result for result in results if result.status not in ("success", "pass", "warn")]
    if failed:
        reasons = "; ".join(reason(result) for result in failed if result.status != "skipped")
        raise dg.Failure(f"nothing is released; event dates: {_listed(dates) or 'none'}; {reasons}")


def _listed(dates: Sequence[str] | None) -> str:
    return "all" if dates is None else ", ".join(dates)


def _partitions(context: dg.AssetExecutionContext) -> list[str]:
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    span = context.partition_key_range if context.has_partition_key_range else None
    return list(event_dates().get_partition_keys_in_range(span)) if span else [context.partition_key]


def _models(context: dg.AssetExecutionContext) -> list[str] | None:
    """The models that a run selects; None for all of them."""
    some = len(context.selected_asset_keys) < len(list(context.assets_def.specs))
    return [name.rsplit(".", 1)[-1] for name in _nodes(context)] if some else None


def _nodes(context: dg.AssetExecutionContext) -> list[str]:
    """The unique ids of the models and seeds that a run builds."""
    return [spec.metadata[UNIQUE_ID] for spec in context.assets_def.specs if spec.key in context.selected_asset_keys]
