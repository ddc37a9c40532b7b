"""Drift: what records have in them that their contract does not know, from bronze's own bytes.

Belongs here: how much of an hour is looked at, and how what was found is shown. Not here: what a contract knows
(`events.conform`), the check that says it (`checks`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from assets.describe import printable, table_of
from events.conform import Conformers
from lake.reading import arrival_hour, files_within, read_columns

EXACT_RECORDS, SAMPLE_RECORDS = 20_000, 5_000
BATCH_ROWS = 4096
LOOK_BYTES = 32 << 20  # of an hour; records may be large
SHOWN_FIELDS = 50
COLUMNS = {"field": "string", "type": "string", "records": "int"}


@dataclass(frozen=True)
class Drift:
    """An hour's unknown fields, by dotted path and JSON type, and of how many of its records that is."""

    fields: Counter[tuple[str, str]]
    looked_at: int
    records: int

    @property
    def metadata(self) -> dict[str, Any]:
        """For the UI: the most frequent fields as a table, names only."""
        ordered = sorted(self.fields.items(), key=lambda item: (-item[1], item[0]))[:SHOWN_FIELDS]
        rows = [{"field": printable(path), "type": kind, "records": count} for (path, kind), count in ordered]
        return {
            "unknown_fields": len({path for path, _ in self.fields}),
            "fields": table_of(COLUMNS, rows),
            "records_looked_at": self.looked_at,
            "records": self.records,
        }


def drifts(
    bronze: Table, snapshot: int | None, hours: Sequence[dt.datetime], conformers: Conformers
) -> dict[dt.datetime, Drift]:
    """Each hour's drift: of all its records where there are few, else of the first ones of each data file."""
    by_hour: dict[dt.datetime, list[DataFile]] = {hour: [] for hour in hours}
    for file in files_within(bronze, hours, snapshot) if snapshot else []:
        hour = arrival_hour(file)
        if hour in by_hour:
            by_hour[hour].append(file)
    return {hour: _of(bronze, files, conformers) for hour, files in by_hour.items()}


def _of(bronze: Table, files: Sequence[DataFile], conformers: Conformers) -> Drift:
    total = sum(file.record_count for file in files)
    each = total if total <= EXACT_RECORDS else -(-SAMPLE_RECORDS // len(files))
    fields: Counter[tuple[str, str]] = Counter()
    looked_at = looked_bytes = 0
    for batch in (batch for file in files for batch in _first(bronze, file, each)):
        fields += conformers.unknown(pa.Table.from_batches([batch]))
        looked_at += batch.num_rows
        looked_bytes += batch.nbytes
        if looked_bytes >= LOOK_BYTES:
            break
    return Drift(fields, looked_at, total)


def _first(bronze: Table, file: DataFile, rows: int) -> Iterator[pa.RecordBatch]:
    """The first rows of a data file."""
    for batch in read_columns(bronze, file, ["raw", "header"], min(rows, BATCH_ROWS)):
        yield batch[:rows]
        rows -= batch.num_rows
        if rows <= 0:
            return
