"""Snapshots: what a snapshot's properties name, and which data files changed between two snapshots.

Belongs here: what the metadata and manifests tell. Not here: reading rows (`reading`), committing (`commits`), what a
change means for gold (`changed_dates`).
"""

from __future__ import annotations

from dataclasses import dataclass

from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

# Properties of snapshots. Do not rename them: existing tables hold them.
ROWS_OF = "rows-of"  # on upkeep's snapshots: the snapshot whose rows it holds
BRONZE_SNAPSHOT = "bronze-snapshot"  # on snapshots of ledger and silver: the snapshot of bronze it agrees with
REJECTED_SNAPSHOT = "rejected-snapshot"  # on snapshots of silver: the snapshot of rejected that belongs to it
CONTRACT_VERSION = "contract-version"  # on snapshots of silver: the version of the contract at its commit


@dataclass(frozen=True)
class SnapshotSet:
    """The snapshots that belong together: silver's, and those of bronze and rejected that it names."""

    silver: int | None
    bronze: int | None
    rejected: int | None

    @classmethod
    def of(cls, silver: Table) -> SnapshotSet:
        """The set that the current snapshot of silver names."""
        snapshot = silver.current_snapshot()
        if snapshot is None:
            return cls(None, None, None)
        return cls(snapshot.snapshot_id, named_by(snapshot, BRONZE_SNAPSHOT), named_by(snapshot, REJECTED_SNAPSHOT))


def named_by(snapshot: Snapshot, name: str) -> int | None:
    """The id of the snapshot that a property of a snapshot names."""
    value = snapshot.summary.get(name) if snapshot.summary else None
    return int(value) if value else None


def rows_snapshot(table: Table) -> int | None:
    """The snapshot whose rows the table holds now: its current one, or the one that upkeep rewrote."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return None
    return named_by(snapshot, ROWS_OF) or snapshot.snapshot_id


def snapshots_between(table: Table, older: int | None, newer: int | None) -> list[Snapshot] | None:
    """The snapshots after `older` up to `newer`, newest first. None if one of them has expired.

    Expiry removes the parent id from the oldest snapshot it leaves. So a snapshot without a parent is the table's first
    only if its sequence number is 1.
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


def files_changed(
    table: Table, older: int | None, newer: int | None
) -> list[tuple[ManifestEntryStatus, DataFile]] | None:
    """The data files that the snapshots between two added and deleted, newest snapshot first.

    Reads manifests, no data. Leaves out upkeep's snapshots, which change no rows. None if `older` has expired:
    then anything may have changed.
    """
    snapshots = snapshots_between(table, older, newer)
    if snapshots is None:
        return None
    return [
        (entry.status, entry.data_file)
        for snapshot in snapshots
        if named_by(snapshot, ROWS_OF) is None
        for manifest in snapshot.manifests(table.io)
        if manifest.added_snapshot_id == snapshot.snapshot_id
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=False)
        if entry.snapshot_id == snapshot.snapshot_id and entry.status is not ManifestEntryStatus.EXISTING
    ]


def named_by_any(silver: Table) -> set[int]:
    """The snapshots of bronze and rejected that silver's snapshots name."""
    named = (named_by(s, name) for s in silver.snapshots() for name in (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT))
    return {snapshot for snapshot in named if snapshot is not None}
