"""Whenever and however the catalog is lost, recovery and one more run of the hours bring all rows back."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from assets.upkeep import ORDER
from lake.folders import CatalogLost
from lake.recover import recover_stream
from lake.schemas import PARTITION_BY, Layer
from lake.snapshots import SnapshotSet
from lake.upkeep import TIME_TRAVEL, skip_after_recovery, tidy

NOW = dt.datetime.now(dt.UTC)
LATER = NOW + TIME_TRAVEL + dt.timedelta(days=1)
Lose = Callable[[Path], None]


class CrashError(Exception):
    """Stands for the death of the process."""


def deleted(catalog: Path) -> None:
    catalog.unlink()


def emptied(catalog: Path) -> None:
    catalog.write_bytes(b"")


def dropped(catalog: Path) -> None:
    """The catalog is there, but its entries are gone."""
    opened = SqlCatalog("lake", uri=f"sqlite:///{catalog}", warehouse="")
    for layer in Layer:
        for name in opened.list_tables(layer.value):
            opened.drop_table(name)
    opened.engine.dispose()


WAYS = (deleted, emptied, dropped)
MOMENTS = ("before", "written", "after")


def reopened(platform: Any) -> Any:
    """The platform, opened by another process."""
    if "catalog" in vars(platform.lake):
        platform.lake.catalog.engine.dispose()
    fresh = type(platform)(platform.folder, platform.stream)
    fresh.now = platform.now
    return fresh


def catalog_of(platform: Any) -> Path:
    return platform.folder / "catalog.db"


def recover(platform: Any) -> list[str]:
    return [f"{each.table}: {each.message}" for each in told(platform)]


def told(platform: Any) -> list[Any]:
    return list(recover_stream(platform.lake, platform.stream.name, LATER))


def upkeep(platform: Any) -> None:
    """Recover as the job does, a week later."""
    needed: set[int] = set()
    for layer in ORDER:
        table = platform.lake.table(layer, platform.stream)
        if not skip_after_recovery(table):
            tidy(table, PARTITION_BY[layer], needed, LATER)
        if layer is Layer.SILVER:
            named = SnapshotSet.of(table)
            needed = {snapshot for snapshot in (named.bronze, named.rejected) if snapshot}


def state(platform: Any) -> dict[str, object]:
    """All rows that a reader can see, without times and versions of uploads."""
    bronze, silver, ledger = (platform.rows(layer) for layer in (Layer.BRONZE, Layer.SILVER, Layer.LEDGER))
    return {
        "verdicts": platform.verdicts(),
        "bronze": sorted(bronze.select("_source_file", "_line", "raw").iter_rows()),
        "silver": sorted(silver.select("event_id", "session_id", "_source_file", "_line").iter_rows()),
        "ledger": sorted(ledger.filter(pl.col("current")).select("path", "records").iter_rows()),
    }


def files(platform: Any) -> set[Path]:
    return {path for path in platform.folder.rglob("*") if path.suffix in (".parquet", ".avro", ".json")}


def live(platform: Any, shop: Callable[..., bytes]) -> None:
    """Two hours with keys in common, upkeep, an hour that replaces an object, and upkeep again."""
    platform.put(0, "f0", [shop("k", "A"), shop("m"), b"{broken"])
    platform.run(0)
    platform.put(1, "f1", [shop("k", "B"), shop("l"), b"{broken"])
    platform.run(1)
    upkeep(platform)
    platform.put(0, "f0", [shop("l", "C"), shop("m")])
    platform.run(0)
    upkeep(platform)


def crashing(patch: pytest.MonkeyPatch, number: int, moment: str, catalog: Path) -> list[str]:
    """Let the process die at commit `number`, counted from 1. Returns the list of tables that were committed to.

    Before commit n the catalog is copied to a file with the number n - 1.
    """
    commits: list[str] = []
    commit_table = SqlCatalog.commit_table

    def commit(self: SqlCatalog, table: Table, requirements: Any, updates: Any) -> Any:
        shutil.copyfile(catalog, f"{catalog}.{len(commits)}")
        commits.append(".".join(table.name()))
        if len(commits) == number and moment == "before":
            raise CrashError
        if len(commits) == number and moment == "written":  # the metadata is there, the catalog does not know it
            staged = self._update_and_stage_table(self.load_table(table.name()), table.name(), requirements, updates)
            self._write_metadata(staged.metadata, staged.io, staged.metadata_location)
            raise CrashError
        answer = commit_table(self, table, requirements, updates)
        if len(commits) == number:
            raise CrashError
        return answer

    patch.setattr(SqlCatalog, "commit_table", commit)
    return commits


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes upkeep merge files even in small tables."""
    monkeypatch.setattr("lake.upkeep.MANY_SMALL", 2)


COMMITS = 22


