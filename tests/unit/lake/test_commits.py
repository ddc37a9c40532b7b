"""Commits hold only on top of the snapshot they were computed from, and can be undone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from pyiceberg.exceptions import CommitFailedException

from contracts.commerce import COMMERCE
from lake import commits
from lake.commits import commit, restore_rows, retry_on_conflict
from lake.reading import event_date, files_of
from lake.schemas import Layer
from lake.snapshots import ROWS_OF, files_changed, rows_snapshot

DAY = [dt.date(2024, 5, day) for day in range(6)[1:]]


def add(table: Any, write: Any, rows: pl.DataFrame, removed: Any = (), **properties: str) -> int:
    return int(commit(table, write(table, rows), list(removed), properties).snapshot_id)


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["event_id"] for row in rows]


def test_a_commit_on_a_stale_table_fails(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """What was computed from an older snapshot may be wrong now: it must be computed again, not sent again."""
    mine, rival = lake.table(Layer.SILVER, COMMERCE), lake.table(Layer.SILVER, COMMERCE)
    add(rival, write, silver(("rival", 1)))
    with pytest.raises(CommitFailedException):
        add(mine, write, silver(("mine", 1)))
    assert ids(content(lake.table(Layer.SILVER, COMMERCE))) == ["rival"]


def test_a_conflict_starts_the_attempt_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attempt loads, computes and commits, so that repeating it is right."""
    waits: list[float] = []
    monkeypatch.setattr(commits.time, "sleep", waits.append)
    failures = iter([CommitFailedException, CommitFailedException])

    def attempt() -> str:
        for failure in failures:
            raise failure
        return "done"

    assert retry_on_conflict(attempt) == "done"
    assert waits == sorted(waits)
    assert len(waits) == 2


def test_one_commit_adds_and_removes(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """A reader sees the rows from before or from after, never both or neither."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1), ("b", 2)))
    (old,) = [file for file in files_of(table) if event_date(file) == DAY[0]]
    add(table, write, silver(("c", 3)), [old], note="x")
    assert ids(content(table)) == ["b", "c"]
    assert ids(content(table, first)) == ["a", "b"], "the earlier snapshot can still be read"
    assert table.current_snapshot().summary.get("note") == "x"


def test_upkeep_changes_no_rows(lake: Any, write: Any, silver: Any) -> None:
    """Compaction changes no rows, so nothing downstream has to run."""
    table = lake.table(Layer.SILVER, COMMERCE)
    assert rows_snapshot(table) is None
    first = add(table, write, silver(("a", 1)))
    compacted = add(table, write, silver(("a", 1)), files_of(table), **{ROWS_OF: str(first)})
    assert files_changed(table, first, compacted) == []
    assert rows_snapshot(table) == first != compacted


def test_restore_brings_an_earlier_snapshots_rows_back(lake: Any, write: Any, silver: Any, content: Any) -> None:
    """After a crash, rejected may be one commit ahead of silver. That commit is undone first."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1)))
    add(table, write, silver(("b", 2)))
    restored = restore_rows(table, first)
    assert (ids(content(restored)), rows_snapshot(restored)) == (["a"], first)
    add(restored, write, silver(("c", 3)))
    assert ids(content(lake.table(Layer.SILVER, COMMERCE))) == ["a", "c"]
    assert ids(content(restore_rows(restored, None))) == []


def test_restoring_what_is_there_commits_nothing(lake: Any, write: Any, silver: Any) -> None:
    """Every run restores first, and there is almost never anything to undo."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first = add(table, write, silver(("a", 1)))
    restore_rows(table, first)
    assert [snapshot.snapshot_id for snapshot in lake.table(Layer.SILVER, COMMERCE).snapshots()] == [first]


def test_restoring_to_empty_twice_commits_once(lake: Any, write: Any, silver: Any) -> None:
    """An empty table needs no further snapshot to become empty."""
    table = lake.table(Layer.SILVER, COMMERCE)
    add(table, write, silver(("a", 1)))
    count = len(restore_rows(table, None).snapshots())
    assert len(restore_rows(lake.table(Layer.SILVER, COMMERCE), None).snapshots()) == count
