"""Ledger: what is known of every landed object, and whether bronze agrees.

Belongs here: reading the ledger, and which objects bronze holds without its knowing. Not here: what is written into it
and when (`load_bronze`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import polars as pl
from pyiceberg.table import Table

from lake.aggregates import row_counts
from lake.landing import NOT_READABLE
from lake.reading import arrival_hour, between, files_of, frame, read
from lake.snapshots import lineage, moves
from lake.tables import BRONZE_SNAPSHOT, rows_snapshot

# The ledger's hour for objects that lie outside all arrival hours: so early that nothing else is there.
ASTRAY = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
RETRY_AFTER = dt.timedelta(days=1)
EMPTIED = "emptied"  # bronze's snapshot names here the objects whose new content has no records
LOST = "lost"  # how a refusal begins whose records bronze had, before a data file of it was lost
LEDGER: dict[str, pl.DataType] = {
    "path": pl.String(),
    "version": pl.String(),
    "size": pl.Int64(),
    "arrival_hour": pl.Datetime("us", "UTC"),
    "records": pl.Int64(),
    "refused": pl.String(),
    "current": pl.Boolean(),
    "_ingested_at": pl.Datetime("us", "UTC"),
}
OBJECT = ["path", "version"]
_IN_BRONZE: dict[str, pl.DataType] = {
    "_source_file": pl.String(),
    "_source_version": pl.String(),
    "_arrival_hour": pl.Datetime("us", "UTC"),
}
_NAMES = dict(zip(_IN_BRONZE, (*OBJECT, "arrival_hour"), strict=True))


def ledger_rows(ledger: Table, hours: Sequence[dt.datetime] | None) -> pl.DataFrame:
    """The ledger's rows of the days of some hours (None: of all), and of objects that are of no hour."""
    return frame(read(ledger, files_of(ledger, None if hours is None else days(hours))), LEDGER)


def days(hours: Sequence[dt.datetime]) -> str:
    """The lake's filter for the ledger's rows of the days of some hours, and for the astray."""
    day = dt.timedelta(days=1)
    spans = [(ASTRAY, ASTRAY + day)]
    if hours:
        spans.append((min(hours).replace(hour=0), max(hours).replace(hour=0) + day))
    return " or ".join(f"({between('arrival_hour', first, end)})" for first, end in spans)


def of_hours(rows: pl.DataFrame, hours: Sequence[dt.datetime]) -> pl.DataFrame:
    return rows.filter(pl.col("arrival_hour").is_in(list(hours)))


def entered(known: pl.DataFrame, *, astray: bool, retried: pl.Expr) -> set[tuple[str, str]]:
    """The objects (path, version) that the ledger knows, of arrival hours or of none, but for those to be `retried`.

    One that lay ahead of its hour is astray until the hour has come, and new then.
    """
    rows = known.filter(((pl.col("arrival_hour") == ASTRAY) == astray) & ~retried)
    return set(rows.select(OBJECT).iter_rows())


def retried(since: dt.datetime | None = None) -> pl.Expr:
    """Which entries do not settle an object that lies there in that version.

    What bronze has lost is read again wherever it is found. What the storage did not give may come without a change
    of the object: whoever is at its hour tries again, and nobody is asked to before a day has passed (`since`).
    """
    old = pl.lit(True) if since is None else pl.col("_ingested_at") < since - RETRY_AFTER
    return _refused(LOST) | (_refused(NOT_READABLE) & old)


def _refused(how: str) -> pl.Expr:
    return pl.col("refused").str.starts_with(f"{how}:").fill_null(False)


def unentered(ledger: Table, bronze: Table) -> pl.DataFrame:
    """Objects (`OBJECT`, arrival hour and records) that bronze holds and the ledger does not know.

    A run that dies between its two commits leaves them. Nothing is read where the ledger names bronze's snapshot, and
    of bronze only the hours that have changed since the one it names.
    """
    snapshot = ledger.current_snapshot()
    told = snapshot.summary.get(BRONZE_SNAPSHOT) if snapshot and snapshot.summary else None
    named, current = int(told) if told else None, bronze.metadata.current_snapshot_id
    if named == rows_snapshot(bronze):
        return pl.DataFrame(schema={name: LEDGER[name] for name in (*OBJECT, "arrival_hour", "records")})
    moved = moves(bronze, named, current)
    hours = None if moved is None else sorted({arrival_hour(file) for _, file in moved})
    files = [file for file in files_of(bronze) if hours is None or arrival_hour(file) in hours]
    known = ledger_rows(ledger, hours).filter("current")
    held = row_counts(read(bronze, files, [*_IN_BRONZE]), _IN_BRONZE).rename({**_NAMES, "rows": "records"})
    emptied = known.select("path", "arrival_hour").join(_emptied(bronze, named), on="path")
    emptied = emptied.join(held, on="path", how="anti").with_columns(records=pl.lit(0, pl.Int64))
    found = pl.concat([held.cast({"records": pl.Int64}), emptied.select(held.columns)])
    return found.join(known.filter(pl.col("records").is_not_null()), on=OBJECT, how="anti")


def _emptied(bronze: Table, named: int | None) -> pl.DataFrame:
    """The objects that bronze's snapshots since `named` have emptied; the latest version of each."""
    snapshots = lineage(bronze, named, bronze.metadata.current_snapshot_id) or []
    told = (s.summary.get(EMPTIED) for s in snapshots if s.summary)
    rows = [row for text in told if text for row in json.loads(text)]
    return pl.DataFrame(rows, dict.fromkeys(OBJECT, pl.String()), orient="row").unique("path", keep="first")
