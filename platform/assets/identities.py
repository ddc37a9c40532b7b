"""Identities: how many rows a snapshot has of each arrival hour, and a digest of which ones these are.

Belongs here: reading them, in bounded memory. Not here: the digest (`events.identity`), what has to hold (`checks`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from events.identity import DIGESTS, digest_of
from events.judge import IDENTITY
from resources.rows import read_hours


class Counts(NamedTuple):
    """What a snapshot holds of an hour; `digest` is of the rows' identities, `newest` the newest event asked for.

    Bronze's identities are distinct by construction.
    """

    rows: int = 0
    digest: int = 0
    newest: dt.datetime | None = None


def counts_of(
    table: Table, snapshot: int | None, hours: Sequence[dt.datetime], newest: str | None = None
) -> dict[dt.datetime, Counts]:
    """The counts of hours that have rows; `newest` names the column of event times."""
    found: dict[dt.datetime, Counts] = {}
    columns = [*IDENTITY, *([newest] if newest else [])]
    for batch in read_hours(table, hours, columns, snapshot):
        for hour, rows in _by_hour(batch):
            before = found.get(hour, Counts())
            digest = (before.digest + digest_of(*map(rows.column, IDENTITY[1:]))) % DIGESTS
            times = (before.newest, pc.max(rows.column(newest)).as_py() if newest else None)
            found[hour] = Counts(before.rows + len(rows), digest, max(filter(None, times), default=None))
    return found


def _by_hour(batch: pa.RecordBatch) -> Iterator[tuple[dt.datetime, pa.RecordBatch]]:
    arrivals = batch.column("_arrival_hour")
    hours = pc.unique(arrivals)
    for hour in hours:
        yield hour.as_py(), batch if len(hours) == 1 else batch.filter(pc.equal(arrivals, hour))
