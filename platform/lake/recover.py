"""Recovery: registers tables again from their folders, after their catalog was lost.

Belongs here: finding the newest whole metadata of a folder, agreement between the tables of a stream, registration. Not
here: noticing that a catalog was lost (`tables`, `folders`), lost data files (`repair`), Dagster (`assets.recover`).

A table is registered at a copy of the chosen metadata. The copy has a higher version than all files of the folder, so
that none of them is newer than the catalog. It has the property `recovered-at`, so that the next upkeep leaves the
table alone. A crash leaves a table that the catalog does not know; the next recovery finds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar
from uuid import uuid4

from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import read_manifest_list
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import Snapshot, ancestors_of
from pyiceberg.table.update import (
    RemoveSnapshotRefUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
    update_table_metadata,
)

from lake.catalog import ensure_namespace, point
from lake.folders import RECOVERED, SUFFIX, Folder, version_of
from lake.schemas import Layer
from lake.snapshots import BRONZE_SNAPSHOT, REJECTED_SNAPSHOT, named_by
from lake.tables import UNREADABLE, Lake, Name

NAMED_BY_SILVER = {Layer.BRONZE: BRONZE_SNAPSHOT, Layer.REJECTED: REJECTED_SNAPSHOT}
Read = TypeVar("Read")


@dataclass(frozen=True)
class Recovered:
    """What was found and done for a table. Not `registered` if none of its metadata is whole."""

    table: str
    message: str
    registered: bool = True


@dataclass(frozen=True)
class Candidate:
    """A metadata file that can be read."""

    location: str
    metadata: TableMetadata

    @property
    def head(self) -> Snapshot | None:
        return self.metadata.current_snapshot()

    def rank(self, noted: str | None) -> tuple[int, int, bool, int]:
        """Sort key: newer metadata is higher. Of two files with one version, the `noted` one was committed."""
        sequence = getattr(self.metadata, "last_sequence_number", 0)  # format version 1 has none
        return sequence, version_of(self.location), self.location == noted, self.metadata.last_updated_ms


@dataclass(frozen=True)
class Survey:
    """A table's folder, and the metadata file that the catalog names, if it can be read."""

    name: Name
    folder: Folder
    named: str | None

    @cached_property
    def files(self) -> list[str]:
        """All metadata files, highest version first."""
        found = self.folder.metadata_files()
        return found if self.named is None or self.named in found else [*found, self.named]

    @cached_property
    def readable(self) -> list[Candidate]:
        read = ((file, _intact(partial(_metadata, self.folder.io, file))) for file in self.files)
        return [Candidate(file, metadata) for file, metadata in read if metadata]

    @cached_property
    def candidates(self) -> list[Candidate]:
        """The readable metadata of this table, newest first. Files copied from another folder name that folder."""
        mine, noted = _path(self.folder.location), self.folder.committed()
        found = (each for each in self.readable if _path(each.metadata.location.rstrip("/")) == mine)
        return sorted(found, key=lambda each: each.rank(noted), reverse=True)

    @cached_property
    def chosen(self) -> Candidate | None:
        """The newest candidate whose current snapshot has all its manifests."""
        return next((each for each in self.candidates if self._whole(each.head)), None)

    def last(self, fits: Callable[[Snapshot], bool]) -> Snapshot | None:
        """The latest snapshot in the chosen metadata's history that fits and has all its manifests."""
        if self.chosen is None:
            return None
        history = ancestors_of(self.chosen.head, self.chosen.metadata)
        return next((each for each in history if fits(each) and self._whole(each)), None)

    def _whole(self, snapshot: Snapshot | None) -> bool:
        return _intact(partial(_data_files, self.folder.io, snapshot)) is not None

    def loses_commits(self) -> bool:
        """Whether metadata that is known to be committed is newer than the chosen one."""
        evidence = self.folder.evidence()
        return bool(self.chosen and evidence and evidence.is_newer_than(self.chosen.location))


def survey(lake: Lake, name: Name) -> Survey:
    """Look at a table, whether or not the catalog knows it."""
    try:
        table = lake.catalog.load_table(name)
    except (NoSuchTableError, *UNREADABLE):
        return Survey(name, lake.folder(name), None)
    return Survey(name, Folder.of(table), table.metadata_location)


def recover_stream(lake: Lake, stream: str, now: dt.datetime) -> Iterator[Recovered]:
    """Register the tables of a stream that are not registered at their newest whole state.

    If silver's snapshot names a snapshot of bronze or rejected that is gone, silver goes back to an earlier snapshot.
    If bronze goes back, the ledger goes back to before bronze's last commit. The next run then loads again what the
    ledger lacks.
    """
    found = {layer: survey(lake, (layer.value, stream)) for layer in Layer}
    heads = {layer: each.chosen.head if each.chosen else None for layer, each in found.items()}
    silver, ledger, bronze = (found[layer].chosen for layer in (Layer.SILVER, Layer.LEDGER, Layer.BRONZE))
    if silver:
        others = {name: chosen.metadata for layer, name in NAMED_BY_SILVER.items() if (chosen := found[layer].chosen)}
        # If no snapshot agrees, silver keeps its newest rows: they may be the only ones left.
        heads[Layer.SILVER] = found[Layer.SILVER].last(lambda each: _agrees(each, others)) or silver.head
    if ledger and bronze and found[Layer.BRONZE].loses_commits():
        last = bronze.head.timestamp_ms if bronze.head else 0
        heads[Layer.LEDGER] = found[Layer.LEDGER].last(lambda each: each.timestamp_ms <= last)
    for layer, each in found.items():
        yield _recover(lake, each, heads[layer], now)


