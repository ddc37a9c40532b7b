"""Touched: what gold has to rebuild after silver went from one snapshot to another.

Belongs here: event dates, and of those that only gained rows, when these arrived. Not here: which files came and went
(`snapshots`), or what is rebuilt for it (`assets.gold`, `dbt/`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
from pyiceberg.manifest import DataFile, ManifestEntryStatus
from pyiceberg.table import Table

from lake.damage import DamagedFile
from lake.reading import UNIX, as_frame, event_date, files_of, read
from lake.snapshots import moves
from partitions import HOURS_PER_RUN

HOUR = dt.timedelta(hours=1)
FEW_ROWS = 100_000
_TIME = pl.Datetime("us", "UTC")
# A row, and the time it was written first: that stays when it is written again into a larger file.
_ROW = pl.Schema(
    {
        "_source_file": pl.String(),
        "_source_version": pl.String(),
        "_line": pl.Int64(),
        "_ingested_at": _TIME,
        "_arrival_hour": _TIME,
        "event_at": _TIME,
    }
)


@dataclass(frozen=True)
class Touched:
    """Event dates whose rows may have changed in any way, and those that only gained rows, which arrived in `hours`.

    `rows` is about how many rows came.
    """

    changed: frozenset[dt.date] = frozenset()
    gained: frozenset[dt.date] = frozenset()
    hours: frozenset[dt.datetime] = frozenset()
    rows: int = field(default=0, compare=False)

    def __or__(self, other: Touched) -> Touched:
        changed = self.changed | other.changed
        gained = (self.gained | other.gained) - changed
        return Touched(changed, gained, self.hours | other.hours, self.rows + other.rows)

    @property
    def dates(self) -> frozenset[dt.date]:
        return self.changed | self.gained


def touched(table: Table, older: int | None, newer: int | None) -> Touched | None:
    """What has changed between two snapshots of silver; None when `older` has expired, so that anything may have.

    Manifests tell it where files only came. Where files with few rows went, these rows are looked for in what came:
    most have only been written again.
    """
    moved = moves(table, older, newer)
    if moved is None:
        return None
    came, went = _net(moved, ManifestEntryStatus.ADDED), _net(moved, ManifestEntryStatus.DELETED)
    before = {file.file_path for file in files_of(table, snapshot_id=older)} if went and older else set()
    # A file that housekeeping has made in between holds rows of which some may be new.
    rewritten = [
        date
        for date, files in went.items()
        if sum(file.record_count for file in files) <= FEW_ROWS and before.issuperset(file.file_path for file in files)
    ]
    try:
        found = _rewritten(table, *([file for date in rewritten for file in files[date]] for files in (came, went)))
    except DamagedFile:  # it went for that: what it held cannot be told any more
        found = Touched(changed=frozenset(rewritten))
    for date in (came.keys() | went.keys()) - set(rewritten):
        hours = [arrival_hours(table, file) for file in came[date]]
        known = frozenset[dt.datetime]().union(*(each for each in hours if each))
        only_came = date not in went and None not in hours
        day, rows = frozenset([date]), sum(file.record_count for file in came[date])
        found |= Touched(gained=day, hours=known, rows=rows) if only_came else Touched(changed=day, rows=rows)
    return found


def arrival_hours(table: Table, file: DataFile) -> frozenset[dt.datetime] | None:
    """The hours in which a data file's rows may have arrived; None where its statistics tell of more than a run's."""
    field = table.schema().find_field("_arrival_hour").field_id
    low, high = ((bounds or {}).get(field) for bounds in (file.lower_bounds, file.upper_bounds))
    if low is None or high is None:
        return None
    first, last = (
        UNIX + dt.timedelta(microseconds=int.from_bytes(each, "little", signed=True)) for each in (low, high)
    )
    count = (last - first) // HOUR + 1
    return frozenset(first + number * HOUR for number in range(count)) if count <= HOURS_PER_RUN else None


def _net(
    moved: Sequence[tuple[ManifestEntryStatus, DataFile]], kind: ManifestEntryStatus
) -> defaultdict[dt.date, list[DataFile]]:
    """By event date the files that came and are still there, or that went and had been there."""
    others = {file.file_path for status, file in moved if status is not kind}
    found = defaultdict(list)
    for status, file in moved:
        if status is kind and file.file_path not in others:
            found[event_date(file)].append(file)
    return found


def _rewritten(table: Table, came: list[DataFile], went: list[DataFile]) -> Touched:
    after, before = (_rows(table, files) for files in (came, went))
    left, more = before.join(after, on=list(_ROW), how="anti"), after.join(before, on=list(_ROW), how="anti")
    changed, gained = (frozenset(rows["event_at"].dt.date()) for rows in (left, more))
    hours = frozenset(more["_arrival_hour"].dt.convert_time_zone("UTC"))
    return Touched(changed, gained - changed, hours, len(more))


def _rows(table: Table, files: list[DataFile]) -> pl.DataFrame:
    batches = (as_frame(batch).cast(_ROW) for batch in read(table, files, list(_ROW)))
    return pl.concat([pl.DataFrame(schema=_ROW), *batches])