@pytest.mark.usefixtures("small")
def test_the_life_has_as_many_commits_as_are_tried(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No commit is left out below, and every table is compacted and expired."""
    commits = crashing(monkeypatch, 0, "", catalog_of(platform))
    live(platform, shop)
    assert len(commits) == COMMITS
    assert {commits.count(f"{layer}.commerce") > 3 for layer in Layer} == {True}, commits


@pytest.fixture(scope="module")
def undisturbed(platforms: Callable[..., Any], shop: Any) -> dict[str, object]:
    platform = platforms()
    live(platform, shop)
    return state(platform)


@pytest.mark.verify
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("number", range(1, COMMITS + 1))
def test_the_catalog_is_lost_at_every_commit(platforms: Any, shop: Any, undisturbed: object, number: int) -> None:
    """A process dies at a commit and the catalog is lost. After recovery the platform goes on as before."""
    moment, lose = MOMENTS[number % len(MOMENTS)], WAYS[number // len(MOMENTS) % len(WAYS)]
    assert after_a_loss(platforms(), shop, number, moment, lose) == undisturbed


@pytest.mark.usefixtures("small")
@settings(max_examples=8)
@given(st.integers(1, COMMITS), st.sampled_from(MOMENTS), st.sampled_from(WAYS), st.integers(0, COMMITS))
def test_an_older_catalog_is_put_back_at_any_point(
    platforms: Any, shop: Any, undisturbed: object, number: int, moment: str, lose: Lose, backup: int
) -> None:
    """The catalog is replaced by any earlier backup. Later commits are found again and not overwritten."""
    assert after_a_loss(platforms(), shop, number, moment, lose, min(backup, number - 1)) == undisturbed


def after_a_loss(
    platform: Any, shop: Any, number: int, moment: str, lose: Lose, backup: int | None = None
) -> dict[str, object]:
    """The state in the end: a crash at commit `number`, then the catalog is lost, or replaced by the backup made after
    commit `backup`; then recovery, upkeep, and the same life again."""
    with pytest.MonkeyPatch.context() as patch:
        crashing(patch, number, moment, catalog_of(platform))
        with pytest.raises(CrashError):
            live(platform, shop)
    if backup is None:
        lose(catalog_of(platform))
    else:
        shutil.copyfile(f"{catalog_of(platform)}.{backup}", catalog_of(platform))
    platform = reopened(platform)
    before = files(platform)
    registered = [each.table.replace(".", "/") for each in told(platform) if each.message.startswith("registered")]
    spared_files = {path for path in before if any(f"/{table}/" in str(path) for table in registered)}
    assert all("already current" in each or "nothing to" in each for each in recover(platform))
    upkeep(platform)
    assert files(platform) >= spared_files, "the first upkeep after a recovery deletes nothing"
    platform.run(0, 1)
    live(platform, shop)
    return state(platform)


def test_a_table_is_never_made_over_the_files_of_one(platform: Any, shop: Any) -> None:
    """Upkeep would delete all earlier files as orphans."""
    platform.put(0, "f0", [shop("k")])
    platform.run(0)
    deleted(catalog_of(platform))
    before = files(platform)
    platform = reopened(platform)
    for _ in range(2):
        with pytest.raises(CatalogLost, match=r"ledger/commerce holds files of a table.*make recover"):
            platform.load(0)
    with pytest.raises(CatalogLost):
        upkeep(platform)
    assert files(platform) == before


def test_data_without_metadata_is_not_given_away_either(platform: Any, shop: Any) -> None:
    """The Parquet files can still be read by hand; a new table in their folder would delete them."""
    platform.put(0, "f0", [shop("k")])
    platform.run(0)
    deleted(catalog_of(platform))
    shutil.rmtree(platform.folder / "bronze" / "commerce" / "metadata")
    platform = reopened(platform)
    with pytest.raises(CatalogLost, match="bronze/commerce holds files"):
        platform.lake.table(Layer.BRONZE, platform.stream)
    lost = {each.table: each.message for each in told(platform) if not each.registered}
    assert lost.keys() == {"bronze.commerce"}
    assert "of 0 metadata files" in lost["bronze.commerce"]


def test_what_an_unfinished_creation_leaves_is_no_table(platform: Any) -> None:
    """A process may die between the first metadata file and the catalog's entry. That needs no recovery."""
    platform.lake.table(Layer.BRONZE, platform.stream)
    dropped(catalog_of(platform))
    platform = reopened(platform)
    assert platform.lake.table(Layer.BRONZE, platform.stream).snapshots() == []


@pytest.mark.parametrize("behind", [1, 4])
def test_an_older_catalog_is_noticed_before_anything_is_written(platform: Any, shop: Any, behind: int) -> None:
    """Runs would commit on top of old metadata, and newer rows would become orphans."""
    platform.put(0, "f0", [shop("k"), b"{broken"])
    platform.run(0)
    shutil.copyfile(catalog_of(platform), platform.folder / "backup")
    for hour in range(1, 1 + behind):
        platform.put(hour, f"f{hour}", [shop(f"k{hour}")])
        platform.run(hour)
    rows = state(platform)
    shutil.copyfile(platform.folder / "backup", catalog_of(platform))
    before = files(platform)
    for attempt in (lambda fresh: fresh.run(0), upkeep):
        with pytest.raises(CatalogLost, match=r"older than .*: a commit now would lose rows.*make recover"):
            attempt(reopened(platform))
    assert files(platform) == before
    platform = reopened(platform)
    recover(platform)
    assert state(platform) == rows
    assert not platform.run(*range(1 + behind)), "the next run has nothing to do"
