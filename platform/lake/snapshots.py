"""Changes: what lies between two snapshots of a table, read from the manifests alone.

Belongs here: which data files came and went. Not here: what that means for gold (`touched`), reading rows or committing
(`lake`).
"""

from __future__ import annotations

from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lake.tables import ROWS_OF


def lineage(table: Table, older: int | None, newer: int | None) -> list[Snapshot] | None:
    """The snapshots after `older` up to `newer`, newest first; None when the way back has expired.

    Expiry takes the parent from the snapshot that it leaves as the oldest: only a table's first one begins at nothing.
    """
    found = []
    step = newer
    while step is not None and step != older:
        snapshot = table.snapshot_by_id(step)
        if snapshot is None:
            return None
        found.append(snapshot)
        step = snapshot.parent_snapshot_id
    begins = older is not None or not found or found[-1].sequence_number == 1
    return found if step == older and begins else None


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
