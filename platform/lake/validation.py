"""Validation: compute from stored rows what the checks need, in bounded memory.

Belongs here: reading the rows of some hours of a snapshot and computing over them. Not here: check results and what
passes (`assets.checks`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.rules import broken
from contracts.stream import Stream
from events.concurrency import THREADS, parallel_map
from lake.hour_counts import Counts, HourCounts
from lake.ledger import LEDGER_NAMES, count_objects
from lake.reading import as_frame, files_of_hours, read_hours, read_hours_in, rebatch, split_by_size
from lake.rejected_summary import READ, RejectedSummary

ROWS_AT_A_TIME = 100_000
Hours = Sequence[dt.datetime]
ByHour = dict[dt.datetime, Counts]


def compare_with_ledger(bronze: Table, hours: Hours, ledger: pl.DataFrame) -> pl.DataFrame:
    """Each landed object of the hours, by the ledger's column names, with its `records` in the ledger and its `rows` in
    bronze; 0 if it is missing in one of them."""
    rows = count_objects(read_hours(bronze, hours, [*LEDGER_NAMES]))
    objects = [*LEDGER_NAMES.values()]
    expected = ledger.filter(pl.col("records").is_not_null()).select(*objects, "records")
    both = expected.join(rows, on=objects, how="full", coalesce=True)
    return both.with_columns(pl.col("records", "rows").fill_null(0))


def validate(
    silver: Table, stream: Stream, snapshot: int | None, hours: Hours
) -> tuple[dict[dt.datetime, Counter[str]], ByHour]:
    """Silver's rows of the hours against the contract's rules: rows that break each rule by hour, and the row
    counts."""
    failures: dict[dt.datetime, Counter[str]] = {hour: Counter() for hour in hours}
    counts = HourCounts("event_at", stream.freshness)
    parts = split_by_size(files_of_hours(silver, hours, snapshot), THREADS)
    for found, more in parallel_map(lambda files: _validate_files(silver, stream, files, hours), parts):
        counts.add(more)
        for hour, rule, rows in found:
            failures[hour][rule] += rows
    return failures, counts.by_hour


def _validate_files(
    silver: Table, stream: Stream, files: Sequence[DataFile], hours: Hours
) -> tuple[list[tuple[dt.datetime, str, int]], ByHour]:
    """(hour, rule, rows that break it) of the hours' rows in some data files, and the row counts."""
    types = {name: stream.types[name] for name in stream.ruled}
    counts = HourCounts("event_at", stream.freshness)
    batches = read_hours_in(silver, files, hours, [*dict.fromkeys([*types, *counts.columns])])
    failures = []
    for rows in rebatch(batches, ROWS_AT_A_TIME):
        counts.observe(rows)
        arrivals = pl.Series(rows["_arrival_hour"])
        for found in broken(stream.rules, as_frame(rows.select([*types])).cast(types)):  # type: ignore[arg-type]
            of_hours = arrivals.filter(found.rows).value_counts()
            failures += [(hour, found.rule, count) for hour, count in of_hours.iter_rows()]
    return failures, counts.by_hour


def summarize_rejected(rejected: Table, snapshot: int | None, hours: Hours) -> tuple[pl.DataFrame, ByHour]:
    """The hours' rejected rows as `RejectedSummary.table` has them, and the row counts."""
    counts, summary = HourCounts(), RejectedSummary()
    batches = read_hours(rejected, hours, [*dict.fromkeys([*READ, *counts.columns])], snapshot)
    for rows in rebatch(batches, ROWS_AT_A_TIME):
        counts.observe(rows)
        summary.add(rows)
    return summary.table(), counts.by_hour
