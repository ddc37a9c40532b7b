"""A lost catalog is noticed before anything is written or deleted. Nothing else is mistaken for a lost catalog."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from losing import LATER, again, catalog_of, empty_commit, heads, lose, path, recover
from pyiceberg.table import StaticTable
from sqlalchemy.exc import OperationalError

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.folders import CatalogLost, Folder, version_of
from lake.schemas import Layer
from lake.tables import Lake
from lake.upkeep import skip_after_recovery, sweep

HALF = [0, 10, 100, 4096, 5000, 8192, 12_288]


def test_a_commit_that_was_refused_is_no_sign_of_a_lost_catalog(lake: Lake, write: Any, silver: Any) -> None:
    """A process that loses a race or dies leaves metadata one version ahead. That is normal and must raise no alarm."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    version = version_of(table.metadata_location) + 1
    leftover = path(table.metadata_location).with_name(
        f"{version:05d}-{'0' * 8}-0000-0000-0000-{'0' * 12}.metadata.json"
    )
    shutil.copyfile(path(table.metadata_location), leftover)
    orphan = path(write(table, silver(("a", 1)))[0].file_path)
    table = again(lake).table(Layer.SILVER, COMMERCE)
    assert not skip_after_recovery(table)
    assert sweep(table, LATER) == (0, 0), "while it is the newest, it may be of a commit under way"
    empty_commit(table)
    sweep(again(lake).table(Layer.SILVER, COMMERCE), LATER)
    assert not leftover.exists()
    assert not orphan.exists()


def test_a_commit_between_two_looks_is_no_sign_of_a_lost_catalog(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog is read first, then another process commits, then the folder is read."""
    stale, rival = lake.table(Layer.SILVER, COMMERCE), lake.table(Layer.SILVER, COMMERCE)
    for _ in range(3):
        empty_commit(rival)
    fresh = again(lake)
    answers = iter([stale, fresh.catalog.load_table(("silver", "commerce"))])
    monkeypatch.setattr(fresh.catalog, "load_table", lambda _: next(answers))
    assert fresh.table(Layer.SILVER, COMMERCE).metadata_location == rival.metadata_location


def test_a_table_that_another_process_has_just_made_is_taken(lake: Lake) -> None:
    """The table was missing when it was looked up, and has files now."""
    made = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(made)
    assert again(lake).create(("silver", "commerce"), made.schema(), made.spec(), {}).metadata == made.metadata


def test_a_lake_without_hints_is_looked_at_by_its_files(lake: Lake) -> None:
    """Commits of other engines and of earlier versions do not write `version-hint.text`."""
    table = lake.table(Layer.SILVER, COMMERCE)
    shutil.copyfile(catalog_of(lake), f"{catalog_of(lake)}.old")
    last = [empty_commit(table) for _ in range(2)][-1]
    path(Folder.of(table).hint).unlink()
    shutil.copyfile(f"{catalog_of(lake)}.old", catalog_of(lake))
    with pytest.raises(CatalogLost, match="older than"):
        again(lake).table(Layer.SILVER, COMMERCE)
    recover(again(lake))
    assert heads(lake, Layer.SILVER) == (last,)


def test_other_tools_find_the_table_without_a_catalog(lake: Lake) -> None:
    """`version-hint.text` is the file that DuckDB and pyiceberg look for."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    assert StaticTable.from_metadata(table.location()).metadata == table.metadata


@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_metadata_that_the_catalog_names_can_be_damaged(lake: Lake, damage: str) -> None:
    """The folder is older than its catalog, or the disk lost a file: the same problem from the other side."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first, _ = empty_commit(table), empty_commit(table)
    named = path(table.metadata_location)
    named.unlink() if damage == "gone" else named.write_bytes(named.read_bytes()[:50])
    with pytest.raises(CatalogLost, match=r"names metadata that cannot be read.*make recover"):
        again(lake).table(Layer.SILVER, COMMERCE)
    recover(again(lake))
    assert heads(lake, Layer.SILVER) == (first,)


def test_upkeep_spares_a_recovered_table_once(lake: Lake, write: Any, silver: Any) -> None:
    """So an operator can check the table while all files are still there. The next upkeep deletes true orphans."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    orphan = path(write(table, silver(("b", 1)))[0].file_path)
    lake = lose(lake)
    recover(lake)
    assert [skip_after_recovery(lake.table(Layer.SILVER, COMMERCE)) for _ in range(2)] == [True, False]
    sweep(lake.table(Layer.SILVER, COMMERCE), LATER)
    assert not orphan.exists()
    assert sweep(lake.table(Layer.SILVER, COMMERCE), LATER) == (0, 0)


@pytest.mark.parametrize("where", ["same", "inside"])
def test_a_folder_of_two_tables_is_not_swept(lake: Lake, write: Any, silver: Any, where: str) -> None:
    """Each table would delete the files of the other as orphans."""
    table = lake.table(Layer.SILVER, COMMERCE)
    location = table.location() + ("" if where == "same" else "/inside")
    other = lake.catalog.create_table(("silver", "other"), table.schema(), location, table.spec())
    commit(other, write(other, silver(("a", 1))), [], {})
    commit(table, write(table, silver(("b", 1))), [], {})
    with pytest.raises(CatalogLost, match="another table in the same folder"):
        sweep(lake.table(Layer.SILVER, COMMERCE), LATER)


@pytest.mark.parametrize("size", HALF)
def test_a_truncated_catalog_is_told_in_words(lake: Lake, size: int) -> None:
    """The message names the file, the damage and what to do. SQLite takes an empty file for a new catalog."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    lake.catalog.engine.dispose()  # type: ignore[attr-defined]
    catalog_of(lake).write_bytes(catalog_of(lake).read_bytes()[:size])
    with pytest.raises(CatalogLost, match="make recover") as told:
        again(lake).table(Layer.SILVER, COMMERCE)
    assert "holds files of a table" in str(told.value) or (str(catalog_of(lake)) in str(told.value) and size)


def test_what_is_no_catalog_is_told_in_words(lake: Lake) -> None:
    """A foreign file in its place counts as none."""
    catalog_of(lake).write_bytes(b"PK\x03\x04" * 4000)
    with pytest.raises(CatalogLost, match="no SQLite database"):
        lake.table(Layer.SILVER, COMMERCE)


def test_a_busy_catalog_is_no_lost_one(lake: Lake) -> None:
    """A process that waits in vain for a lock must not be sent to recovery."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    impatient = Lake({**lake.properties, "uri": f"{lake.properties['uri']}?timeout=0.1"}, lake.scratch)
    with closing(sqlite3.connect(catalog_of(lake), isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError, match="locked"):
            impatient.table(Layer.SILVER, COMMERCE)


def test_a_table_that_was_purged_can_be_made_anew(lake: Lake, write: Any, silver: Any) -> None:
    """After a purge only empty folders and `version-hint.text` are left, and a new table is wanted."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    lake.catalog.purge_table(("silver", "commerce"))
    assert again(lake).table(Layer.SILVER, COMMERCE).snapshots() == []
