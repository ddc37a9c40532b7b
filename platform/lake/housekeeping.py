"""Housekeeping: small files become large ones, old snapshots go, and with them the files that nobody needs.

Belongs here: what may go and when. Not here: when it runs and for which tables (`assets.upkeep`). Nothing here changes
a row: a compaction's snapshot names the snapshot whose rows it holds, and whoever follows rows skips it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from pyarrow import fs
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import DataFile, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from lake.folders import RECOVER, RECOVERED, SUFFIX, CatalogLost, Folder, version_of
from lake.reading import as_frame, files_of, read
from lake.tables import ROWS_OF, commit, rows_snapshot
from lake.writing import DataFileWriter

TIME_TRAVEL = dt.timedelta(days=7)
GRACE = dt.timedelta(hours=6)
SMALL_FILE = 64 << 20
MANY_SMALL = 4


@dataclass(frozen=True)
class Tidied:
    """What was done to a table."""

    files_merged: int
    files_written: int
    snapshots_expired: int
    files_deleted: int
    bytes_deleted: int


def compact(table: Table, by: pl.Expr, names: Collection[str]) -> tuple[int, int]:
    """Merge the small files of partitions that have many; how many files were merged, and into how many.

    `names` are the snapshot properties that have to stay on the current snapshot. Does nothing when a commit of
    somebody else comes first: the next housekeeping will find the files again.
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
    summary: Mapping[str, str | None] = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
    kept = {name: value for name in names if (value := summary.get(name))}
    try:
        commit(table, written, merged, {**kept, ROWS_OF: str(rows_snapshot(table))})
    except CommitFailedException:
        return 0, 0
    return len(merged), len(written)


def expire(table: Table, needed: Collection[int], now: dt.datetime) -> int:
    """Expire snapshots that are past time travel, and thin older ones to one an hour; how many went.

    Never one that is `needed`, or that came after a needed one, as the way from there to the present is needed too.
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
    """Delete the table's files that no snapshot refers to and that are older than the grace period; files and bytes.

    A younger one may belong to a commit that is under way. Nothing is deleted of a folder that holds newer metadata
    than the catalog names. Raises `CatalogLost` where the folder holds metadata of another table.
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
    """Raise `CatalogLost` if metadata that the table does not refer to is of another table that has snapshots."""
    for path in unreferred:
        found = _parsed(filesystem, path)
        if found.get("table-uuid") != str(table.metadata.table_uuid) and found.get("snapshots"):
            raise CatalogLost(
                f"table {'.'.join(table.name())}: {path} is metadata of another table in the same folder, whose files "
                f"would be deleted as orphans of this one. If the other one is the lost table: {RECOVER}"
            )


def _parsed(filesystem: fs.FileSystem, path: str) -> dict[str, Any]:
    """A metadata file's content; empty where a crash has cut it off."""
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


def spared(table: Table) -> bool:
    """Whether upkeep leaves the table alone in this round, as it has been recovered since the last one.

    Whoever has recovered it can look whether it is what it should be while all that it ever was is still there.
    Raises `CatalogLost` where the folder proves that the catalog is older.
    """
    if (evidence := Folder.of(table).listed()) and evidence.refutes(table.metadata_location):
        evidence.demand(table.refresh())
    if RECOVERED not in table.properties:
        return False
    with table.transaction() as transaction:
        transaction.remove_properties(RECOVERED)
    return True


def tidy(table: Table, by: pl.Expr, names: Collection[str], needed: Collection[int], now: dt.datetime) -> Tidied:
    """Compact, expire and sweep one table."""
    merged, written = compact(table, by, names)
    expired = expire(table, needed, now)
    return Tidied(merged, written, expired, *sweep(table, now))
