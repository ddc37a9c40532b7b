"""The lake: Iceberg tables in a catalog, read and committed by snapshot.

Belongs here: opening tables, and commits that hold only for the snapshot they were computed from. Not here: schemas
(`schemas`), reading files (`reading`) and writing them (`writing`), cleaning up (`housekeeping`), what a folder holds
(`folders`), mending a lost catalog (`recovery`), and what a table means (the assets).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pyiceberg.catalog import Catalog, CatalogType
from pyiceberg.exceptions import (
    CommitFailedException,
    NoSuchTableError,
    TableAlreadyExistsError,
    ValidationException,
)
from pyiceberg.exceptions import ValidationError as MetadataError
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.table.update import TableUpdate
from pyiceberg.table.update.snapshot import _ManifestMergeManager, _OverwriteFiles

from contracts.stream import Stream
from lake.catalog import ensure_namespace, open_catalog
from lake.folders import RECOVER, CatalogLost, Folder
from lake.reading import files_of
from lake.schemas import Layer, definition, evolve

ROWS_OF = "rows-of"  # a housekeeping snapshot names here the snapshot whose rows it holds
BRONZE_SNAPSHOT = "bronze-snapshot"  # a snapshot of ledger or silver names here the one of bronze that it agrees with
ATTEMPTS = 8
UNREADABLE = (FileNotFoundError, MetadataError)  # what loading a table raises whose metadata is gone or damaged
Name = tuple[str, str]  # namespace and table
Result = TypeVar("Result")


class _Replace(_OverwriteFiles):
    """Adds and removes named data files in one snapshot, merging small manifests as appends do.

    A commit that the catalog refuses is not tried again: what is stale has to be computed again. But whether it is
    there after all is looked up, as the answer to the first of two requests may have got lost.
    """

    def _refresh_for_retry(self) -> None:
        raise CommitFailedException("another snapshot came first")

    def _process_manifests(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        merger = _ManifestMergeManager(
            target_size_bytes=8 << 20, min_count_to_merge=20, merge_enabled=True, snapshot_producer=self
        )
        return merger.merge_manifests(manifests)


class _Transaction(Transaction):
    """Its metadata is made once for every change of it: pyiceberg copies all snapshots at every look."""

    _seen: tuple[tuple[TableUpdate, ...], TableMetadata] | None = None

    @property
    def table_metadata(self) -> TableMetadata:
        if not self._updates:
            return self._table.metadata
        if self._seen is None or self._seen[0] is not self._updates:
            self._seen = self._updates, super().table_metadata
        return self._seen[1]


@dataclass(frozen=True)
class Lake:
    """Iceberg tables `<layer>.<stream>`; `properties` are pyiceberg's for the catalog named `lake`, of type `kind`."""

    properties: Mapping[str, str]
    scratch: Path
    kind: CatalogType = CatalogType.SQL

    @cached_property
    def catalog(self) -> Catalog:
        """The catalog, with a namespace for each layer. Raises `CatalogLost` where its file cannot be read."""
        catalog = open_catalog(self.kind, self.properties)
        for layer in Layer:
            ensure_namespace(catalog, layer.value)
        return catalog

    @cached_property
    def _known(self) -> set[tuple[str, Stream]]:
        return set()

    @cached_property
    def _trusted(self) -> set[Name]:
        """The tables of which the catalog has been found to name the present state."""
        return set()

    def table(self, layer: Layer, stream: Stream) -> Table:
        """The table at its current snapshot; created or evolved to the contract the first time it is asked for.

        Raises `IncompatibleContract` where the contract asks for something that the table cannot become, and
        `CatalogLost` as `load` and `create` do.
        """
        name = (layer.value, stream.name)
        if (layer.value, stream) in self._known:
            return self.load(name)
        wanted = definition(layer, stream)
        try:
            table = self.load(name)
        except NoSuchTableError:
            table = self.create(name, wanted.schema, wanted.spec, wanted.properties)
        table = evolve(table, wanted.schema)
        self._known.add((layer.value, stream))
        return table

    def load(self, name: Name) -> Table:
        """A table at its current snapshot.

        Raises pyiceberg's `NoSuchTableError`, and `CatalogLost` where the catalog names metadata that cannot be read,
        or an older state than the table's folder (which is looked for once a table).
        """
        try:
            table = self.catalog.load_table(name)
            if name not in self._trusted and (evidence := Folder.of(table).evidence()):
                if evidence.refutes(table.metadata_location):  # or somebody has committed in between
                    table = self.catalog.load_table(name)
                evidence.demand(table)
        except UNREADABLE as error:
            why = str(error).splitlines()[0]
            raise CatalogLost(
                f"table {'.'.join(name)}: the catalog names metadata that cannot be read: {why}. {RECOVER}"
            ) from error
        self._trusted.add(name)
        return table

    def create(self, name: Name, schema: Schema, spec: PartitionSpec, properties: Mapping[str, str]) -> Table:
        """A new table, or the one that another process has just made.

        Raises `CatalogLost` where the table's folder holds files of a table already.
        """
        folder = self.folder(name)
        if not folder.is_unused() and not self.catalog.table_exists(name):
            raise CatalogLost(
                f"table {'.'.join(name)}: the catalog does not know it, but {folder.location} holds files of a table. "
                f"A new one there would have them deleted as orphans. {RECOVER} If it was dropped on purpose, move the "
                "folder away."
            )
        try:
            return self.catalog.create_table(name, schema, partition_spec=spec, properties=dict(properties))
        except TableAlreadyExistsError:
            return self.load(name)

    def folder(self, name: Name) -> Folder:
        """Where a table lies that the catalog does not know."""
        location = self.catalog._resolve_table_location(None, *name).rstrip("/")  # type: ignore[attr-defined]
        return Folder(location, self.catalog._load_file_io(location=location))


def commit(
    table: Table, added: Sequence[DataFile], removed: Sequence[DataFile], properties: Mapping[str, str]
) -> Snapshot:
    """One snapshot that adds and removes data files, on top of the snapshot at which `table` was loaded.

    Raises pyiceberg's `CommitFailedException` when another snapshot came first: what to add and remove then has to
    be computed again.
    """
    operation = Operation.OVERWRITE if removed else Operation.APPEND
    try:
        with _Transaction(table) as transaction:
            _stage(transaction, operation, added, removed, properties)
    except ValidationException as error:  # not even the snapshot that it was computed from is there any more
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


def recompute(attempt: Callable[[], Result]) -> Result:
    """Run `attempt` (load, compute, commit) until its commit holds. Raises the last failure after eight of them."""
    for number in range(1, ATTEMPTS + 1):
        try:
            return attempt()
        except CommitFailedException:
            if number == ATTEMPTS:
                raise
            time.sleep(0.05 * 2**number)
    raise AssertionError("unreachable")


def rows_snapshot(table: Table) -> int | None:
    """The snapshot whose rows the table holds now: its current one, or the one that housekeeping only rewrote."""
    snapshot = table.current_snapshot()
    if snapshot is None:
        return None
    named = snapshot.summary.get(ROWS_OF) if snapshot.summary else None
    return int(named) if named else snapshot.snapshot_id


def restore(table: Table, snapshot_id: int | None) -> Table:
    """Make the table hold the rows of an earlier snapshot again; None is the empty table."""
    if rows_snapshot(table) == snapshot_id:
        return table
    if snapshot_id is None:
        if files := files_of(table):
            commit(table, [], files, {})
        return table
    table.manage_snapshots().set_current_snapshot(snapshot_id).commit()
    return table.refresh()
