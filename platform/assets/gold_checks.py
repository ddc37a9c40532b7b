"""Gold checks: dbt's data tests as Dagster's asset checks.

Belongs here: what the page of a failed check shows. Not here: what a test promises, in words (`gold_descriptions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.gold_descriptions import promise
from assets.gold_preview import records_table
from assets.gold_translator import UNIQUE_ID, manifest
from assets.partition_results import CheckResult, record_check
from resources import dbt
from resources.warehouse.protocol import Warehouse

EXAMPLES = 5


def record_checks(context: dg.AssetExecutionContext, warehouse: Warehouse, results: Sequence[dbt.NodeResult]) -> None:
    """Record dbt's data tests as asset checks. Those that failed show some of the rows that break them."""
    found = {result.unique_id: result for result in results}
    for spec in context.assets_def.check_specs:
        result = found.get((spec.metadata or {}).get(UNIQUE_ID, ""))
        if spec.key not in context.selected_asset_check_keys or result is None or result.status == "skipped":
            continue
        severity = dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR
        metadata = {"failing_rows": result.failures, "seconds": round(result.seconds, 3), "message": result.message}
        if not result.passed:
            metadata |= _failure(warehouse, manifest()["nodes"][result.unique_id], result)
        record_check(context, CheckResult(spec, result.passed, metadata, severity))


def reason(result: dbt.NodeResult) -> str:
    """Why a node failed, in words."""
    node = manifest()["nodes"][result.unique_id]
    if node["resource_type"] != "test" or not result.failures:
        return f"{node['name']}: {result.status}: {result.message}".strip()
    about = manifest()["nodes"][node["attached_node"]]["name"]
    return f"{about}: expected that {promise(node)}; found {result.failures:,} failing rows"


def _failure(warehouse: Warehouse, test: Mapping[str, Any], result: dbt.NodeResult) -> dict[str, Any]:
    """The reason, and if rows fail, some of them, their query, and how to run the test by hand."""
    shown: dict[str, Any] = {"reason": reason(result)}
    if not result.failures:
        return shown
    examples = warehouse.records(f"SELECT * FROM ({result.sql}\n) AS failing LIMIT {EXAMPLES}")
    command = f"dbt test --project-dir dbt --profiles-dir dbt --select {test['name']}"
    return {
        **shown,
        "examples": records_table(examples),
        "to_see_all_rows": dg.MetadataValue.md(f"```sql\n{result.sql.strip()}\n```"),
        "to_test_again": dg.MetadataValue.md(f"```sh\n{command}\n```"),
    }
