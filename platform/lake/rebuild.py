"""Rebuild: what gold has to rebuild after silver changed.

Belongs here: event dates and hours, as dbt's variables for what models rebuild. Not here: how
silver changed (`changed_dates`), running dbt (`assets.gold`, `resources.dbt`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from contracts.stream import Stream
from lake.changed_dates import ChangedDates, changed_dates
from lake.reading import files_of
from lake.schemas import Layer
from lake.tables import Lake
from partitions import DATE_FORMAT

MAX_SHARE_OF_NEW_ROWS = (
    0.4  # above this share of new rows, rebuilding all tables is cheaper than replacing rows in them
)
Snapshots = Mapping[str, int | None]
RebuildVars = Mapping[str, list[str] | None]


def changed_streams(
    lake: Lake, streams: Sequence[Stream], in_gold: Mapping[str, Iterable[int | None]], applied: Snapshots
) -> dict[str, ChangedDates | None]:
    """What differs in silver between the snapshots whose rows gold may hold and those that the warehouse holds.

    By the names of the streams that differ. None if everything of a stream may differ.
    """
    found: dict[str, ChangedDates | None] = {}
    for stream in streams:
        after = applied.get(stream.name)
        if after is None:
            continue
        if stream.name not in in_gold:
            found[stream.name] = None
            continue
        table = lake.table(Layer.SILVER, stream)
        changes = union(changed_dates(table, before, after) for before in in_gold[stream.name])
        if changes != ChangedDates():
            found[stream.name] = changes
    return found


def changed_in_silver(
    lake: Lake, streams: Sequence[Stream], in_gold: Mapping[str, Iterable[int | None]], applied: Snapshots
) -> ChangedDates | None:
    """What `changed_streams` finds, in all streams together. None if everything may differ."""
    return union(changed_streams(lake, streams, in_gold, applied).values())


def union(changes: Iterable[ChangedDates | None]) -> ChangedDates | None:
    """All changes together. None if everything may differ for one of them."""
    found = ChangedDates()
    for each in changes:
        if each is None:
            return None
        found |= each
    return found


def full_rebuild_is_cheaper(lake: Lake, streams: Sequence[Stream], changes: ChangedDates, applied: Snapshots) -> bool:
    """Whether so many of silver's rows are new that rebuilding everything is cheaper."""
    held = [(stream, snapshot) for stream in streams if (snapshot := applied.get(stream.name)) is not None]
    tables = ((lake.table(Layer.SILVER, stream), snapshot) for stream, snapshot in held)
    total = sum(file.record_count for table, snapshot in tables for file in files_of(table, snapshot_id=snapshot))
    return changes.rows > MAX_SHARE_OF_NEW_ROWS * total


def rebuild_vars(changes: ChangedDates | None, asked: Iterable[str], whole: Iterable[str] | None) -> RebuildVars:
    """dbt's variables for what a run rebuilds: the changed event dates, and those that were asked for.

    For dates that only gained rows, models rebuild just the affected events and people. The `whole` dates are rebuilt
    completely; None means all of them, because some models then run without the others. No `changes` means everything.
    """
    if changes is None:
        return {"event_dates": None, "dates_with_new_rows": [], "hours_of_new_rows": []}
    dates = {date.strftime(DATE_FORMAT) for date in changes.dates}.union(asked, whole or ())
    gained = {date.strftime(DATE_FORMAT) for date in changes.gained}.difference(dates if whole is None else whole)
    return {
        "event_dates": sorted(dates),
        "dates_with_new_rows": sorted(gained),
        "hours_of_new_rows": [str(hour) for hour in sorted(changes.hours)] if gained else [],
    }
