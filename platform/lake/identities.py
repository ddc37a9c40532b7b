"""Identities: how many rows a snapshot has of each arrival hour, and a digest of which ones these are.

Belongs here: reading them, in bounded memory. Not here: the digest (`events.identity`), what has to hold (`checks`).
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from events.dedup.verdicts import IDENTITY
from events.identity import DIGESTS, digest_of
from lake.reading import read_hours


class Counts(NamedTuple):
    """What a snapshot holds of an hour; `digest` is of the rows' identities, `newest` the newest event asked for.

    Bronze's identities are distinct by construction.
    """

    rows: int = 0
    digest: int = 0
    newest: dt.datetime | None = None

    def plus(self, other: Counts) -> Counts:
        """What both hold together."""
        newest = max(filter(None, (self.newest, other.newest)), default=None)
        return Counts(self.rows + other.rows, (self.digest + other.digest) % DIGESTS, newest)


class Tally:
    """Counts rows as they pass, hour by hour; `newest` names the column of event times."""

    def __init__(self, newest: str | None = None) -> None:
        self.newest = newest
        self.counts: dict[dt.datetime, Counts] = {}

    @property
    def columns(self) -> list[str]:
        """What rows have to have."""
        return [*IDENTITY, *([self.newest] if self.newest else [])]

    def passing(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches; each is counted as it is taken."""
        for batch in batches:
            self.add({hour: self._counts(rows) for hour, rows in _by_hour(batch.select(self.columns))})
            yield batch

    def add(self, counts: Mapping[dt.datetime, Counts]) -> None:
        """Count what has been counted elsewhere."""
        for hour, more in counts.items():
            self.counts[hour] = self.counts.get(hour, Counts()).plus(more)

    def _counts(self, rows: pa.RecordBatch) -> Counts:
        newest = pc.max(rows.column(self.newest)).as_py() if self.newest else None
        return Counts(len(rows), digest_of(*map(rows.column, IDENTITY[1:])), newest)


def counts_of(
    table: Table, snapshot: int | None, hours: Sequence[dt.datetime], newest: str | None = None
) -> dict[dt.datetime, Counts]:
    """The counts of those hours that a snapshot has rows of."""
    tally = Tally(newest)
    deque(tally.passing(read_hours(table, hours, tally.columns, snapshot)), maxlen=0)
    return tally.counts


def _by_hour(batch: pa.RecordBatch) -> Iterator[tuple[dt.datetime, pa.RecordBatch]]:
    arrivals = batch.column("_arrival_hour")
    hours = pc.unique(arrivals)
    for hour in hours:
        yield hour.as_py(), batch if len(hours) == 1 else batch.filter(pc.equal(arrivals, hour))
