"""Changes: what lies between two snapshots of a table, read from the manifests alone.

Belongs here: which data files came and went, and which event dates gained or lost rows. Not here: reading rows or
committing (`lake`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from resources.lake import ROWS_OF, event_date


@dataclass(frozen=True)
class Change:
    """Rows that snapshots added to and removed from one event date."""

    added: int = 0
    removed: int = 0


def lineage(table: Table, older: int | None, newer: int | None) -> list[Snapshot] | None:
    """The snapshots after `older` up to `newer`, newest first; None when the way back has expired."""
    found = []
    step = newer
    while step is not None and step != older:
        snapshot = table.snapshot_by_id(step)
        if snapshot is None:
            return None
        found.append(snapshot)
        step = snapshot.parent_snapshot_id
    return found if step == older else None


def moves(table: Table, older: int | None, newer: int | None) -> list[tuple[ManifestEntryStatus, DataFile]] | None:
    """The data files that snapshots between two added and deleted, newest snapshot first.

    From the manifests alone: no data is read. Housekeeping's snapshots change no rows and do not count. None when
    `older` has expired, so that everything may have changed.
    """
    snapshots = lineage(table, older, newer)
    if snapshots is None:
        return None
    return [
        (entry.status, entry.data_file)
        for snapshot in snapshots
        if not (snapshot.summary and snapshot.summary.get(ROWS_OF))
        for manifest in snapshot.manifests(table.io)
        if manifest.added_snapshot_id == snapshot.snapshot_id
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False)
        if entry.snapshot_id == snapshot.snapshot_id and entry.status is not ManifestEntryStatus.EXISTING
    ]


def difference(table: Table, older: int | None, newer: int | None) -> dict[dt.date, Change] | None:
    """Rows added and removed by event date between two snapshots of a table partitioned by day; None as in `moves`."""
    moved = moves(table, older, newer)
    if moved is None:
        return None
    added: dict[dt.date, int] = defaultdict(int)
    removed: dict[dt.date, int] = defaultdict(int)
    for status, file in moved:
        counts = removed if status is ManifestEntryStatus.DELETED else added
        counts[event_date(file)] += file.record_count
    return {date: Change(added[date], removed[date]) for date in sorted({*added, *removed})}