def recover_namespace(lake: Lake, namespace: str, now: dt.datetime) -> Iterator[Recovered]:
    """Register the tables of a namespace that are not registered at their newest whole state, each for itself."""
    ensure_namespace(lake.catalog, namespace)
    for table in lake.folder((namespace, "")).children():
        found = survey(lake, (namespace, table))
        yield _recover(lake, found, found.chosen.head if found.chosen else None, now)


def _recover(lake: Lake, found: Survey, head: Snapshot | None, now: dt.datetime) -> Recovered:
    table, chosen = ".".join(found.name), found.chosen
    if chosen is None and found.folder.is_unused():
        return Recovered(table, "nothing to recover")
    if chosen is None:
        elsewhere = {each.metadata.location for each in found.readable} - {found.folder.location}
        copied = f"; they are of a table in {', '.join(sorted(elsewhere))}" if elsewhere else ""
        why = f"of {len(found.files)} metadata files in {found.folder.location} none is whole{copied}. Put the folder "
        return Recovered(table, why + "back from a backup, or move it away: a run then makes an empty table", False)
    lost = _missing(found.folder, head)
    gone = f"; {lost} of its data files are gone" if lost else ""
    ahead = version_of(found.files[0]) > version_of(chosen.location)
    if found.named == chosen.location and head == chosen.head and not ahead:
        return Recovered(table, f"already current, at {chosen.location}{gone}")
    gave_up = found.loses_commits() or chosen is not found.candidates[0] or head != chosen.head
    location = _register(lake, found, chosen, head, now)
    holds = f"snapshot {head.snapshot_id} of {_time(head)}" if head else "no snapshot"
    before = f"the catalog named {found.named}" if found.named else "the catalog named nothing that can be read"
    newer = "; newer metadata is not whole, or names snapshots of other tables that are gone" if gave_up else ""
    return Recovered(table, f"registered at {location}, from {chosen.location}: {holds}; {before}{newer}{gone}")


def _register(lake: Lake, found: Survey, chosen: Candidate, head: Snapshot | None, now: dt.datetime) -> str:
    """Register a copy of the chosen metadata, with `head` as its current snapshot; returns the copy's location."""
    updates: list[TableUpdate] = [SetPropertiesUpdate(updates={RECOVERED: now.isoformat(timespec="seconds")})]
    if head is None:
        updates.append(RemoveSnapshotRefUpdate.model_validate({"ref-name": MAIN_BRANCH}))
    elif head != chosen.head:
        main = {"ref-name": MAIN_BRANCH, "type": SnapshotRefType.BRANCH, "snapshot-id": head.snapshot_id}
        updates.append(SetSnapshotRefUpdate.model_validate(main))
    metadata = update_table_metadata(chosen.metadata, tuple(updates), metadata_location=chosen.location)
    version = max(map(version_of, found.files)) + 1
    location = f"{found.folder.location}/metadata/{version:05d}-{uuid4()}{SUFFIX}"
    ToOutputFile.table_metadata(metadata, found.folder.io.new_output(location))
    point(lake.catalog, lake.kind, found.name, location, metadata)
    found.folder.note(location)
    return location


def _intact(read: Callable[[], Read]) -> Read | None:
    """What `read` returns, or None if the file is missing or damaged. Raises other errors of the storage."""
    try:
        return read()
    except FileNotFoundError:
        return None
    except OSError:
        raise
    except Exception:  # each reader fails on damaged bytes in its own way
        return None


def _metadata(io: FileIO, location: str) -> TableMetadata:
    return FromInputFile.table_metadata(io.new_input(location))


def _data_files(io: FileIO, snapshot: Snapshot | None) -> list[str]:
    """The paths of a snapshot's data files. Reads all manifests; raises if one is missing or damaged."""
    found = []
    for manifest in read_manifest_list(io.new_input(snapshot.manifest_list)) if snapshot else ():
        if len(io.new_input(manifest.manifest_path)) != manifest.manifest_length:
            raise ValueError(f"{manifest.manifest_path} has another length than the manifest list says")
        found += [entry.data_file.file_path for entry in manifest.fetch_manifest_entry(io)]
    return found


def _missing(folder: Folder, snapshot: Snapshot | None) -> int:
    """How many of a snapshot's data files are gone."""
    there = {file.path for file in folder.files()}
    elsewhere = [path for path in _data_files(folder.io, snapshot) if _path(path) not in there]
    return sum(not folder.io.new_input(path).exists() for path in elsewhere)


def _agrees(snapshot: Snapshot, others: Mapping[str, TableMetadata]) -> bool:
    """Whether `others`, by the property that names their snapshot, still hold the snapshots that this one names."""
    named = {name: named_by(snapshot, name) for name in others}
    return all(value is None or others[name].snapshot_by_id(value) for name, value in named.items())


def _path(location: str) -> str:
    return str(PyArrowFileIO.parse_location(location)[2])


def _time(snapshot: Snapshot) -> str:
    return dt.datetime.fromtimestamp(snapshot.timestamp_ms / 1000, dt.UTC).isoformat(timespec="seconds")
