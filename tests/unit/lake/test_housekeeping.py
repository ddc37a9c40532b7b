"""Housekeeping changes no row, keeps a week of time travel, and never takes what somebody still needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.table import Table

from assets.upkeep import NAMES, PARTITIONED_BY
from lake.housekeeping import GRACE, TIME_TRAVEL, compact, expire, sweep, tidy
from lake.judge_silver import BY_EVENT_DATE, BY_SCOPE, SnapshotSet
from lake.reading import files_of
from lake.schemas import Layer
from lake.snapshots import moves
from lake.tables import rows_snapshot

NOW = dt.datetime.now(dt.UTC)
LATER = NOW + TIME_TRAVEL + dt.timedelta(days=1)


@pytest.fixture
def busy(platform: Any, shop: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A platform that five runs have left many small files and snapshots in."""
    monkeypatch.setattr("lake.judge_silver.MANY_SMALL", 1000)
    for hour in range(5):
        platform.put(hour, f"a{hour}", [shop(f"k{hour}"), shop(f"k{hour}"), b"{broken"])
        platform.run(hour)
    return platform


def table_of(platform: Any, layer: Layer) -> Table:
    table: Table = platform.lake.table(layer, platform.stream)
    return table


def sorted_rows(platform: Any, layer: Layer) -> pl.DataFrame:
    rows: pl.DataFrame = platform.rows(layer).sort("_source_file", "_line")
    return rows


def parquet_files(table: Table) -> set[Path]:
    return set(Path(table.location().removeprefix("file://")).rglob("*.parquet"))


def test_compaction_changes_no_row_and_counts_as_no_change(busy: Any) -> None:
    """Gold follows silver's differences; rewriting files must not make it compute anything again."""
    before = sorted_rows(busy, Layer.SILVER)
    named = SnapshotSet.by(table_of(busy, Layer.SILVER))
    merged, written = compact(table_of(busy, Layer.SILVER), BY_EVENT_DATE, NAMES)
    silver = table_of(busy, Layer.SILVER)
    assert (merged, written, len(files_of(silver))) == (5, 1, 1)
    assert_frame_equal(sorted_rows(busy, Layer.SILVER), before)
    after = SnapshotSet.by(silver)
    assert (after.bronze, after.rejected) == (named.bronze, named.rejected)
    assert moves(silver, named.silver, after.silver) == []
    assert rows_snapshot(silver) == named.silver


def test_a_run_after_compaction_has_nothing_to_do(busy: Any) -> None:
    """Rejected's compacted snapshot holds the rows that silver names: putting it back would be wrong."""
    for layer, by in PARTITIONED_BY.items():
        compact(table_of(busy, layer), by, NAMES)
    before = busy.snapshots()
    assert not busy.run(0, 1, 2, 3, 4)
    assert busy.snapshots() == before


def test_a_run_after_everything_was_tidied_judges_as_before(busy: Any, shop: Callable[..., bytes]) -> None:
    """Compacted and swept tables still say which keys were there."""
    needed = {table_of(busy, Layer.SILVER).current_snapshot().snapshot_id}  # type: ignore[union-attr]
    tidy(table_of(busy, Layer.SILVER), BY_EVENT_DATE, NAMES, needed, LATER)
    named = SnapshotSet.by(table_of(busy, Layer.SILVER))
    tidy(table_of(busy, Layer.REJECTED), BY_SCOPE, NAMES, {named.rejected or 0}, LATER)
    busy.put(6, "late", [shop("k0"), shop("k1", "B"), shop("new")])
    busy.run(6)
    assert [busy.verdicts()["late", line] for line in (1, 2, 3)] == ["duplicate", "conflict", "silver"]


def test_old_snapshots_go_and_their_files_with_them(busy: Any) -> None:
    """Expiry alone leaves the files of dropped snapshots on disk for ever."""
    before = sorted_rows(busy, Layer.SILVER)
    compact(table_of(busy, Layer.SILVER), BY_EVENT_DATE, NAMES)
    assert expire(table_of(busy, Layer.SILVER), set(), LATER) == 5
    silver = table_of(busy, Layer.SILVER)
    files, _ = sweep(silver, LATER)
    assert files >= 5
    assert len(parquet_files(silver)) == 1
    assert_frame_equal(sorted_rows(busy, Layer.SILVER), before)


def test_nothing_is_expired_from_a_needed_snapshot_on(busy: Any) -> None:
    """The way from what the warehouse has applied to the present is how its differences are found."""
    snapshots = sorted(table_of(busy, Layer.SILVER).snapshots(), key=lambda snapshot: snapshot.timestamp_ms)
    needed = snapshots[2].snapshot_id
    assert expire(table_of(busy, Layer.SILVER), {needed}, LATER) == 2
    silver = table_of(busy, Layer.SILVER)
    assert moves(silver, needed, snapshots[-1].snapshot_id) is not None
    assert moves(silver, snapshots[0].snapshot_id, snapshots[-1].snapshot_id) is None


def test_a_week_of_time_travel_stays(busy: Any) -> None:
    """Snapshots are thinned to one an hour, but within a week an hour can be gone back to."""
    table = table_of(busy, Layer.SILVER)
    soon = NOW + GRACE + dt.timedelta(hours=2)
    hours = {snapshot.timestamp_ms // 3_600_000 for snapshot in table.snapshots()}
    expire(table, set(), soon)
    left = {snapshot.timestamp_ms // 3_600_000 for snapshot in table_of(busy, Layer.SILVER).snapshots()}
    assert left == hours


def test_files_of_commits_under_way_are_left_alone(busy: Any) -> None:
    """A young file that no snapshot names may be named in a moment; an old one is a dead run's."""
    silver = table_of(busy, Layer.SILVER)
    orphan = Path(silver.location().removeprefix("file://")) / "data" / "orphan.parquet"
    orphan.write_bytes(b"x")
    sweep(silver, NOW)
    assert orphan.exists()
    sweep(silver, LATER)
    assert not orphan.exists()
    assert len(parquet_files(silver)) == len(files_of(silver))
