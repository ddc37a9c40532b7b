"""Changed dates: which event dates of silver changed between two snapshots, and how.

Belongs here: event dates, and when rows arrived on dates that only gained rows. Not here: which files changed
(`snapshots`), what gold rebuilds for it (`rebuild`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table

from contracts.lineage import INSTANT, LINEAGE
from lake.damage import DamagedFile
from lake.reading import as_frame, event_date, files_of, hour_bounds, read
from lake.snapshots import files_changed
from partitions import HOURS_PER_RUN

HOUR = dt.timedelta(hours=1)
FEW_ROWS = 100_000
# `_ingested_at` tells a row that was judged again from one that was only copied into a larger file.
_ROW = pl.Schema({**LINEAGE, "_ingested_at": INSTANT, "event_at": INSTANT})


@dataclass(frozen=True)
class ChangedDates:
    """Event dates whose rows changed in any way, and those that only gained rows, which arrived in `hours`.

    `rows` is about how many rows came.
    """

    changed: frozenset[dt.date] = frozenset()
    gained: frozenset[dt.date] = frozenset()
    hours: frozenset[dt.datetime] = frozenset()
    rows: int = field(default=0, compare=False)

    def __or__(self, other: ChangedDates) -> ChangedDates:
        changed = self.changed | other.changed
        gained = (self.gained | other.gained) - changed
        return ChangedDates(changed, gained, self.hours | other.hours, self.rows + other.rows)

    @property
    def dates(self) -> frozenset[dt.date]:
        """All of them."""
        return self.changed | self.gained


def changed_dates(table: Table, older: int | None, newer: int | None) -> ChangedDates | None:
    """What changed between two snapshots of silver. None if `older` has expired: then anything may have.

    The manifests show which dates only gained files. If files went and have few rows, their rows are compared with
    those of the files that came, because most rows were only copied.
    """
    files = files_changed(table, older, newer)
    if files is None:
        return None
    came, went = _net(files, ManifestEntryStatus.ADDED), _net(files, ManifestEntryStatus.DELETED)
    before = {file.file_path for file in files_of(table, snapshot_id=older)} if went and older else set()
    # A file that upkeep wrote since `older` may hold rows that are new since then: it cannot be compared.
    compared = [
        date
        for date, gone in went.items()
        if sum(file.record_count for file in gone) <= FEW_ROWS and before.issuperset(file.file_path for file in gone)
    ]
    try:
        found = _compare(table, *([file for date in compared for file in files[date]] for files in (came, went)))
    except DamagedFile:  # the file was removed because it is damaged, so its rows are unknown
        found = ChangedDates(changed=frozenset(compared))
    for date in (came.keys() | went.keys()) - set(compared):
        hours = [arrival_hours(table, file) for file in came[date]]
        known = frozenset[dt.datetime]().union(*(each for each in hours if each))
        only_came = date not in went and None not in hours
        day, rows = frozenset([date]), sum(file.record_count for file in came[date])
        found |= ChangedDates(gained=day, hours=known, rows=rows) if only_came else ChangedDates(day, rows=rows)
    return found


def arrival_hours(table: Table, file: DataFile) -> frozenset[dt.datetime] | None:
    """The possible arrival hours of a data file's rows; None if its bounds span more hours than one run has."""
    bounds = hour_bounds(table, file)
    if bounds is None:
        return None
    first, last = bounds
    count = (last - first) // HOUR + 1
    return frozenset(first + number * HOUR for number in range(count)) if count <= HOURS_PER_RUN else None


def _net(
    changed: Sequence[tuple[ManifestEntryStatus, DataFile]], kind: ManifestEntryStatus
) -> defaultdict[dt.date, list[DataFile]]:
    """By event date: the files that came and are still there, or that went and were there at the start."""
    others = {file.file_path for status, file in changed if status is not kind}
    found = defaultdict(list)
    for status, file in changed:
        if status is kind and file.file_path not in others:
            found[event_date(file)].append(file)
    return found


def _compare(table: Table, came: list[DataFile], went: list[DataFile]) -> ChangedDates:
    """What changed, by comparing the rows of the files that came and went."""
    after, before = (_rows(table, files) for files in (came, went))
    left, more = before.join(after, on=list(_ROW), how="anti"), after.join(before, on=list(_ROW), how="anti")
    changed, gained = (frozenset(rows["event_at"].dt.date()) for rows in (left, more))
    hours = frozenset(more["_arrival_hour"].dt.convert_time_zone("UTC"))
    return ChangedDates(changed, gained - changed, hours, len(more))


def _rows(table: Table, files: list[DataFile]) -> pl.DataFrame:
    batches = (as_frame(batch).cast(_ROW) for batch in read(table, files, list(_ROW)))
    return pl.concat([pl.DataFrame(schema=_ROW), *batches])
