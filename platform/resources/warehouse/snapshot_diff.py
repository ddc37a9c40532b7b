"""Following: what a warehouse that copies silver's rows has to do to get from one snapshot to another.

Belongs here: which event dates to empty and which data files to load, from the manifests alone. Not here: any SQL.
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

EMPTY = 0  # the note of a relation that holds a table without any snapshot; a null note is of one that holds nothing


@dataclass(frozen=True)
class Step:
    """Empty these event dates (None: all of the relation), then load these data files."""

    emptied: tuple[dt.date, ...] | None
    files: tuple[DataFile, ...]

    @property
    def rows(self) -> int:
        """How many rows the files hold."""
        return sum(file.record_count for file in self.files)


def step(silver: Table, noted: int | None, snapshot_id: int | None) -> Step:
    """What leads from the snapshot that a relation holds, as noted, to another one.

    A date that only gained files gets those; one that lost rows is loaded anew, and so is one whose new files have
    been merged with others since.
    """
    current: dict[dt.date, dict[str, DataFile]] = defaultdict(dict)
    for file in files_of(silver, snapshot_id=snapshot_id) if snapshot_id else []:
        current[event_date(file)][file.file_path] = file
    moved = None if noted is None else files_changed(silver, noted if noted != EMPTY else None, snapshot_id)
    if moved is None:
        return Step(None, tuple(file for files in current.values() for file in files.values()))
    added: dict[dt.date, set[str]] = defaultdict(set)
    removed = set()
    for status, file in moved:
        if status is ManifestEntryStatus.DELETED:
            removed.add(event_date(file))
        else:
            added[event_date(file)].add(file.file_path)
    anew = removed | {date for date, paths in added.items() if not paths <= current[date].keys()}
    loaded = [file for date in sorted(anew) for file in current[date].values()]
    loaded += [current[date][path] for date in sorted(added.keys() - anew) for path in sorted(added[date])]
    return Step(tuple(sorted(anew)), tuple(loaded))


def relative(lake_url: str, files: Sequence[DataFile]) -> list[str]:
    """The files' paths below the lake's address. Raises `ValueError` for one that lies elsewhere."""
    top = lake_url.rstrip("/") + "/"
    elsewhere = [file.file_path for file in files if not file.file_path.startswith(top)]
    if elsewhere:
        raise ValueError(f"{elsewhere[0]} is not below {top}, where the warehouse reads")
    return [file.file_path.removeprefix(top) for file in files]
