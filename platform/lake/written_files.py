"""Written files: how many data files the snapshots of a table have added, and their bytes. No manifest is read."""

from __future__ import annotations

from typing import NamedTuple

from pyiceberg.table import Table

from lake.snapshots import snapshots_between


class Written(NamedTuple):
    """Data files, and their bytes."""

    files: int
    bytes: int


def current_snapshot(table: Table | None) -> int | None:
    """The id of a table's current snapshot, for `written_since`; None if there is none, or no table."""
    return table.metadata.current_snapshot_id if table else None


def written_since(table: Table, older: int | None) -> Written:
    """What the snapshots after `older` have added. Nothing if one of them has expired."""
    snapshots = snapshots_between(table, older, table.metadata.current_snapshot_id) or []
    summaries = [snapshot.summary for snapshot in snapshots if snapshot.summary]
    files, size = (
        sum(int(summary.get(name) or 0) for summary in summaries) for name in ("added-data-files", "added-files-size")
    )
    return Written(files, size)


def stored_bytes(table: Table) -> int:
    """The bytes of the data files of the current snapshot."""
    snapshot = table.current_snapshot()
    return int(snapshot.summary.get("total-files-size") or 0) if snapshot and snapshot.summary else 0
