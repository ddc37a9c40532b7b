"""Gold results: what dbt built and tested, recorded as Dagster's materializations and checks.

Belongs here: partitions, row counts and column lineage of what was made. Not here: running dbt (`gold`).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.event_log import log_materializations
from assets.gold_translator import UNIQUE_ID, Translator, by_event_date, event_date_sql, manifest
from assets.partition_results import CheckResult, record_check
from assets.partition_sets import is_event_date
from lake.rebuild import RebuildVars
from resources import dbt
from resources.column_lineage import Columns, lineage
from resources.warehouse.protocol import Warehouse


def record_checks(context: dg.AssetExecutionContext, results: Sequence[dbt.NodeResult]) -> None:
    """Record dbt's data tests as asset checks."""
    found = {result.unique_id: result for result in results}
    for spec in context.assets_def.check_specs:
        result = found.get((spec.metadata or {}).get(UNIQUE_ID, ""))
        if spec.key not in context.selected_asset_check_keys or result is None or result.status == "skipped":
            continue
        severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
        metadata = {"failing_rows": result.failures, "seconds": result.seconds, "message": result.message}
        record_check(context, CheckResult(spec, result.passed, metadata, severity))


def record_materializations(
    context: dg.AssetExecutionContext,
    warehouse: Warehouse,
    results: Sequence[dbt.NodeResult],
    rebuilt: RebuildVars,
    anew: Collection[str],
    common: Mapping[str, Any],
) -> None:
    """Record what was made: one materialization of a table, or one per event date if the model is rebuilt by it.

    A date that only gained rows is left out if the model has no rows of that date, and so is a date before the first
    partition. All dates of a model made `anew` are recorded. Column lineage is part of the last materialization.
    """
    specs = {spec.metadata[UNIQUE_ID]: spec for spec in context.assets_def.specs}
    made = {result.unique_id: result for result in results if result.unique_id in specs}
    rows, columns = _rows(warehouse, made), lineage()
    for name, result in made.items():
        counts = rows.get(name, {})
        partitions: list[str | None] = [None]
        if by_event_date(manifest()["nodes"][name]):
            dates, gained = rebuilt["event_dates"], rebuilt["dates_with_new_rows"] or ()
            asked = [date for date in dates or () if date in counts or date not in gained]
            known = filter(None, counts) if dates is None or name in anew else ()
            partitions = sorted(filter(is_event_date, {*asked, *known}))
        seconds, key = {**common, "seconds": result.seconds}, specs[name].key
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
    """How many rows each model has: by event date if it is rebuilt by it, else in all (None)."""
    queries = []
    for name, result in made.items():
        node = manifest()["nodes"][name]
        date = f"CAST({event_date_sql(node)} AS VARCHAR(10))" if by_event_date(node) else "NULL"
        queries.append(f"SELECT '{name}' AS model, {date} AS event_date, COUNT(*) FROM {result.relation} GROUP BY 1, 2")
    found: dict[str, dict[str | None, int]] = defaultdict(dict)
    for name, date, count in warehouse.query(" UNION ALL ".join(queries)) if queries else ():
        found[name][date] = count
    return found


def _column_lineage(columns: Columns) -> dict[str, Any]:
    """The columns of other assets that a model's columns are made of, for the UI."""
    nodes = {**manifest()["nodes"], **manifest()["sources"]}
    deps = {
        column: [dg.TableColumnDep(Translator().get_asset_key(nodes[parent]), source) for parent, source in sources]
        for column, sources in columns.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)} if deps else {}
