"""Upkeep: merges small files, expires old snapshots, and deletes files that no snapshot needs.

Belongs here: what may be deleted, and when. Not here: when upkeep runs, and for which tables (`assets.upkeep`). No row
changes: a compaction's snapshot names the snapshot whose rows it holds (`ROWS_OF`), and readers of changes skip it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
from pyarrow import fs
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lake.commits import commit
from lake.folders import RECOVER, RECOVERED, SUFFIX, CatalogLost, Folder, version_of
from lake.reading import as_frame, files_of, read
from lake.snapshots import BRONZE_SNAPSHOT, CONTRACT_VERSION, REJECTED_SNAPSHOT, ROWS_OF, rows_snapshot
from lake.writing import DataFileWriter

TIME_TRAVEL = dt.timedelta(days=7)
GRACE = dt.timedelta(hours=6)
SMALL_FILE = 64 << 20
MANY_SMALL = 4
KEPT_PROPERTIES = (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT, CONTRACT_VERSION)  # the current snapshot must keep these


@dataclass(frozen=True)
class Tidied:
    """What was done to a table."""

    files_merged: int
    files_written: int
    snapshots_expired: int
    files_deleted: int
    bytes_deleted: int


def compact(table: Table, by: pl.Expr) -> tuple[int, int]:
    """Merge the small files of partitions that have many; returns how many files were merged, and into how many.

    `by` is the table's partitioning (`PARTITION_BY`). Does nothing if another commit comes first: the next upkeep will
    find the files again.
    """
    small: dict[object, list[DataFile]] = defaultdict(list)
    for file in files_of(table):
        if file.file_size_in_bytes < SMALL_FILE:
            small[file.partition[0]].append(file)
    merged = [file for files in small.values() if len(files) >= MANY_SMALL for file in files]
    if not merged:
        return 0, 0
    writer = DataFileWriter(table, by)
    for batch in read(table, merged):
        writer.write(as_frame(batch))
    written = writer.finish()
    snapshot = table.current_snapshot()
    summary = snapshot.summary if snapshot else None
    kept = {name: value for name in KEPT_PROPERTIES if summary and (value := summary.get(name))}
    try:
        commit(table, written, merged, {**kept, ROWS_OF: str(rows_snapshot(table))})
    except CommitFailedException:
        return 0, 0
    return len(merged), len(written)


def expire(table: Table, needed: Collection[int], now: dt.datetime) -> int:
    """Expire snapshots older than `TIME_TRAVEL`, and all but the last of each hour older than `GRACE`; returns how
    many.

    A `needed` snapshot and all later ones stay, because changes since a needed one are read from the later ones.
    """
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.timestamp_ms)
    oldest_needed = min((s.timestamp_ms for s in snapshots if s.snapshot_id in needed), default=None)
    heads = {ref.snapshot_id for ref in table.refs().values()}
    candidates = [
        s
        for s in snapshots
        if s.snapshot_id not in heads
        and s.snapshot_id not in needed
        and (oldest_needed is None or s.timestamp_ms < oldest_needed)
    ]
    last_of_hour = {_at(s).replace(minute=0, second=0, microsecond=0): s.snapshot_id for s in snapshots}
    gone = [
        s.snapshot_id
        for s in candidates
        if now - _at(s) > TIME_TRAVEL or (now - _at(s) > GRACE and s.snapshot_id not in last_of_hour.values())
    ]
    if gone:
        table.maintenance.expire_snapshots().by_ids(gone).commit()
    return len(gone)


def _at(snapshot: Snapshot) -> dt.datetime:
    return dt.datetime.fromtimestamp(snapshot.timestamp_ms / 1000, dt.UTC)


def sweep(table: Table, now: dt.datetime) -> tuple[int, int]:
    """Delete files older than `GRACE` that no snapshot refers to; returns how many, and their bytes.

    Younger files may belong to a commit that is under way. Deletes nothing if the folder holds newer metadata than the
    catalog names. Raises `CatalogLost` if the folder holds metadata of another table.
    """
    folder = Folder.of(table)
    files = folder.files()
    if any(version_of(path) > version_of(table.metadata_location) for path in _metadata_files(files)):
        return 0, 0
    referred = {PyArrowFileIO.parse_location(path)[2] for path in _referred(table)}
    unreferred = [file for file in files if file.path not in referred]
    _refuse_another(table, folder.filesystem, _metadata_files(unreferred))
    orphans = [file for file in unreferred if file.mtime < now - GRACE]
    for orphan in orphans:
        folder.filesystem.delete_file(orphan.path)
    return len(orphans), sum(orphan.size for orphan in orphans)


def _metadata_files(files: Iterable[fs.FileInfo]) -> list[str]:
    return [file.path for file in files if file.path.endswith(SUFFIX)]


def _refuse_another(table: Table, filesystem: fs.FileSystem, unreferred: Iterable[str]) -> None:
    """Raise `CatalogLost` if some of these metadata files belong to another table, which has snapshots."""
    for path in unreferred:
        found = _parsed(filesystem, path)
        if found.get("table-uuid") != str(table.metadata.table_uuid) and found.get("snapshots"):
            raise CatalogLost(
                f"table {'.'.join(table.name())}: {path} is metadata of another table in the same folder, whose files "
                f"would be deleted as orphans of this one. If the other one is the lost table: {RECOVER}"
            )


def _parsed(filesystem: fs.FileSystem, path: str) -> dict[str, Any]:
    """A metadata file's content; empty if a crash has cut it off."""
    with filesystem.open_input_stream(path) as source:
        content = source.read()
    try:
        parsed = json.loads(content)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _referred(table: Table) -> Iterator[str]:
    """All files that the table's metadata and its snapshots refer to."""
    yield table.metadata_location
    yield Folder.of(table).hint
    for logged in table.metadata.metadata_log:
        yield logged.metadata_file
    manifests: dict[str, ManifestFile] = {}
    for snapshot in table.snapshots():
        yield snapshot.manifest_list
        manifests |= {manifest.manifest_path: manifest for manifest in snapshot.manifests(table.io)}
    for path, manifest in manifests.items():
        yield path
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            yield entry.data_file.file_path


def skip_after_recovery(table: Table) -> bool:
    """Whether upkeep must spare the table, because it was recovered since the last upkeep. True only at the first call.

    So an operator can check a recovered table while all its earlier files are still there. Raises `CatalogLost` if the
    folder proves that the catalog is older.
    """
    if (evidence := Folder.of(table).listed()) and evidence.is_newer_than(table.metadata_location):
        evidence.demand(table.refresh())
    if RECOVERED not in table.properties:
        return False
    with table.transaction() as transaction:
        transaction.remove_properties(RECOVERED)
    return True


def tidy(table: Table, by: pl.Expr, needed: Collection[int], now: dt.datetime) -> Tidied:
    """Compact, expire and sweep one table."""
    merged, written = compact(table, by)
    expired = expire(table, needed, now)
    return Tidied(merged, written, expired, *sweep(table, now))
