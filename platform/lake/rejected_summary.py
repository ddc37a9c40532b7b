"""Rejected summary: rejected rows by hour, reason and column, with counts and examples.

Belongs here: what people see of a rejected row: where it is and what is wrong, never its bytes. Not here: which rows
are rejected (`judge_silver`), how many may be (`assets.checks`), how Dagster shows them (`assets.ui`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa
from pyiceberg.table import Table

from contracts.lineage import INSTANT
from contracts.stream import Stream
from events.rejections import REASONS
from lake.printable import printable
from lake.reading import as_frame, files_of, read, read_hours, rebatch
from lake.schemas import Layer
from lake.snapshots import SnapshotSet
from lake.tables import Lake
from partitions import key_of

EXAMPLES = 3
LISTED_HOURS = 24
# Columns of rejected that a summary needs, and what it calls them.
READ = {
    "_arrival_hour": "hour", "reason": "reason", "column": "column", "_source_file": "file", "_line": "line",
    "detail": "detail",
}  # fmt: skip
_GROUP = {"hour": INSTANT, "reason": pl.String(), "column": pl.String()}
_EXAMPLE = {"file": pl.String(), "line": pl.Int64(), "detail": pl.String()}
_SUMMARY = {**_GROUP, "records": pl.UInt32(), "examples": pl.List(pl.Struct(_EXAMPLE))}
_DETAIL_CHARACTERS = 1000
_ROWS_AT_A_TIME = 100_000


class RejectedSummary:
    """Sums up rejected rows part by part."""

    def __init__(self) -> None:
        self.groups = pl.DataFrame(schema=_SUMMARY)

    def add(self, rows: pa.Table) -> None:
        """Add rows with the columns `READ`."""
        frame = as_frame(rows.select([*READ])).rename(READ).with_columns(pl.col("detail").str.head(_DETAIL_CHARACTERS))
        more = _grouped(frame, pl.len(), pl.struct(*_EXAMPLE))
        both = pl.concat([self.groups, more])
        self.groups = _grouped(both, pl.col("records").sum(), pl.col("examples").explode())

    def table(self) -> pl.DataFrame:
        """By `hour`, `reason` and `column`: how many `records`, and the first ones as `examples` (structs of `file`,
        `line`, `detail`). Reasons are in the order of `REASONS`, then columns with the most records come first."""
        order = pl.col("reason").replace_strict({reason: n for n, reason in enumerate(REASONS)}, return_dtype=pl.Int8)
        return self.groups.sort("hour", order, -pl.col("records").cast(pl.Int64), "column")


def _grouped(rows: pl.DataFrame, records: pl.Expr, examples: pl.Expr) -> pl.DataFrame:
    first = examples.bottom_k(EXAMPLES).sort()
    return rows.group_by(*_GROUP).agg(records.alias("records"), first.alias("examples"))


def place(example: Mapping[str, Any]) -> str:
    """The landed object and line of an example."""
    return f"{printable(example['file'])}:{example['line']}"


def rejected_lines(lake: Lake, stream: Stream, hour: dt.datetime | None = None) -> Iterator[str]:
    """Lines for a terminal: the rejected records of one hour, or of the newest hours that have any."""
    silver, rejected = (lake.existing(layer, stream) for layer in (Layer.SILVER, Layer.REJECTED))
    snapshot = SnapshotSet.of(silver).rejected if silver else None
    hours = _hours(rejected, snapshot) if rejected and snapshot else []
    chosen = hours[:LISTED_HOURS] if hour is None else [hour] if hour in hours else []
    if not rejected or not chosen:
        yield f"{stream.name}: nothing is rejected" + (f" of {key_of(hour)}" if hour else "")
        return
    summary = RejectedSummary()
    for rows in rebatch(read_hours(rejected, chosen, list(READ), snapshot), _ROWS_AT_A_TIME):
        summary.add(rows)
    found = summary.table()
    for at in chosen:
        yield from _lines_of_hour(stream, at, found.filter(pl.col("hour") == at))
    if hour is None and len(hours) > len(chosen):
        earlier = f"{len(hours) - len(chosen):,}, back to {key_of(hours[-1])}"
        yield f"earlier hours with rejected records: {earlier}; name one to see it"


def _lines_of_hour(stream: Stream, hour: dt.datetime, groups: pl.DataFrame) -> Iterator[str]:
    yield f"{stream.name} {key_of(hour)}: {groups['records'].sum():,} rejected"
    for row in groups.iter_rows(named=True):
        yield f"  {row['reason']:<10} {row['column'] or '':<24} {row['records']:>9,}"
        yield from (f"      {place(example)}  {printable(example['detail'] or '')}" for example in row["examples"])


def _hours(rejected: Table, snapshot: int) -> list[dt.datetime]:
    """The arrival hours of a snapshot's rows, newest first."""
    batches = read(rejected, files_of(rejected, snapshot_id=snapshot), ["_arrival_hour"])
    return sorted({hour for batch in batches for hour in batch.column(0).unique().to_pylist()}, reverse=True)
