"""Recovery: which metadata of a folder is chosen, what has to agree, and what upkeep leaves alone."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.table import StaticTable, Table
from sqlalchemy.exc import OperationalError

from contracts.commerce import COMMERCE
from resources.folders import CatalogLost, Folder, version_of
from resources.housekeeping import TIME_TRAVEL, spared, sweep
from resources.lake import Lake, commit, rows_snapshot
from resources.recovery import recover_namespace, recover_stream
from resources.schemas import Layer

NOW = dt.datetime.now(dt.UTC)
LATER = NOW + TIME_TRAVEL + dt.timedelta(days=1)
NAMED = {Layer.BRONZE: "bronze-snapshot", Layer.REJECTED: "rejected-snapshot"}
HALF = [0, 10, 100, 4096, 5000, 8192, 12_288]


def again(lake: Lake) -> Lake:
    """The lake as another process finds it."""
    return Lake(lake.properties, lake.scratch)


def catalog_of(lake: Lake) -> Path:
    return Path(lake.properties["uri"].removeprefix("sqlite:///"))


def path(location: str) -> Path:
    return Path(location.removeprefix("file://"))


def recover(lake: Lake) -> dict[str, str]:
    return {each.table: each.told for each in recover_stream(lake, "commerce", NAMED, LATER)}


def empty_commit(table: Table, **names: str) -> int:
    """A snapshot without files; its id."""
    return int(commit(table, [], [], {name.replace("_", "-"): value for name, value in names.items()}).snapshot_id)


def stream_with_history(lake: Lake, rounds: int = 3) -> list[tuple[int, int, int]]:
    """Rounds of commits as runs make them; the snapshots of bronze, rejected and silver after each."""
    bronze, ledger, rejected, silver = (
        lake.table(layer, COMMERCE) for layer in (Layer.BRONZE, Layer.LEDGER, Layer.REJECTED, Layer.SILVER)
    )
    found = []
    for _ in range(rounds):
        loaded, _, refused = empty_commit(bronze), empty_commit(ledger), empty_commit(rejected)
        found.append(
            (loaded, refused, empty_commit(silver, bronze_snapshot=str(loaded), rejected_snapshot=str(refused)))
        )
    return found


def heads(lake: Lake, *layers: Layer) -> tuple[int | None, ...]:
    return tuple(rows_snapshot(again(lake).table(layer, COMMERCE)) for layer in layers)


def lose(lake: Lake) -> Lake:
    """Delete the catalog."""
    lake.catalog.engine.dispose()  # type: ignore[attr-defined]
    catalog_of(lake).unlink()
    return again(lake)


@pytest.mark.parametrize("damage", ["gone", "cut off", "no manifest list", "no manifest", "manifest cut off"])
def test_damaged_metadata_is_passed_over(lake: Lake, write: Any, silver: Any, content: Any, damage: str) -> None:
    """What cannot be read to its end is not registered, but the metadata before it."""
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
    """Then nothing can be registered; the job fails, and no new table is made either."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    for file in Folder.of(table).metadata_files():
        path(file).write_bytes(b"{")
    lake = lose(lake)
    told = {each.table: each for each in recover_stream(lake, "commerce", NAMED, NOW)}
    assert not told["silver.commerce"].whole
    assert "none is whole" in told["silver.commerce"].told
    with pytest.raises(CatalogLost):
        lake.table(Layer.SILVER, COMMERCE)


def test_silver_goes_back_to_what_names_snapshots_that_are_there(lake: Lake) -> None:
    """Checks and runs read the snapshots that silver names: without them every run would fail."""
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
    """A ledger that knows an object whose rows bronze has lost would keep it from being loaded again."""
    _, second, third = stream_with_history(lake)
    ledger, bronze = (lake.table(layer, COMMERCE) for layer in (Layer.LEDGER, Layer.BRONZE))
    path(bronze.metadata_location).unlink()
    before = [s.snapshot_id for s in ledger.snapshots() if s.timestamp_ms <= bronze.snapshots()[1].timestamp_ms]
    lake = lose(lake)
    recover(lake)
    assert heads(lake, Layer.BRONZE, Layer.SILVER) == (second[0], second[2])
    assert heads(lake, Layer.LEDGER) == (before[-1],)
    assert heads(lake, Layer.REJECTED) == (third[1],), "the next run puts it back to the one that silver names"


def test_where_nothing_agrees_rows_stay(lake: Lake) -> None:
    """Silver may hold the only copy of rows by then."""
    silver = lake.table(Layer.SILVER, COMMERCE)
    lake.table(Layer.BRONZE, COMMERCE)
    head = empty_commit(silver, bronze_snapshot="1")
    lake = lose(lake)
    recover(lake)
    assert heads(lake, Layer.SILVER) == (head,)


def test_of_two_timelines_the_longer_one_wins(lake: Lake) -> None:
    """An older catalog was put back, and a process that had looked before went on with it."""
    table = lake.table(Layer.SILVER, COMMERCE)
    empty_commit(table)
    shutil.copyfile(catalog_of(lake), f"{catalog_of(lake)}.old")
    lost = [empty_commit(table) for _ in range(4)]
    lake.table(Layer.SILVER, COMMERCE)
    shutil.copyfile(f"{catalog_of(lake)}.old", catalog_of(lake))
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    lake = again(lake)
    with pytest.raises(CatalogLost, match="older than"):
        spared(lake.catalog.load_table(("silver", "commerce")))
    recover(lake)
    assert heads(lake, Layer.SILVER) == (lost[-1],)


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


def test_a_copied_lake_is_not_registered_where_it_was_copied_from(lake: Lake, tmp_path: Path) -> None:
    """Its metadata names the files of the original, which upkeep of the copy would delete."""
    empty_commit(lake.table(Layer.SILVER, COMMERCE))
    shutil.copytree(tmp_path, tmp_path / "copy")
    copy = Lake(
        {"uri": f"sqlite:///{tmp_path}/copy/new.db", "warehouse": f"file://{tmp_path}/copy"}, tmp_path / "scratch"
    )
    told = {each.table: each for each in recover_stream(copy, "commerce", NAMED, NOW)}["silver.commerce"]
    assert not told.whole
    assert f"of a table in file://{tmp_path}/silver/commerce" in told.told


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


def test_tables_of_a_namespace_are_found_in_its_folder(lake: Lake, write: Any, silver: Any, content: Any) -> None:
    """Marts stand in no list once the catalog is gone: their folders say which there were."""
    lake.catalog.create_namespace("gold")
    schema = lake.table(Layer.SILVER, COMMERCE).schema()
    for name in ("one", "two"):
        table = lake.create(("gold", name), schema, lake.table(Layer.SILVER, COMMERCE).spec(), {})
        commit(table, write(table, silver((name, 1))), [], {})
    lake = lose(lake)
    told = [each.table for each in recover_namespace(lake, "gold", NOW)]
    assert told == ["gold.one", "gold.two"]
    assert [row["event_id"] for row in content(lake.load(("gold", "two")))] == ["two"]
