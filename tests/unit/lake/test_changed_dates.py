"""Which event dates of silver changed between two snapshots, and which of them only gained rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest
from pyiceberg.manifest import DataFile

from contracts.commerce import COMMERCE
from lake.changed_dates import ChangedDates, changed_dates
from lake.commits import commit
from lake.reading import event_date, files_of
from lake.schemas import Layer
from lake.snapshots import ROWS_OF

DAY = [dt.date(2024, 5, day) for day in range(6)[1:]]
HOUR = [dt.datetime(2024, 5, 9, hour, tzinfo=dt.UTC) for hour in range(24)]
Add = Callable[..., int]


@pytest.fixture
def table(lake: Any) -> Any:
    return lake.table(Layer.SILVER, COMMERCE)


@pytest.fixture
def add(table: Any, write: Any, silver: Any) -> Add:
    """Commits rows that arrived in an hour, and rows that are written again; returns the snapshot."""

    def run(*events: tuple[str, int], hour: int = 0, removed: Sequence[DataFile] = (), again: Any = None) -> int:
        fresh = silver(*events, _arrival_hour=HOUR[hour], _source_file=f"f{hour}", _ingested_at=HOUR[hour])
        rows = fresh if again is None else pl.concat([fresh, again])
        return int(commit(table, write(table, rows), list(removed), {}).snapshot_id)

    return run


def on(table: Any, date: dt.date) -> list[DataFile]:
    return [file for file in files_of(table) if event_date(file) == date]


def what(changed: Sequence[int] = (), gained: Sequence[int] = (), hours: Sequence[int] = ()) -> ChangedDates:
    days = (frozenset(DAY[number - 1] for number in numbers) for numbers in (changed, gained))
    return ChangedDates(*days, frozenset(HOUR[number] for number in hours))


def test_dates_that_rows_came_to_have_gained_them(table: Any, add: Add) -> None:
    first = add(("a", 1), ("b", 1), ("c", 2))
    add(("d", 2), hour=3)
    last = add(("e", 3), hour=4)
    assert changed_dates(table, None, first) == what(gained=[1, 2], hours=[0])
    assert changed_dates(table, first, last) == what(gained=[2, 3], hours=[3, 4])
    assert changed_dates(table, last, last) == what()
    assert changed_dates(table, 12345, last) is None, "the way back has expired"


def test_a_date_that_a_row_left_has_changed(table: Any, add: Add) -> None:
    first = add(("a", 1), ("b", 2))
    last = add(("c", 1), ("d", 3), hour=3, removed=on(table, DAY[0]))
    assert changed_dates(table, first, last) == what(changed=[1], gained=[3], hours=[3])


def test_a_row_that_is_written_again_has_not_left(table: Any, add: Add, silver: Any) -> None:
    """Copying a row into a larger file is no change. Judging it again is one."""
    first = add(("a", 1), ("b", 2))
    kept = silver(("a", 1), _arrival_hour=HOUR[0], _source_file="f0", _ingested_at=HOUR[0])
    merged = add(("c", 1), hour=3, removed=on(table, DAY[0]), again=kept)
    assert changed_dates(table, first, merged) == what(gained=[1], hours=[3])
    judged = kept.with_columns(_ingested_at=pl.lit(HOUR[4]))
    last = add(("c", 1), hour=3, removed=on(table, DAY[0]), again=judged)
    assert changed_dates(table, first, last) == what(changed=[1], hours=[0, 3])


def test_what_upkeep_has_merged_is_not_told_apart(table: Any, add: Add, write: Any, silver: Any) -> None:
    """A file that upkeep wrote holds old and new rows. If it is removed, its date counts as changed."""
    first = add(("a", 1))
    second = add(("b", 1), hour=3)
    both = [
        silver((name, 1), _arrival_hour=HOUR[hour], _source_file=f"f{hour}", _ingested_at=HOUR[hour])
        for name, hour in (("a", 0), ("b", 3))
    ]
    files = write(table, pl.concat(both))
    commit(table, files, files_of(table), {ROWS_OF: str(second)})
    assert changed_dates(table, first, table.current_snapshot().snapshot_id) == what(gained=[1], hours=[3])
    last = add(("c", 1), hour=4, removed=on(table, DAY[0]), again=pl.concat(both))
    found = changed_dates(table, first, last)
    assert found is not None
    assert found.changed == {DAY[0]}


def test_a_file_of_many_hours_changes_its_date(table: Any, add: Add, silver: Any) -> None:
    """A file with the hours of more than one run cannot say which hours its rows came in."""
    earlier = silver(("a", 1), _arrival_hour=HOUR[0] - dt.timedelta(days=9), _source_file="g", _ingested_at=HOUR[0])
    assert changed_dates(table, None, add(("b", 1), hour=3, again=earlier)) == what(changed=[1])
