"""A lost catalog is noticed before anything is written or deleted, and nothing else is taken for one."""

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
from lake.folders import CatalogLost, Folder, version_of
from lake.housekeeping import spared, sweep
from lake.schemas import Layer
from lake.tables import Lake, commit

HALF = [0, 10, 100, 4096, 5000, 8192, 12_288]


def test_a_commit_that_was_refused_is_no_sign_of_a_lost_catalog(lake: Lake, write: Any, silver: Any) -> None:
    """A rival that loses, or dies on the way, leaves metadata one version ahead: nobody is to be woken for that."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    version = version_of(table.metadata_location) + 1
    leftover = path(table.metadata_location).with_name(
        f"{version:05d}-{'0' * 8}-0000-0000-0000-{'0' * 12}.metadata.json"
    )
    shutil.copyfile(path(table.metadata_location), leftover)
    orphan = path(write(table, silver(("a", 1)))[0].file_path)
    table = again(lake).table(Layer.SILVER, COMMERCE)
    assert not spared(table)
    assert sweep(table, LATER) == (0, 0), "while it is the newest, it may be of a commit under way"
    empty_commit(table)
    sweep(again(lake).table(Layer.SILVER, COMMERCE), LATER)
    assert not leftover.exists()
    assert not orphan.exists()


def test_a_commit_between_two_looks_is_no_sign_of_a_lost_catalog(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog was asked first, and somebody has committed before the folder was looked at."""
    stale, rival = lake.table(Layer.SILVER, COMMERCE), lake.table(Layer.SILVER, COMMERCE)
    for _ in range(3):
        empty_commit(rival)
    fresh = again(lake)
    answers = iter([stale, fresh.catalog.load_table(("silver", "commerce"))])
    monkeypatch.setattr(fresh.catalog, "load_table", lambda _: next(answers))
    assert fresh.table(Layer.SILVER, COMMERCE).metadata_location == rival.metadata_location


def test_a_table_that_another_process_has_just_made_is_taken(lake: Lake) -> None:
    """It was not there when it was looked for, and has files by now."""
    made = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(made)
    assert again(lake).create(("silver", "commerce"), made.schema(), made.spec(), {}).metadata == made.metadata


def test_a_lake_without_hints_is_looked_at_by_its_files(lake: Lake) -> None:
    """Another engine's commits, and those of earlier versions, leave no note of what was committed."""
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
    """The note of the last commit is the one that DuckDB and pyiceberg look for."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    assert StaticTable.from_metadata(table.location()).metadata == table.metadata


@pytest.mark.parametrize("damage", ["gone", "cut off"])
def test_metadata_that_the_catalog_names_can_be_damaged(lake: Lake, damage: str) -> None:
    """A folder that is older than its catalog, or a disk that lost a file, is the same trouble from the other side."""
    table = lake.table(Layer.SILVER, COMMERCE)
    first, _ = empty_commit(table), empty_commit(table)
    named = path(table.metadata_location)
    named.unlink() if damage == "gone" else named.write_bytes(named.read_bytes()[:50])
    with pytest.raises(CatalogLost, match=r"names metadata that cannot be read.*make recover"):
        again(lake).table(Layer.SILVER, COMMERCE)
    recover(again(lake))
    assert heads(lake, Layer.SILVER) == (first,)


def test_upkeep_spares_a_recovered_table_once(lake: Lake, write: Any, silver: Any) -> None:
    """Time to look whether it is right, while everything is still there; then true orphans go."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    orphan = path(write(table, silver(("b", 1)))[0].file_path)
    lake = lose(lake)
    recover(lake)
    assert [spared(lake.table(Layer.SILVER, COMMERCE)) for _ in range(2)] == [True, False]
    sweep(lake.table(Layer.SILVER, COMMERCE), LATER)
    assert not orphan.exists()
    assert sweep(lake.table(Layer.SILVER, COMMERCE), LATER) == (0, 0)


@pytest.mark.parametrize("where", ["same", "inside"])
def test_a_folder_of_two_tables_is_not_swept(lake: Lake, write: Any, silver: Any, where: str) -> None:
    """Each would take the files of the other for orphans."""
    table = lake.table(Layer.SILVER, COMMERCE)
    location = table.location() + ("" if where == "same" else "/inside")
    other = lake.catalog.create_table(("silver", "other"), table.schema(), location, table.spec())
    commit(other, write(other, silver(("a", 1))), [], {})
    commit(table, write(table, silver(("b", 1))), [], {})
    with pytest.raises(CatalogLost, match="another table in the same folder"):
        sweep(lake.table(Layer.SILVER, COMMERCE), LATER)


@pytest.mark.parametrize("size", HALF)
def test_a_truncated_catalog_is_told_in_words(lake: Lake, size: int) -> None:
    """The file, what is wrong with it, and what to do; an empty file is a new catalog to SQLite."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    lake.catalog.engine.dispose()  # type: ignore[attr-defined]
    catalog_of(lake).write_bytes(catalog_of(lake).read_bytes()[:size])
    with pytest.raises(CatalogLost, match="make recover") as told:
        again(lake).table(Layer.SILVER, COMMERCE)
    assert "holds files of a table" in str(told.value) or (str(catalog_of(lake)) in str(told.value) and size)


def test_what_is_no_catalog_is_told_in_words(lake: Lake) -> None:
    """Somebody else's file in its place is as good as none."""
    catalog_of(lake).write_bytes(b"PK\x03\x04" * 4000)
    with pytest.raises(CatalogLost, match="no SQLite database"):
        lake.table(Layer.SILVER, COMMERCE)


def test_a_busy_catalog_is_no_lost_one(lake: Lake) -> None:
    """Whoever waits in vain for a lock is not to be sent to recovery."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    impatient = Lake({**lake.properties, "uri": f"{lake.properties['uri']}?timeout=0.1"}, lake.scratch)
    with closing(sqlite3.connect(catalog_of(lake), isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError, match="locked"):
            impatient.table(Layer.SILVER, COMMERCE)


def test_a_table_that_was_purged_can_be_made_anew(lake: Lake, write: Any, silver: Any) -> None:
    """Whoever drops a table on purpose, with its files, wants a new one; empty folders and the note stay."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    lake.catalog.purge_table(("silver", "commerce"))
    assert again(lake).table(Layer.SILVER, COMMERCE).snapshots() == []
