"""Ledger: what is known about every landed object, and whether bronze agrees.

Belongs here: reading the ledger, and finding objects that it lacks. Not here: writing entries (`load_bronze`), the
table's schema (`schemas`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence

import polars as pl
import pyarrow as pa
from pyiceberg.table import Table

from contracts.lineage import LINEAGE
from lake.landing import NOT_READABLE, LandedObject
from lake.reading import arrival_hour, concatenated, files_of, read, time_filter
from lake.row_counts import count_rows
from lake.schemas import LEDGER
from lake.snapshots import BRONZE_SNAPSHOT, files_changed, named_by, rows_snapshot, snapshots_between
from partitions import EPOCH, Window, inside_window

# The ledger's `arrival_hour` for objects outside the window: no real hour is that early.
OUTSIDE_HOUR = EPOCH
RETRY_AFTER = dt.timedelta(days=1)
EMPTIED = "emptied"  # property of a snapshot of bronze: the objects whose new content has no records
LOST = "lost"  # a refusal that begins so: bronze had the object's records and lost them with a data file
OBJECT = ["path", "version"]
LEDGER_NAMES = {"_arrival_hour": "arrival_hour", "_source_file": "path", "_source_version": "version"}
_LINEAGE = {name: LINEAGE[name] for name in LEDGER_NAMES}


def ledger_rows(ledger: Table, hours: Sequence[dt.datetime] | None) -> pl.DataFrame:
    """The ledger's rows (`LEDGER`) of the days of some hours (None: of all), and of objects outside the window."""
    return concatenated(read(ledger, files_of(ledger, None if hours is None else days_filter(hours))), LEDGER)


def days_filter(hours: Sequence[dt.datetime]) -> str:
    """Iceberg's filter for the ledger's rows of the days of some hours, and of objects outside the window."""
    day = dt.timedelta(days=1)
    ranges = [(OUTSIDE_HOUR, OUTSIDE_HOUR + day)]
    if hours:
        ranges.append((min(hours).replace(hour=0), max(hours).replace(hour=0) + day))
    return " or ".join(f"({time_filter('arrival_hour', first, end)})" for first, end in ranges)


def rows_of_hours(rows: pl.DataFrame, hours: Sequence[dt.datetime]) -> pl.DataFrame:
    """The rows of exactly these hours."""
    return rows.filter(pl.col("arrival_hour").is_in(list(hours)))


def known_objects(rows: pl.DataFrame, *, outside_window: bool, retry: pl.Expr) -> set[tuple[str, str]]:
    """The objects (path, version) that the ledger's rows settle: those entered inside the window, or outside it.

    `retry` selects the rows that settle nothing. An object that is ahead of its hour is entered as outside the window,
    and is new again when its hour has come.
    """
    settled = rows.filter(((pl.col("arrival_hour") == OUTSIDE_HOUR) == outside_window) & ~retry)
    return set(settled.select(OBJECT).iter_rows())


def settled_objects(
    rows: pl.DataFrame, landed: Iterable[LandedObject], window: Window, now: dt.datetime
) -> set[tuple[str, str]]:
    """The objects (path, version) that no run has to read, by the ledger's rows. `landed` are those to look for."""
    current, retry = rows.filter("current"), to_retry(now)
    outside = {(found.path, found.version) for found in landed if not inside_window(found.arrival_hour, window)}
    inside = known_objects(current, outside_window=False, retry=retry)
    return inside | (known_objects(current, outside_window=True, retry=retry) & outside)


def to_retry(now: dt.datetime | None = None) -> pl.Expr:
    """Which of the ledger's rows settle nothing: their objects are read again although they have not changed.

    These are objects whose records bronze has lost, and objects that the storage did not give. A run of their hour
    retries all of them. With `now`, objects that the storage did not give count only after a day.
    """
    due = pl.lit(True) if now is None else pl.col("_ingested_at") < now - RETRY_AFTER
    return _refused_as(LOST) | (_refused_as(NOT_READABLE) & due)


def next_retry(rows: pl.DataFrame, now: dt.datetime) -> dt.datetime | None:
    """When the first of these rows that settle something will settle it no longer (`to_retry`). None: never."""
    refused = rows.filter(_refused_as(NOT_READABLE) & ~to_retry(now))["_ingested_at"]
    return None if refused.is_empty() else min(refused) + RETRY_AFTER


def _refused_as(beginning: str) -> pl.Expr:
    return pl.col("refused").str.starts_with(f"{beginning}:").fill_null(False)


def count_objects(batches: Iterable[pa.RecordBatch]) -> pl.DataFrame:
    """How many `rows` each landed object has, under the ledger's names of the columns `LEDGER_NAMES`."""
    return count_rows(batches, _LINEAGE).rename(LEDGER_NAMES).cast({"rows": pl.Int64})


def missing_entries(ledger: Table, bronze: Table) -> pl.DataFrame:
    """Objects (`OBJECT`, `arrival_hour`, `records`) that bronze holds and the ledger lacks.

    A run that dies between its two commits leaves them. Reads nothing if the ledger names bronze's current rows, else
    only the hours of bronze that changed since the snapshot that the ledger names.
    """
    snapshot = ledger.current_snapshot()
    named = named_by(snapshot, BRONZE_SNAPSHOT) if snapshot else None
    if named == rows_snapshot(bronze):
        return pl.DataFrame(schema={name: LEDGER[name] for name in (*OBJECT, "arrival_hour", "records")})
    changed = files_changed(bronze, named, bronze.metadata.current_snapshot_id)
    hours = None if changed is None else sorted({arrival_hour(file) for _, file in changed})
    files = [file for file in files_of(bronze) if hours is None or arrival_hour(file) in hours]
    known = ledger_rows(ledger, hours).filter("current")
    held = count_objects(read(bronze, files, [*LEDGER_NAMES])).rename({"rows": "records"})
    emptied = known.select("path", "arrival_hour").join(_emptied(bronze, named), on="path")
    emptied = emptied.join(held, on="path", how="anti").with_columns(records=pl.lit(0, pl.Int64))
    found = pl.concat([held, emptied.select(held.columns)])
    return found.join(known.filter(pl.col("records").is_not_null()), on=OBJECT, how="anti")


def _emptied(bronze: Table, named: int | None) -> pl.DataFrame:
    """The objects (`OBJECT`) that bronze's snapshots since `named` have emptied; the latest version of each."""
    snapshots = snapshots_between(bronze, named, bronze.metadata.current_snapshot_id) or []
    texts = (snapshot.summary.get(EMPTIED) for snapshot in snapshots if snapshot.summary)
    rows = [row for text in texts if text for row in json.loads(text)]
    return pl.DataFrame(rows, dict.fromkeys(OBJECT, pl.String()), orient="row").unique("path", keep="first")
