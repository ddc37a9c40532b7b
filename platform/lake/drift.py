"""Drift: the fields in bronze's records that the contract does not know.

Belongs here: how much of an hour is looked at. Not here: what a contract knows (`events.conform`), the check
(`assets.checks`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from events.conform import Conformers
from lake.reading import arrival_hour, files_of_hours, read_columns

EXACT_RECORDS, SAMPLE_RECORDS = 20_000, 5_000
BATCH_ROWS = 4096
LOOK_BYTES = 32 << 20  # of an hour; records may be large


@dataclass(frozen=True)
class Drift:
    """An hour's unknown fields: records by (dotted path, JSON type). `looked_at` of its `records` were looked at."""

    fields: Counter[tuple[str, str]]
    looked_at: int
    records: int


def find_drift(
    bronze: Table, snapshot: int | None, hours: Sequence[dt.datetime], conformers: Conformers
) -> dict[dt.datetime, Drift]:
    """The drift of each hour: of all its records if there are few, else of the first ones of each data file."""
    by_hour: dict[dt.datetime, list[DataFile]] = {hour: [] for hour in hours}
    for file in files_of_hours(bronze, hours, snapshot) if snapshot else []:
        hour = arrival_hour(file)
        if hour in by_hour:
            by_hour[hour].append(file)
    return {hour: _drift_of(bronze, files, conformers) for hour, files in by_hour.items()}


def _drift_of(bronze: Table, files: Sequence[DataFile], conformers: Conformers) -> Drift:
    total = sum(file.record_count for file in files)
    each = total if total <= EXACT_RECORDS else -(-SAMPLE_RECORDS // len(files))
    fields: Counter[tuple[str, str]] = Counter()
    looked_at = looked_bytes = 0
    for batch in (batch for file in files for batch in _first_rows(bronze, file, each)):
        fields += conformers.unknown(pa.Table.from_batches([batch]))
        looked_at += batch.num_rows
        looked_bytes += batch.nbytes
        if looked_bytes >= LOOK_BYTES:
            break
    return Drift(fields, looked_at, total)


def _first_rows(bronze: Table, file: DataFile, rows: int) -> Iterator[pa.RecordBatch]:
    for batch in read_columns(bronze, file, ["raw", "header"], min(rows, BATCH_ROWS)):
        yield batch[:rows]
        rows -= batch.num_rows
        if rows <= 0:
            return
