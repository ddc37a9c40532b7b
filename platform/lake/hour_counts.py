"""Hour counts: how many rows a snapshot has of each arrival hour, and a digest of their records.

Belongs here: counting rows while they are read. Not here: the digest (`events.row_identity`), what has to hold
(`assets.checks`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from contracts.lineage import LINEAGE
from events.row_identity import DIGESTS, identity_digest
from lake.reading import read_hours


class Counts(NamedTuple):
    """The number of an hour's rows and the digest of their identities.

    If event times were asked for: the newest one, and how many rows are late (`HourCounts`).
    """

    rows: int = 0
    digest: int = 0
    newest: dt.datetime | None = None
    late: int = 0

    def plus(self, other: Counts) -> Counts:
        """The counts of both sets of rows together."""
        newest = max(filter(None, (self.newest, other.newest)), default=None)
        digest = (self.digest + other.digest) % DIGESTS
        return Counts(self.rows + other.rows, digest, newest, self.late + other.late)


class HourCounts:
    """Counts rows hour by hour. `time_column` names the column whose newest value is kept.

    A row is late if its time lies more than `freshness` before the end of its arrival hour.
    """

    def __init__(self, time_column: str | None = None, freshness: dt.timedelta = dt.timedelta.max) -> None:
        self.time_column, self.freshness = time_column, freshness
        self.by_hour: dict[dt.datetime, Counts] = {}

    @property
    def columns(self) -> list[str]:
        """The columns that observed rows must have."""
        return [*LINEAGE, *([self.time_column] if self.time_column else [])]

    def observe(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Count rows, which have at least `columns`."""
        known = rows.select(self.columns)
        for batch in known.to_batches() if isinstance(known, pa.Table) else [known]:
            self.add({hour: self._counts(hour, part) for hour, part in _split_by_hour(batch)})

    def add(self, counts: Mapping[dt.datetime, Counts]) -> None:
        """Add what was counted elsewhere."""
        for hour, more in counts.items():
            self.by_hour[hour] = self.by_hour.get(hour, Counts()).plus(more)

    def _counts(self, hour: dt.datetime, rows: pa.RecordBatch) -> Counts:
        files, versions, lines = map(rows.column, ("_source_file", "_source_version", "_line"))
        counts = Counts(len(rows), identity_digest(files, versions, lines))
        if not self.time_column:
            return counts
        times = rows.column(self.time_column)
        return counts._replace(newest=pc.max(times).as_py(), late=self._late(hour, times))

    def _late(self, hour: dt.datetime, times: pa.Array) -> int:
        if self.freshness == dt.timedelta.max:
            return 0
        earliest = hour + dt.timedelta(hours=1) - self.freshness
        return pc.sum(pc.less(times, pa.scalar(earliest, times.type))).as_py() or 0


def count_hours(
    table: Table, snapshot: int | None, hours: Sequence[dt.datetime], time_column: str | None = None
) -> dict[dt.datetime, Counts]:
    """The counts of a snapshot's rows of some hours; an hour without rows is left out."""
    counts = HourCounts(time_column)
    for batch in read_hours(table, hours, counts.columns, snapshot):
        counts.observe(batch)
    return counts.by_hour


def _split_by_hour(batch: pa.RecordBatch) -> Iterator[tuple[dt.datetime, pa.RecordBatch]]:
    arrivals = batch.column("_arrival_hour")
    hours = pc.unique(arrivals)
    for hour in hours:
        yield hour.as_py(), batch if len(hours) == 1 else batch.filter(pc.equal(arrivals, hour))
