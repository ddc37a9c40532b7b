"""Commits: one snapshot that adds and removes data files, and holds only if no other snapshot came first.

Belongs here: committing, trying again, and going back to an earlier snapshot. Not here: opening tables (`tables`),
writing data files (`writing`), what a snapshot tells (`snapshots`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.table.update import TableUpdate
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles

from lake.folders import Folder
from lake.reading import files_of
from lake.snapshots import rows_snapshot

ATTEMPTS = 8
Result = TypeVar("Result")


class _Replace(_OverwriteFiles):
    """Adds and removes data files in one snapshot, and merges small manifests as pyiceberg's appends do.

    A commit that the catalog refuses is not sent again, because its rows were computed from a stale snapshot.
    pyiceberg still looks whether the commit is there, as the answer to the first of two requests may be lost.
    """

    def _refresh_for_retry(self) -> None:
        raise CommitFailedException("another snapshot came first")

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        merger = _ManifestMergeManager(
            target_size_bytes=8 << 20, min_count_to_merge=20, merge_enabled=True, snapshot_producer=self
        )
        return merger.merge_manifests(manifests)


class _Transaction(Transaction):
    """Computes its metadata once per change. pyiceberg copies all snapshots at every look."""

    _seen: tuple[tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        if not self._updates:
            return self._table.metadata
        if self._seen is None or self._seen[0] is not self._updates:
            self._seen = self._updates, super().table_metadata
        return self._seen[1]


def commit(
    table: Table, added: Sequence[DataFile], removed: Sequence[DataFile], properties: Mapping[str, str]
) -> Snapshot:
    """Commit one snapshot that adds and removes data files, on top of the snapshot at which `table` was loaded.

    `properties` are stored in the snapshot. Raises pyiceberg's `CommitFailedException` when another snapshot came
    first: then compute again what to add and remove (`retry_on_conflict`).
    """
    operation = Operation.OVERWRITE if removed else Operation.APPEND
    try:
        with _Transaction(table) as transaction:
            _stage(transaction, operation, added, removed, properties)
    except ValidationException as error:  # the snapshot that it was computed from has expired
        raise CommitFailedException(str(error)) from error
    Folder.of(table).note(table.metadata_location)
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return snapshot


def _stage(
    transaction: Transaction,
    operation: Operation,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
    properties: Mapping[str, str],
) -> None:
    producer = _Replace(operation, transaction, transaction._table.io, snapshot_properties=dict(properties))
    for file in added:
        producer.append_data_file(file)
    for file in removed:
        producer.delete_data_file(file)
    producer.commit()


def retry_on_conflict(attempt: Callable[[], Result]) -> Result:
    """Run `attempt` (load, compute, commit) until no other commit comes first. Raises the last of 8 failures."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except CommitFailedException:
            if number == ATTEMPTS:
                raise
            time.sleep(0.05 * 2**number)
    raise AssertionError("unreachable")


def restore_rows(table: Table, snapshot_id: int | None) -> Table:
    """Make the table hold the rows of an earlier snapshot again; None empties it. Commits only if rows differ."""
    if rows_snapshot(table) == snapshot_id:
        return table
    if snapshot_id is None:
        if files := files_of(table):
            commit(table, [], files, {})
        return table
    table.manage_snapshots().set_current_snapshot(snapshot_id).commit()
    return table.refresh()
