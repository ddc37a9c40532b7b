"""Snapshot diff: what a warehouse that copies silver's rows must load to get from one snapshot to another.

Belongs here: which event dates to empty and which data files to load, read from the manifests alone. Not here: SQL.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table

from lake.reading import event_date, files_of
from lake.snapshots import files_changed

NO_SNAPSHOT = 0  # what the warehouse notes for a silver table that has no snapshot yet


@dataclass(frozen=True)
class LoadPlan:
    """Delete the rows of `dates_to_empty` (None: all rows), then load `files`."""

    dates_to_empty: tuple[dt.date, ...] | None
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """How many rows the files hold."""
        return sum(file.record_count for file in self.files)


def plan_load(silver: Table, loaded: int | None, snapshot_id: int | None) -> LoadPlan:
    """How to get from the snapshot `loaded` (None: nothing was loaded, `NO_SNAPSHOT`: an empty table) to another one.

    A date that only gained files gets those files. A date that lost rows is loaded again in full, and so is a date
    whose new files have been compacted since. When `loaded` has expired, everything is loaded.
    """
    current: dict[dt.date, dict[str, DataFile]] = defaultdict(dict)
    for file in files_of(silver, snapshot_id=snapshot_id) if snapshot_id else []:
        current[event_date(file)][file.file_path] = file
    moved = None if loaded is None else files_changed(silver, loaded if loaded != NO_SNAPSHOT else None, snapshot_id)
    if moved is None:
        return LoadPlan(None, tuple(file for files in current.values() for file in files.values()))
    added: dict[dt.date, set[str]] = defaultdict(set)
    reloaded = set()
    for status, file in moved:
        if status is ManifestEntryStatus.DELETED:
            reloaded.add(event_date(file))
        else:
            added[event_date(file)].add(file.file_path)
    reloaded |= {date for date, paths in added.items() if not paths <= current[date].keys()}
    files = [file for date in sorted(reloaded) for file in current[date].values()]
    files += [current[date][path] for date in sorted(added.keys() - reloaded) for path in sorted(added[date])]
    return LoadPlan(tuple(sorted(reloaded)), tuple(files))


def paths_below(lake_url: str, files: Sequence[DataFile]) -> list[str]:
    """The files' paths relative to the lake's address. Raises `ValueError` for a file that is elsewhere."""
    top = lake_url.rstrip("/") + "/"
    elsewhere = [file.file_path for file in files if not file.file_path.startswith(top)]
    if elsewhere:
        raise ValueError(f"{elsewhere[0]} is not below {top}, where the warehouse reads")
    return [file.file_path.removeprefix(top) for file in files]
