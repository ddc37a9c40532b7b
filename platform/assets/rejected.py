"""Rejected rows summed up for people: reasons and columns with counts and examples.

Belongs here: what is shown of a rejected row: where it is and what was wrong, never its bytes. Not here: which rows
are rejected (`judge_silver`), how many may be (`checks`), the terminal (`listing`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
import polars as pl
import pyarrow as pa

from assets.describe import printable, table_of
from events.rejections import REASONS
from lake.reading import as_frame, rebatch

EXAMPLES = 3
COLUMNS = {"reason": "string", "column": "string", "records": "int", "example": "string", "detail": "string"}
READ = {
    "_arrival_hour": "hour", "reason": "reason", "column": "column", "_source_file": "file", "_line": "line",
    "detail": "detail",
}  # fmt: skip
_GROUP = {"hour": pl.Datetime("us", "UTC"), "reason": pl.String(), "column": pl.String()}
_EXAMPLE = {"file": pl.String(), "line": pl.Int64(), "detail": pl.String()}
_GROUPS = {**_GROUP, "records": pl.UInt32(), "examples": pl.List(pl.Struct(_EXAMPLE))}
_SHOWN = 1000  # characters of a detail
_ENOUGH = 100_000  # rows to sum up at a time


def groups(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame:
    """Rejected rows (`READ`) by `hour`, `reason` and `column`: how many `records`, and the first as `examples`
    (structs of `file`, `line`, `detail`); reasons in their order, the most frequent columns first."""
    found = pl.DataFrame(schema=_GROUPS)
    for batch in rebatch(batches, _ENOUGH):
        rows = as_frame(batch).rename(READ).with_columns(pl.col("detail").str.head(_SHOWN))
        more = _summed(rows, pl.len(), pl.struct(*_EXAMPLE))
        found = _summed(pl.concat([found, more]), pl.col("records").sum(), pl.col("examples").explode())
    order = pl.col("reason").replace_strict({reason: n for n, reason in enumerate(REASONS)}, return_dtype=pl.Int8)
    return found.sort("hour", order, -pl.col("records").cast(pl.Int64), "column")


def _summed(rows: pl.DataFrame, records: pl.Expr, examples: pl.Expr) -> pl.DataFrame:
    first = examples.bottom_k(EXAMPLES).sort()
    return rows.group_by(*_GROUP).agg(records.alias("records"), first.alias("examples"))


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
