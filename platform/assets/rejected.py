"""Rejected rows summed up for people: reasons and columns with counts and examples.

Belongs here: what is shown of a rejected row: where it is and what was wrong, never its bytes. Not here: which rows
are rejected (`reconcile`), how many may be (`checks`), the terminal (`listing`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl
from pyiceberg.table import Table

from assets.aggregates import grouped
from assets.describe import printable, table_of
from events.conform import REASONS

EXAMPLES = 3
COLUMNS = {"reason": "string", "column": "string", "records": "int", "example": "string", "detail": "string"}
_EXAMPLE = "{'file': _source_file, 'line': _line, 'detail': left(detail, 1000)}"
_GROUP = f"count(*) AS records, min_by({_EXAMPLE}, (_source_file, _line), {EXAMPLES}) AS examples"


def groups(rejected: Table, snapshot: int | None, hours: Sequence[dt.datetime]) -> pl.DataFrame:
    """Rejected rows of some hours by `hour`, `reason` and `column`: how many `records`, and the first as `examples`
    (structs of `file`, `line`, `detail`); reasons in their order, the most frequent columns first."""
    columns = ["reason", "column", "detail", "_source_file", "_line"]
    found = grouped(rejected, snapshot, hours, columns, _GROUP, 'reason, "column"')
    order = pl.col("reason").replace_strict({reason: n for n, reason in enumerate(REASONS)}, return_dtype=pl.Int8)
    return found.sort("hour", order, -pl.col("records"), "column")


def table(hour: pl.DataFrame) -> dg.TableMetadataValue:
    """One hour's `groups` as a table for the UI, each with its first example."""
    rows = [
        {
            "reason": row["reason"],
            "column": row["column"] or "",
            "records": row["records"],
            "example": place(row["examples"][0]),
            "detail": printable(row["examples"][0]["detail"] or ""),
        }
        for row in hour.iter_rows(named=True)
    ]
    return table_of(COLUMNS, rows)


def place(example: Mapping[str, Any]) -> str:
    """Where an example lies: its landed object and line."""
    return f"{printable(example['file'])}:{example['line']}"
