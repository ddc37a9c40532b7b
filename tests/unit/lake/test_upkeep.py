"""Upkeep changes no row, keeps a week of time travel, and never deletes what is still needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from pyiceberg.table import Table

from assets.upkeep import ORDER
from lake.reading import files_of
from lake.schemas import PARTITION_BY, Layer
from lake.snapshots import SnapshotSet, files_changed, rows_snapshot
from lake.upkeep import GRACE, TIME_TRAVEL, compact, expire, sweep, tidy

NOW = dt.datetime.now(dt.UTC)
LATER = NOW + TIME_TRAVEL + dt.timedelta(days=1)


@pytest.fixture
def busy(platform: Any, shop: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A platform with many small files and snapshots, from five runs."""
    monkeypatch.setattr("lake.rewriting.MERGED_FROM_FILES", 1000)
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
    """Gold follows changes of silver's rows; rewritten files must not make it rebuild anything."""
    before = sorted_rows(busy, Layer.SILVER)
    named = SnapshotSet.of(table_of(busy, Layer.SILVER))
    merged, written = compact(table_of(busy, Layer.SILVER), PARTITION_BY[Layer.SILVER])
    silver = table_of(busy, Layer.SILVER)
    assert (merged, written, len(files_of(silver))) == (5, 1, 1)
    assert_frame_equal(sorted_rows(busy, Layer.SILVER), before)
    after = SnapshotSet.of(silver)
    assert (after.bronze, after.rejected) == (named.bronze, named.rejected)
    assert files_changed(silver, named.silver, after.silver) == []
    assert rows_snapshot(silver) == named.silver


def test_a_run_after_compaction_has_nothing_to_do(busy: Any) -> None:
    """Rejected's compacted snapshot holds the rows of the snapshot that silver names, so nothing may be restored."""
    for layer in ORDER:
        compact(table_of(busy, layer), PARTITION_BY[layer])
    before = busy.snapshots()
    assert not busy.run(0, 1, 2, 3, 4)
    assert busy.snapshots() == before


def test_a_run_after_everything_was_tidied_judges_as_before(busy: Any, shop: Callable[..., bytes]) -> None:
    """Compacted and swept tables still find all stored keys."""
    needed = {table_of(busy, Layer.SILVER).current_snapshot().snapshot_id}  # type: ignore[union-attr]
    tidy(table_of(busy, Layer.SILVER), PARTITION_BY[Layer.SILVER], needed, LATER)
    named = SnapshotSet.of(table_of(busy, Layer.SILVER))
    tidy(table_of(busy, Layer.REJECTED), PARTITION_BY[Layer.REJECTED], {named.rejected or 0}, LATER)
    busy.put(6, "late", [shop("k0"), shop("k1", "B"), shop("new")])
    busy.run(6)
    assert [busy.verdicts()["late", line] for line in (1, 2, 3)] == ["duplicate", "conflict", "silver"]


def test_old_snapshots_go_and_their_files_with_them(busy: Any) -> None:
    """Expiry alone would leave the files of expired snapshots on disk for ever."""
    before = sorted_rows(busy, Layer.SILVER)
    compact(table_of(busy, Layer.SILVER), PARTITION_BY[Layer.SILVER])
    assert expire(table_of(busy, Layer.SILVER), set(), LATER) == 5
    silver = table_of(busy, Layer.SILVER)
    files, _ = sweep(silver, LATER)
    assert files >= 5
    assert len(parquet_files(silver)) == 1
    assert_frame_equal(sorted_rows(busy, Layer.SILVER), before)


def test_nothing_is_expired_from_a_needed_snapshot_on(busy: Any) -> None:
    """Changes are found in the snapshots between the one that the warehouse holds and the current one."""
    snapshots = sorted(table_of(busy, Layer.SILVER).snapshots(), key=lambda snapshot: snapshot.timestamp_ms)
    needed = snapshots[2].snapshot_id
    assert expire(table_of(busy, Layer.SILVER), {needed}, LATER) == 2
    silver = table_of(busy, Layer.SILVER)
    assert files_changed(silver, needed, snapshots[-1].snapshot_id) is not None
    assert files_changed(silver, snapshots[0].snapshot_id, snapshots[-1].snapshot_id) is None


def test_a_week_of_time_travel_stays(busy: Any) -> None:
    """After six hours one snapshot per hour is kept, so that for a week one can go back to any hour."""
    table = table_of(busy, Layer.SILVER)
    soon = NOW + GRACE + dt.timedelta(hours=2)
    hours = {snapshot.timestamp_ms // 3_600_000 for snapshot in table.snapshots()}
    expire(table, set(), soon)
    left = {snapshot.timestamp_ms // 3_600_000 for snapshot in table_of(busy, Layer.SILVER).snapshots()}
    assert left == hours


def test_files_of_commits_under_way_are_left_alone(busy: Any) -> None:
    """A young file may belong to a commit that is under way. An old one was left by a run that died."""
    silver = table_of(busy, Layer.SILVER)
    orphan = Path(silver.location().removeprefix("file://")) / "data" / "orphan.parquet"
    orphan.write_bytes(b"x")
    sweep(silver, NOW)
    assert orphan.exists()
    sweep(silver, LATER)
    assert not orphan.exists()
    assert len(parquet_files(silver)) == len(files_of(silver))
