"""Gold assets: one for each dbt model, all made by one dbt invocation and published as one release.

Belongs here: the steps of a gold run. Not here: what it has to rebuild (`lake.rebuild`), how dbt's results become
Dagster's (`gold_results`), any figure (`dbt/`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster_dbt import dbt_assets
from pydantic import Field

from assets.gold_checks import reason, record_checks
from assets.gold_results import record_materializations
from assets.gold_selection import is_released, nodes_to_build
from assets.gold_translator import UNIQUE_ID, Translator, built_nodes, manifest
from assets.partition_sets import event_dates
from assets.run_costs import labelled_meter
from assets.warehouse import POOL
from contracts.stream import Stream
from lake.rebuild import RebuildVars, changed_streams, full_rebuild_is_cheaper, rebuild_vars, union
from lake.schemas import Layer
from lake.tables import Lake
from resources import dbt
from resources.marts import IcebergMarts
from resources.model_code import TableCode, table_code
from resources.warehouse.protocol import Warehouse

STEP = "release"  # the job is called gold


class GoldConfig(dg.Config):
    """What a gold run rebuilds: these event dates, and those that changed in silver since the last release.

    It builds the models that are made from the streams that changed, and those whose code changed. If it is asked for
    event dates that did not change, it builds all models.

    If a date only gained rows, just the affected events and people are rebuilt. A date that is chosen as a
    partition is rebuilt completely.
    """

    event_dates: list[str] = Field(default=[], description="Event dates to rebuild, as YYYY-MM-DD")
    as_of: str | None = Field(default=None, description="The last event date that counts; by default the last there is")
    catch_up: bool = Field(
        default=False,
        description="Build all that is behind, also what was not selected: silver may have changed since the request",
    )


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
        if not context.selected_asset_keys:
            _run_tests(context, warehouse, dbt_work)
            return
        meter = labelled_meter(warehouse, f"{context.run.run_id} gold")
        wanted = {"as_of": config.as_of or "", "iceberg_marts": ", ".join(iceberg_marts.names)}
        plan = _plan(context, config, lake, warehouse, streams, wanted)
        if plan.models is not None and not plan.models:
            context.log.info("nothing to do: neither silver nor gold's code has changed since gold's last release")
            return
        warehouse.begin_build(plan.snapshots)
        variables = {**plan.rebuilt, "as_of": config.as_of, "code": plan.code.notes}
        names, complete = _names(plan.models), not plan.is_partial
        results = dbt.build(warehouse.profile(), dbt_work, variables, names, others_are_current=complete)
        record_checks(context, warehouse, results)
        dates = plan.rebuilt["event_dates"]
        _stop_if_failed(results, dates)
        facts = {
            "event_dates": _listed(dates),
            **wanted,
            "contracts": ", ".join(f"{stream.name} {stream.version}" for stream in streams),
            "code": plan.code.released(),
            "run_id": context.run.run_id,
        }
        # Publish before the release is noted: after a failure until then, the next run publishes again.
        iceberg_marts.publish(lake, warehouse, context.run.run_id)
        schemas = dbt.public_schemas(warehouse.profile())
        large = {name for name, mart in dbt.marts(warehouse.profile()).items() if mart.is_large}
        uri = warehouse.release(schemas, plan.snapshots if complete else None, facts, large)
        record_materializations(context, warehouse, results, plan.rebuilt, plan.code.notes, {"dagster/uri": uri}, meter)
        yield from ()  # recorded as events, because a result cannot name scattered dates

    return gold


@dataclass(frozen=True)
class Plan:
    """What a gold run builds: these models and seeds, by unique id (None: all), from these snapshots of silver.

    `is_partial`: somebody chose the models, so others may be left behind.
    """

    snapshots: Mapping[str, int | None]
    models: Collection[str] | None
    is_partial: bool
    rebuilt: RebuildVars
    code: TableCode


def _plan(
    context: dg.AssetExecutionContext,
    config: GoldConfig,
    lake: Lake,
    warehouse: Warehouse,
    streams: Sequence[Stream],
    wanted: Mapping[str, str],
) -> Plan:
    """Find out what a run has to build. `wanted`: facts of the release to make, besides its code."""
    snapshots = _ensure_relations(lake, warehouse, streams)
    changes = changed_streams(lake, streams, warehouse.snapshots_in_gold(), snapshots)
    partitions = _partitions(context)
    chosen = None if config.catch_up else _chosen(context)
    code = table_code(dbt.project(warehouse.profile()), warehouse, {"as_of": config.as_of}, chosen or built_nodes())
    models: Collection[str] | None = chosen
    released = is_released(warehouse.release_facts(), {**wanted, "code": code.project.version})
    if released and chosen is None and not partitions:
        models = nodes_to_build(changes, config.event_dates, code.notes)
    changed = union(changes.values())
    if changes and changed and not partitions and full_rebuild_is_cheaper(lake, streams, changed, snapshots):
        changed = None
    asked, whole = {*config.event_dates, *partitions}, partitions if chosen is None else None
    plan = Plan(snapshots, models, chosen is not None, rebuild_vars(changed, asked, whole), code)
    context.log.info(f"event dates to rebuild: {_listed(plan.rebuilt['event_dates']) or 'none'}")
    context.log.info(f"tables made with other code: {', '.join(sorted(code.notes)) or 'none'}")
    context.log.info(f"models and seeds to build: {'all' if models is None else len(models)}")
    return plan


def _run_tests(context: dg.AssetExecutionContext, warehouse: Warehouse, work: Path) -> None:
    """Run the selected data tests, and build nothing. Raises `dagster.Failure` if one failed."""
    selected = context.selected_asset_check_keys
    names = [(spec.metadata or {})[UNIQUE_ID] for spec in context.assets_def.check_specs if spec.key in selected]
    results = dbt.test(warehouse.profile(), work, _names(names))
    record_checks(context, warehouse, results)
    if failed := _failed(results):
        raise dg.Failure(f"data tests failed: {failed}")


def _ensure_relations(lake: Lake, warehouse: Warehouse, streams: Sequence[Stream]) -> dict[str, int | None]:
    """Create empty relations for streams that have none; returns the snapshots that the warehouse holds."""
    applied = warehouse.applied_snapshots()
    missing = [stream for stream in streams if stream.name not in applied]
    for stream in missing:
        warehouse.apply_snapshot(stream, lake.table(Layer.SILVER, stream), None)
    return warehouse.applied_snapshots() if missing else applied


def _stop_if_failed(results: Sequence[dbt.NodeResult], dates: Sequence[str] | None) -> None:
    """Raise `dagster.Failure`, which names the event dates and the reasons, if a model or test failed."""
    if failed := _failed(results):
        raise dg.Failure(f"nothing is released; event dates: {_listed(dates) or 'none'}; {failed}")


def _failed(results: Sequence[dbt.NodeResult]) -> str:
    """The reasons of the nodes that failed; empty if none did."""
    failed = [result for result in results if result.status not in ("success", "pass", "warn")]
    reasons = [reason(result) for result in failed if result.status != "skipped"]
    return "; ".join(reasons) or ("dbt skipped nodes" if failed else "")


def _listed(dates: Sequence[str] | None) -> str:
    return "all" if dates is None else ", ".join(dates)


def _partitions(context: dg.AssetExecutionContext) -> list[str]:
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    span = context.partition_key_range if context.has_partition_key_range else None
    return list(event_dates().get_partition_keys_in_range(span)) if span else [context.partition_key]


def _chosen(context: dg.AssetExecutionContext) -> list[str] | None:
    """The models and seeds that somebody chose for this run, by unique id; None if all."""
    specs, chosen = list(context.assets_def.specs), context.selected_asset_keys
    return [spec.metadata[UNIQUE_ID] for spec in specs if spec.key in chosen] if len(chosen) < len(specs) else None


def _names(nodes: Collection[str] | None) -> list[str] | None:
    """The names by which dbt selects nodes."""
    return None if nodes is None else sorted(manifest()["nodes"][each]["name"] for each in nodes)
