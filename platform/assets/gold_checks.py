"""Gold checks: dbt's data tests as Dagster's asset checks.

Belongs here: what the page of a failed check shows. Not here: what a test promises, in words (`gold_descriptions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dagster as dg

from assets.gold_descriptions import promise
from assets.gold_preview import records_table
from assets.gold_translator import UNIQUE_ID, manifest
from assets.partition_results import CheckResult, record_check
from resources import dbt
from resources.warehouse.protocol import Warehouse

_EXAMPLES = 5


def record_checks(context: dg.AssetExecutionContext, warehouse: Warehouse, results: Sequence[dbt.NodeResult]) -> None:
    """Record dbt's data tests as asset checks. Those that failed show some of the rows that break them."""
    found = {result.unique_id: result for result in results}
    for spec in context.assets_def.check_specs:
        result = found.get((spec.metadata or {}).get(UNIQUE_ID, ""))
        if spec.key not in context.selected_asset_check_keys or result is None or result.status == "skipped":
            continue
        severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
        metadata = {"failing_rows": result.failures, "seconds": round(result.seconds, 3), "message": result.message}
        if result.passed:
            record_check(context, CheckResult(spec, True, metadata, severity))
            continue
        if result.failures:
            metadata |= _examples(warehouse, result)
        record_check(context, CheckResult(spec, False, metadata, severity, reason(result), advice=_advice(result)))


def _examples(warehouse: Warehouse, result: dbt.NodeResult) -> dict[str, Any]:
    """Some failing rows, or why the warehouse does not show them: that must not hide why the test failed."""
    try:
        failing = warehouse.records(f"SELECT * FROM ({result.sql}\n) AS failing LIMIT {_EXAMPLES}")
    except Exception as error:  # each driver has errors of its own
        return {"examples_error": str(error)}
    return {"examples": records_table(failing)}


def reason(result: dbt.NodeResult) -> str:
    """Why a node failed, in words."""
    node = manifest()["nodes"][result.unique_id]
    if node["resource_type"] != "test" or not result.failures:
        return f"{node['name']}: {result.status}: {result.message}".strip()
    about = manifest()["nodes"][node["attached_node"]]["name"]
    return f"{about}: expected that {promise(node)}; found {result.failures:,} failing rows"


def _advice(result: dbt.NodeResult) -> str:
    """How to see the failing rows and to run the test by hand. Markdown."""
    if not result.failures:
        return ""
    name = manifest()["nodes"][result.unique_id]["name"]
    return (
        f"All failing rows:\n\n```sql\n{result.sql.strip()}\n```\n\n"
        f"To run the test by hand:\n\n```sh\ndbt test --project-dir dbt --profiles-dir dbt --select {name}\n```"
    )
