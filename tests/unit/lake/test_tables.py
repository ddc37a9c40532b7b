"""The lake: commits that hold only for what they were computed from, and what changed between two of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from pyiceberg.exceptions import CommitFailedException

from contracts.commerce import COMMERCE
from lake import tables as lake_module
from lake.reading import event_date, files_of
from lake.schemas import Layer
from lake.snapshots import moves
from lake.tables import ROWS_OF, commit, recompute, restore, rows_snapshot

DAY = [dt.date(2024, 5, day) for day in range(6)[1:]]


def add(table: Any, write: Any, rows: pl.DataFrame, removed: Any = (), **properties: str) -> int:
    return int(commit(table, write(table, rows), list(removed), properties).snapshot_id)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event_id"] for row in rows]


def test_a_commit_on_a_stale_table_fails(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """What was computed from an older snapshot may be wrong by now: it has to be computed again, not tried again."""
    mine, rival = lake.table(Layer.SILVER, COMMERCE), lake.table(Layer.SILVER, COMMERCE)
    add(rival, write, silver(("rival", 1)))
    with pytest.raises(CommitFailedException):
        add(mine, write, silver(("mine", 1)))
    assert ids(content(lake.table(Layer.SILVER, COMMERCE))) == ["rival"]


def test_recompute_starts_again_from_the_new_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt loads, computes and commits, so that repeating it is right."""
    waits: list[float] = []
    monkeypatch.setattr(lake_module.time, "sleep", waits.append)
    failures = iter([CommitFailedException, CommitFailedException])

    def attempt() -> str:
        for failure in failures:
            raise failure
        return "done"

    assert recompute(attempt) == "done"
    assert waits == sorted(waits)
    assert len(waits) == 2


def test_one_commit_adds_and_removes(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """A reader sees the rows before or the rows after, and never both or neither."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1), ("b", 2)))
    (old,) = [file for file in files_of(table) if event_date(file) == DAY[0]]
    add(table, write, silver(("c", 3)), [old], note="x")
    assert ids(content(table)) == ["b", "c"]
    assert ids(content(table, first)) == ["a", "b"], "the earlier snapshot can still be read"
    assert table.current_snapshot().summary.get("note") == "x"


def test_housekeeping_changes_no_rows(lake: Any, write: Any, silver: Any) -> None:
    """Compacted files hold the rows that were there: nothing downstream has to run for them."""
    table = lake.table(Layer.SILVER, COMMERCE)
    assert rows_snapshot(table) is None
    first = add(table, write, silver(("a", 1)))
    compacted = add(table, write, silver(("a", 1)), files_of(table), **{ROWS_OF: str(first)})
    assert moves(table, first, compacted) == []
    assert rows_snapshot(table) == first != compacted


def test_restore_brings_an_earlier_snapshots_rows_back(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """A crash may leave rejected a commit ahead of silver; what it did is undone before anything else."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1)))
    add(table, write, silver(("b", 2)))
    restored = restore(table, first)
    assert (ids(content(restored)), rows_snapshot(restored)) == (["a"], first)
    add(restored, write, silver(("c", 3)))
    assert ids(content(lake.table(Layer.SILVER, COMMERCE))) == ["a", "c"]
    assert ids(content(restore(restored, None))) == []


def test_restoring_what_is_there_commits_nothing(lake: Any, write: Any, silver: Any) -> None:
    """Every run restores first; nearly always there is nothing to undo."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1)))
    restore(table, first)
    assert [snapshot.snapshot_id for snapshot in lake.table(Layer.SILVER, COMMERCE).snapshots()] == [first]


def test_restoring_to_empty_twice_commits_once(lake: Any, write: Any, silver: Any) -> None:
    """A table that is empty already needs no snapshot that says so."""
    table = lake.table(Layer.SILVER, COMMERCE)
    add(table, write, silver(("a", 1)))
    count = len(restore(table, None).snapshots())
    assert len(restore(lake.table(Layer.SILVER, COMMERCE), None).snapshots()) == count
