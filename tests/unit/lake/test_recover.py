"""Recovery: which metadata of a folder is registered, and what has to agree."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from losing import NOW, again, catalog_of, empty_commit, heads, lose, path, recover, stream_with_history

from contracts.commerce import COMMERCE
from lake.changed_dates import changed_dates
from lake.commits import commit
from lake.folders import CatalogLost, Folder
from lake.reading import files_of
from lake.recover import recover_namespace, recover_stream
from lake.schemas import Layer
from lake.snapshots import rows_snapshot
from lake.tables import Lake
from lake.upkeep import skip_after_recovery
from resources.warehouse.snapshot_diff import LoadPlan, plan_load


@pytest.mark.parametrize("damage", ["gone", "cut off", "no manifest list", "no manifest", "manifest cut off"])
def test_damaged_metadata_is_passed_over(lake: Lake, write: Any, silver: Any, content: Any, damage: str) -> None:
    """Metadata that cannot be read to its end is skipped, and the one before it is registered."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})
    commit(table, write(table, silver(("b", 1))), [], {})
    snapshot = table.current_snapshot()
    assert snapshot
    manifest = path(snapshot.manifests(table.io)[0].manifest_path)
    newest, listed = path(table.metadata_location), path(snapshot.manifest_list)
    match damage:
        case "gone":
            newest.unlink()
        case "cut off":
            newest.write_bytes(newest.read_bytes()[:-100])
        case "no manifest list":
            listed.unlink()
        case "no manifest":
            manifest.unlink()
        case "manifest cut off":
            manifest.write_bytes(manifest.read_bytes()[:-20])
    lake = lose(lake)
    told = recover(lake)["silver.commerce"]
    assert "newer metadata is not whole" in told
    table = lake.table(Layer.SILVER, COMMERCE)
    assert [row["event_id"] for row in content(table)] == ["a"]
    commit(table, write(table, silver(("c", 1))), [], {})
    assert "already current" in recover(lake)["silver.commerce"]


def test_the_only_metadata_being_damaged_is_told(lake: Lake) -> None:
    """Then nothing can be registered. The job fails and creates no new table."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    for file in Folder.of(table).metadata_files():
        path(file).write_bytes(b"{")
    lake = lose(lake)
    told = {each.table: each for each in recover_stream(lake, "commerce", NOW)}
    assert not told["silver.commerce"].registered
    assert "none is whole" in told["silver.commerce"].message
    with pytest.raises(CatalogLost):
        lake.table(Layer.SILVER, COMMERCE)


def test_silver_goes_back_to_what_names_snapshots_that_are_there(lake: Lake) -> None:
    """Checks and runs read the snapshots that silver names. If these were gone, every run would fail."""
    _, second, third = stream_with_history(lake)
    rejected = lake.table(Layer.REJECTED, COMMERCE)
    path(rejected.metadata_location).unlink()
    lake = lose(lake)
    told = recover(lake)
    assert "names snapshots of other tables that are gone" in told["silver.commerce"]
    assert heads(lake, Layer.REJECTED, Layer.SILVER) == second[1:]
    assert heads(lake, Layer.BRONZE) == third[:1]
    assert all("already current" in each for each in recover(lake).values())


def test_the_ledger_goes_back_with_bronze(lake: Lake) -> None:
    """If the ledger knew an object whose rows bronze has lost, it would not be loaded again."""
    _, second, third = stream_with_history(lake)
    ledger, bronze = (lake.table(layer, COMMERCE) for layer in (Layer.LEDGER, Layer.BRONZE))
    path(bronze.metadata_location).unlink()
    before = [s.snapshot_id for s in ledger.snapshots() if s.timestamp_ms <= bronze.snapshots()[1].timestamp_ms]
    lake = lose(lake)
    recover(lake)
    assert heads(lake, Layer.BRONZE, Layer.SILVER) == (second[0], second[2])
    assert heads(lake, Layer.LEDGER) == (before[-1],)
    assert heads(lake, Layer.REJECTED) == (third[1],), "the next run puts it back to the one that silver names"


@pytest.mark.parametrize("lost", ["metadata of silver", "metadata of bronze"])
def test_whoever_followed_a_snapshot_that_is_gone_starts_anew(lake: Lake, write: Any, silver: Any, lost: str) -> None:
    """Warehouse and gold name the snapshot that they hold. It may be gone, or be no ancestor of the current one."""
    bronze, table = lake.table(Layer.BRONZE, COMMERCE), lake.table(Layer.SILVER, COMMERCE)
    noted = []
    for name in ("a", "b"):
        named = {"bronze-snapshot": str(empty_commit(bronze))}
        noted.append(commit(table, write(table, silver((name, 1))), [], named).snapshot_id)
    path((table if "silver" in lost else bronze).metadata_location).unlink()
    lake = lose(lake)
    recover(lake)
    table = lake.table(Layer.SILVER, COMMERCE)
    assert rows_snapshot(table) == noted[0]
    assert changed_dates(table, noted[1], noted[0]) is None
    assert plan_load(table, noted[1], noted[0]) == LoadPlan(None, tuple(files_of(table)))


def test_where_nothing_agrees_rows_stay(lake: Lake) -> None:
    """Silver may hold the only copy of rows by then."""
    silver = lake.table(Layer.SILVER, COMMERCE)
    lake.table(Layer.BRONZE, COMMERCE)
    head = empty_commit(silver, bronze_snapshot="1")
    lake = lose(lake)
    recover(lake)
    assert heads(lake, Layer.SILVER) == (head,)


def test_of_two_timelines_the_longer_one_wins(lake: Lake) -> None:
    """An older catalog was put back. A process that had already checked the folder kept committing to it."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    shutil.copyfile(catalog_of(lake), f"{catalog_of(lake)}.old")
    lost = [empty_commit(table) for _ in range(4)]
    lake.table(Layer.SILVER, COMMERCE)
    shutil.copyfile(f"{catalog_of(lake)}.old", catalog_of(lake))
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    lake = again(lake)
    with pytest.raises(CatalogLost, match="older than"):
        skip_after_recovery(lake.catalog.load_table(("silver", "commerce")))
    recover(lake)
    assert heads(lake, Layer.SILVER) == (lost[-1],)


def test_a_copied_lake_is_not_registered_where_it_was_copied_from(lake: Lake, tmp_path: Path) -> None:
    """Its metadata names the original's files, which upkeep of the copy would delete."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    shutil.copytree(tmp_path, tmp_path / "copy")
    copy = Lake(
        {"uri": f"sqlite:///{tmp_path}/copy/new.db", "warehouse": f"file://{tmp_path}/copy"}, tmp_path / "scratch"
    )
    told = {each.table: each for each in recover_stream(copy, "commerce", NOW)}["silver.commerce"]
    assert not told.registered
    assert f"of a table in file://{tmp_path}/silver/commerce" in told.message


def test_tables_of_a_namespace_are_found_in_its_folder(lake: Lake, write: Any, silver: Any, content: Any) -> None:
    """Without a catalog nothing lists the marts, so their folders are used."""
    lake.catalog.create_namespace("gold")
    schema = lake.table(Layer.SILVER, COMMERCE).schema()
    for name in ("one", "two"):
        table = lake.create(("gold", name), schema, lake.table(Layer.SILVER, COMMERCE).spec(), {})
        commit(table, write(table, silver((name, 1))), [], {})
    lake = lose(lake)
    told = [each.table for each in recover_namespace(lake, "gold", NOW)]
    assert told == ["gold.one", "gold.two"]
    assert [row["event_id"] for row in content(lake.load(("gold", "two")))] == ["two"]
