"""UI metadata: what runs and checks show of tables, rejected records and unknown fields.

Belongs here: Dagster's metadata values. Not here: computing what is shown (`lake`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from lake.drift import Drift
from lake.printable import printable
from lake.rejected_summary import place

SHOWN_FIELDS = 50
DRIFT_COLUMNS = {"field": "string", "type": "string", "records": "int"}
REJECTED_COLUMNS = {"reason": "string", "column": "string", "records": "int", "example": "string", "detail": "string"}


def table_location(table: Table, snapshot_id: int | None) -> dict[str, Any]:
    """Where a table's data is: its folder, the snapshot and the metadata file."""
    return {
        "dagster/uri": table.location(),
        "snapshot_id": str(snapshot_id) if snapshot_id else "none",
        "metadata_file": dg.MetadataValue.path(table.metadata_location),
    }


def drift_metadata(drift: Drift) -> dict[str, Any]:
    """An hour's unknown fields: how many there are, and a table of the most frequent ones. Names only, no values."""
    ordered = sorted(drift.fields.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_FIELDS]
    rows = [{"field": printable(path), "type": kind, "records": count} for (path, kind), count in ordered]
    return {
        "unknown_fields": len({path for path, _ in drift.fields}),
        "fields": _table(DRIFT_COLUMNS, rows),
        "records_looked_at": drift.looked_at,
        "records": drift.records,
    }


def rejected_table(groups: pl.DataFrame) -> dg.TableMetadataValue:
    """An hour's groups of rejected records (`RejectedSummary.table`) as a table, each with its first example."""
    rows = [
        {
            "reason": row["reason"],
            "column": row["column"] or "",
            "records": row["records"],
            "example": place(row["examples"][0]),
            "detail": printable(row["examples"][0]["detail"] or ""),
        }
        for row in groups.iter_rows(named=True)
    ]
    return _table(REJECTED_COLUMNS, rows)


def _table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; `columns` are names and types."""
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)
