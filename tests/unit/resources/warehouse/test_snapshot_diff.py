"""A warehouse loads as little as possible to get to another snapshot, also after upkeep."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.reading import event_date, files_of
from lake.schemas import Layer
from lake.upkeep import compact
from resources.warehouse.snapshot_diff import NO_SNAPSHOT, LoadPlan, paths_below, plan_load

BY_DATE = pl.col("event_at").dt.date()


def add(table: Any, write: Any, rows: pl.DataFrame, removed: Any = ()) -> int:
    return int(commit(table, write(table, rows), list(removed), {}).snapshot_id)


def of_day(table: Any, day: int) -> list[Any]:
    return [file for file in files_of(table) if event_date(file) == dt.date(2024, 5, day)]


def seen(found: LoadPlan) -> tuple[list[int] | None, list[tuple[int, int]]]:
    """The days emptied, and (day, rows) of every file loaded."""
    days = None if found.dates_to_empty is None else [date.day for date in found.dates_to_empty]
    return days, sorted((event_date(file).day, file.record_count) for file in found.files)


@pytest.fixture
def table(lake: Any) -> Any:
    return lake.table(Layer.SILVER, COMMERCE)


def test_an_empty_relation_is_loaded_in_full(table: Any, write: Any, silver: Any) -> None:
    """So is a relation whose snapshot has expired, as the difference is no longer known."""
    assert seen(plan_load(table, None, None)) == (None, [])
    snapshot = add(table, write, silver(("a", 1), ("b", 2)))
    for noted in (None, 12345):
        assert seen(plan_load(table, noted, snapshot)) == (None, [(1, 1), (2, 1)])
    assert plan_load(table, None, snapshot).rows == 2


def test_only_new_files_are_loaded_when_no_rows_left(table: Any, write: Any, silver: Any) -> None:
    """The usual hour: a few new files of today, and some of late events."""
    first = add(table, write, silver(("a", 1), ("b", 1)))
    add(table, write, silver(("c", 1)))
    last = add(table, write, silver(("d", 1), ("e", 2), ("f", 2)))
    assert seen(plan_load(table, first, last)) == ([], [(1, 1), (1, 1), (2, 2)])
    assert seen(plan_load(table, last, last)) == ([], [])
    assert seen(plan_load(table, NO_SNAPSHOT, last)) == ([], [(1, 1), (1, 1), (1, 2), (2, 2)])


def test_a_date_that_lost_rows_is_loaded_again(table: Any, write: Any, silver: Any) -> None:
    """Even if no rows are left of it."""
    first = add(table, write, silver(("a", 1), ("b", 2), ("c", 3)))
    second = add(table, write, silver(("d", 2)), [*of_day(table, 1), *of_day(table, 2)])
    third = add(table, write, silver(("e", 2)))
    assert seen(plan_load(table, first, second)) == ([1, 2], [(2, 1)])
    assert seen(plan_load(table, first, third)) == ([1, 2], [(2, 1), (2, 1)])


def test_compaction_alone_loads_nothing(table: Any, write: Any, silver: Any) -> None:
    """If it has merged a file that was not loaded yet, that date is loaded again."""
    first = add(table, write, silver(("a", 1), ("b", 2)))
    for event_id in ("c", "d", "e"):
        second = add(table, write, silver((event_id, 1)))
    assert compact(table, BY_DATE) == (4, 1)
    compacted = table.current_snapshot().snapshot_id
    assert seen(plan_load(table, second, compacted)) == ([], [])
    assert seen(plan_load(table, first, compacted)) == ([1], [(1, 4)])
    third = add(table, write, silver(("f", 1), ("g", 2)))
    assert seen(plan_load(table, compacted, third)) == ([], [(1, 1), (2, 1)])


def test_files_are_named_relative_to_the_lake(table: Any, write: Any, silver: Any) -> None:
    """The warehouse may read below that one address."""
    add(table, write, silver(("a", 1)))
    files = files_of(table)
    top = table.location().rsplit("/", 2)[0]
    (path,) = paths_below(top, files)
    assert files[0].file_path == f"{top}/{path}"
    with pytest.raises(ValueError, match="is not below s3://other/, where the warehouse reads"):
        paths_below("s3://other", files)
