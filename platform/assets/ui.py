"""UI metadata: what runs and checks show of tables, rejected records and unknown fields.

Belongs here: Dagster's metadata values. Not here: computing what is shown (`lake`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from lake.drift import Drift
from lake.printable import printable
from lake.rejected_summary import place

SHOWN, SHOWN_FIELDS = 20, 50
DRIFT_COLUMNS = {"field": "string", "type": "string", "records": "int"}
REJECTED_COLUMNS = {"reason": "string", "column": "string", "records": "int", "example": "string", "detail": "string"}
OBJECTS_COLUMNS = {"object": "string", "records in the ledger": "int", "rows in bronze": "int"}


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


def refused_table(objects: pl.DataFrame) -> dg.TableMetadataValue:
    """The first refused objects (rows of the ledger), each with the reason."""
    rows = [{"object": row["path"], "why": printable(row["refused"])} for row in _first(objects)]
    return _table({"object": "string", "why": "string"}, rows)


def objects_table(objects: pl.DataFrame) -> dg.TableMetadataValue:
    """The first objects of `validation.compare_with_ledger`."""
    rows = [dict(zip(OBJECTS_COLUMNS, (o["path"], o["records"], o["rows"]), strict=True)) for o in _first(objects)]
    return _table(OBJECTS_COLUMNS, rows)


def preview_table(rows: Sequence[Mapping[str, str]]) -> dg.TableMetadataValue:
    """Rows of silver (`preview.first_rows`) as a table."""
    return _table(dict.fromkeys(rows[0] if rows else (), "string"), rows)


def in_words(span: dt.timedelta) -> str:
    """A length of time as a person says it: `5 min`, `2 h 30 min`, `3 days 4 h`."""
    minutes = round(span / dt.timedelta(minutes=1))
    hours, days = minutes // 60, minutes // 1440
    if days >= 2:
        return f"{days} days {hours % 24} h" if hours % 24 else f"{days} days"
    parts = ([f"{hours} h"] if hours else []) + ([f"{minutes % 60} min"] if minutes % 60 or not hours else [])
    return " ".join(parts)


def _first(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    return rows.head(SHOWN).iter_rows(named=True)


def _table(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table; `columns` are names and types."""
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns.items()])
    return dg.MetadataValue.table([dg.TableRecord(dict(row)) for row in rows], schema)
