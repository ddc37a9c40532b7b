"""Gold results: what dbt built, recorded as Dagster's materializations.

Belongs here: partitions, row counts, headline numbers, previews and column lineage of what was made. Not here: running
dbt (`gold`), the results of tests (`gold_checks`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.event_log import log_materializations
from assets.gold_costs import gold_costs
from assets.gold_preview import Preview, preview, read_previews
from assets.gold_translator import UNIQUE_ID, Translator, by_event_date, event_date_sql, manifest
from assets.headline import Figures, Measured, Table, headlines, measure
from assets.partition_sets import is_event_date
from assets.run_costs import Meter, cost_metadata, queries_of
from lake.rebuild import RebuildVars
from resources import dbt
from resources.column_lineage import Columns, lineage
from resources.warehouse.protocol import Warehouse

Dates = Sequence[str] | None  # of a model; None for all
_NOTHING = Figures()


def record_materializations(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    results: Sequence[dbt.NodeResult],
    rebuilt: RebuildVars,
    anew: Collection[str],
    common: Mapping[str, Any],
    meter: Meter,
) -> None:
    """Record what was made: one materialization of a table, or one per event date if the model is rebuilt by it.

    All dates of a model made `anew` are recorded. The preview and the column lineage are part of the last
    materialization.
    """
    costs = gold_costs(results, meter, queries_of(warehouse, context.log))
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
    made = {result.unique_id: result for result in results if result.unique_id in specs}
    dates = {name: None if name in anew else rebuilt["event_dates"] for name in made}
    measured = measure(warehouse.query, [*filter(None, (_table(result, dates[name]) for name, result in made.items()))])
    partitions = {name: _partitions(name, measured.figures[name], rebuilt, dates[name]) for name in made}
    previews, unreadable = read_previews(warehouse.query, [*_previews(made, partitions, measured)])
    columns = lineage()
    for name, result in made.items():
        key, figures = specs[name].key, measured.figures[name]
        rows = sum(figures[each].rows for each in partitions[name] if each in figures)
        shared = {**common, **costs.get(name, {}), **cost_metadata(rows=rows), "seconds": round(result.seconds, 3)}
        metadata = {each: shared | _figures(each, figures.get(each, _NOTHING)) for each in partitions[name]}
        if metadata:
            shown = {"preview": previews[name]} if name in previews else {}
            metadata[partitions[name][-1]] |= shown | _column_lineage(columns.get(name, {}))
        for error in filter(None, (measured.errors.get(name), unreadable.get(name))):
            context.log.error(f"{key.to_user_string()}: {error}")
            metadata = {each: {**found, "error": error} for each, found in metadata.items()}
        log_materializations(
            context, [dg.AssetMaterialization(key, partition=each, metadata=found) for each, found in metadata.items()]
        )


def _table(result: dbt.NodeResult, dates: Dates) -> Table | None:
    """What to measure of a table; None if the run rebuilt no event date of it."""
    node = manifest()["nodes"][result.unique_id]
    if not by_event_date(node):
        return Table(result.unique_id, result.relation, headlines(node))
    if dates is not None and not dates:
        return None
    between = None if dates is None else (min(dates), max(dates))
    return Table(result.unique_id, result.relation, headlines(node), event_date_sql(node), between)


def _partitions(
    name: str, figures: Mapping[str | None, Figures], rebuilt: RebuildVars, dates: Dates
) -> list[str | None]:
    """The event dates to record, in order, or None alone for a table without partitions.

    A date that only gained rows is left out if the model has no rows of that date, and so is a date before the first
    partition.
    """
    if not by_event_date(manifest()["nodes"][name]):
        return [None]
    gained = rebuilt["dates_with_new_rows"] or ()
    asked = [date for date in rebuilt["event_dates"] or () if date in figures or date not in gained]
    known = filter(None, figures) if dates is None else ()
    return sorted(filter(is_event_date, {*asked, *known}))


def _previews(
    made: Mapping[str, dbt.NodeResult], partitions: Mapping[str, Sequence[str | None]], measured: Measured
) -> Iterator[Preview]:
    """What to show of each table: its last event date with rows. Nothing of views, which would read all of silver."""
    for name, result in made.items():
        node, figures = manifest()["nodes"][name], measured.figures[name]
        filled = [partition for partition in partitions[name] if figures.get(partition, _NOTHING).rows]
        if filled and node["config"]["materialized"] != "view":
            date = filled[-1]
            yield preview(node, result.relation, event_date_sql(node) if date else "", date)


def _figures(partition: str | None, figures: Figures) -> dict[str, Any]:
    return {f"dagster/{'partition_' if partition else ''}row_count": figures.rows, **figures.numbers}


def _column_lineage(columns: Columns) -> dict[str, Any]:
    """The columns of other assets that a model's columns are made of, for the UI."""
    nodes = {**manifest()["nodes"], **manifest()["sources"]}
    deps = {
        column: [dg.TableColumnDep(Translator().get_asset_key(nodes[parent]), source) for parent, source in sources]
        for column, sources in columns.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}
