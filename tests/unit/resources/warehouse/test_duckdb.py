"""DuckDB as the warehouse: silver is a view on a snapshot's files; readers may keep a release open."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyiceberg.types import UUIDType

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.reading import files_of
from lake.schemas import Layer
from lake.tables import Lake
from resources.warehouse.duckdb import DuckDBWarehouse, WarehouseUnreadable
from resources.warehouse.duckdb_views import sql_type

MARTS = ("marts", "analytics")


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    folder = tmp_path / "it's here"
    return DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", folder / "scratch")


@pytest.fixture
def table(lake: Lake) -> Any:
    return lake.table(Layer.SILVER, COMMERCE)


def ids(warehouse: DuckDBWarehouse) -> list[str]:
    return [event_id for (event_id,) in warehouse.query("SELECT event_id FROM silver.commerce ORDER BY 1")]


def test_the_relation_follows_the_snapshots(warehouse: DuckDBWarehouse, table: Any, write: Any, silver: Any) -> None:
    """The same snapshot again changes nothing. Rows that left silver leave the relation."""
    empty = warehouse.apply_snapshot(COMMERCE, table, None)
    assert (empty.rows, ids(warehouse)) == (0, [])
    first = commit(table, write(table, silver(("a", 1), ("b", 2))), [], {}).snapshot_id
    applied = warehouse.apply_snapshot(COMMERCE, table, first)
    assert (applied.changed, applied.rows, ids(warehouse)) == (True, 2, ["a", "b"])
    again = warehouse.apply_snapshot(COMMERCE, table, first)
    assert (again.changed, again.rows) == (False, 2)
    second = commit(table, write(table, silver(("c", 3))), files_of(table), {}).snapshot_id
    warehouse.apply_snapshot(COMMERCE, table, second)
    assert (ids(warehouse), warehouse.applied_snapshots()) == (["c"], {"commerce": second})


def test_values_arrive_as_the_contract_has_them(
    warehouse: DuckDBWarehouse, table: Any, write: Any, silver: Any
) -> None:
    """Money stays a decimal, times stay UTC and items stay nested, even if there is no file at all."""
    query = "SELECT column_name, column_type FROM (DESCRIBE silver.commerce)"
    warehouse.apply_snapshot(COMMERCE, table, None)
    types = dict(warehouse.query(query))
    assert (types["order_total"], types["event_at"]) == ("DECIMAL(24,6)", "TIMESTAMP WITH TIME ZONE")
    snapshot = commit(table, write(table, silver(("a", 1), order_total=Decimal("12.50"))), [], {}).snapshot_id
    warehouse.apply_snapshot(COMMERCE, table, snapshot)
    assert dict(warehouse.query(query)) == types
    found = warehouse.query("SELECT items[1].product_id, order_total, event_at::VARCHAR FROM silver.commerce")
    assert list(found) == [("a", Decimal("12.50"), "2024-05-01 09:00:00+00")]


def test_a_release_holds_the_marts_alone(warehouse: DuckDBWarehouse) -> None:
    """Nobody writes to a published file. It is replaced by renaming, so a reader's open file stays complete."""
    for schema in (*MARTS, "staging"):
        warehouse.query(f"CREATE SCHEMA gold_next.{schema}")
        warehouse.query(f"CREATE TABLE gold_next.{schema}.t AS SELECT 1 AS x")
    warehouse.query("CREATE TABLE gold_next.marts.t__dbt_tmp AS SELECT 1 AS x")
    warehouse.query("CREATE VIEW gold_next.marts.t__dbt_code AS SELECT 'a' AS code")
    assert (warehouse.released_snapshots(), warehouse.release_facts()) == ({}, {})
    published = warehouse.release(MARTS, {"commerce": 7}, {"run_id": "r1"})
    assert warehouse.release_facts() == {"run_id": "r1"}
    reader = duckdb.connect(published, read_only=True)
    found = reader.execute("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").fetchall()
    assert found == [("analytics", "t"), ("main", "release"), ("marts", "t")]
    warehouse.query("INSERT INTO gold_next.marts.t VALUES (2)")
    warehouse.release(MARTS, {"commerce": 8}, {})
    assert reader.execute("SELECT count(*) FROM marts.t").fetchall() == [(1,)]
    reader.close()
    with duckdb.connect(published, read_only=True) as later:
        assert later.execute("SELECT count(*) FROM marts.t").fetchall() == [(2,)]
    assert warehouse.released_snapshots() == {"commerce": 8}
    assert warehouse.release_facts() == {}
    assert sorted(path.name for path in warehouse.path.parent.iterdir() if path.is_file()) == [
        "gold.duckdb",
        "gold_next.duckdb",
        "warehouse.duckdb",
    ]


def storage_version(path: str | Path) -> int:
    """The version of a DuckDB file, from its header."""
    return int.from_bytes(Path(path).read_bytes()[12:20], "little")


def test_files_have_a_storage_version_that_older_duckdb_reads(warehouse: DuckDBWarehouse) -> None:
    """Even if a later version wrote `gold_next`: its rows are kept."""
    warehouse.path.parent.mkdir()
    following = warehouse.path.with_name("gold_next.duckdb")
    with duckdb.connect(str(following)) as con:
        con.execute("CREATE SCHEMA marts")
        con.execute("CREATE TABLE marts.t AS SELECT 1 AS x")
        con.execute("CREATE VIEW marts.t__dbt_code AS SELECT 'a' AS code")
    assert storage_version(following) > 65
    assert list(warehouse.query("SELECT x, code FROM gold_next.marts.t, gold_next.marts.t__dbt_code")) == [(1, "a")]
    published = warehouse.release(MARTS, {"commerce": 7}, {})
    assert {storage_version(path) for path in (following, warehouse.path, published)} == {65}


def test_what_gold_may_hold_is_noted_until_it_is_released(warehouse: DuckDBWarehouse) -> None:
    """A failed run may have written rows. A run of some models publishes tables that earlier runs built."""
    warehouse.begin_build({"commerce": 7, "web": None})
    assert warehouse.snapshots_in_gold() == {}, "nothing was released: everything may differ"
    warehouse.release(MARTS, {"commerce": 7, "web": None}, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {7}, "web": {None}}
    for snapshot in (8, 8, 9):
        warehouse.begin_build({"commerce": snapshot, "web": None, "mobile": 5})
    published = warehouse.release(MARTS, None, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {7, 8, 9}, "web": {None}}
    with duckdb.connect(published, read_only=True) as con:
        assert con.execute("SELECT snapshots ->> '$.commerce' FROM release").fetchall() == [("7",)]
    warehouse.release(MARTS, {"commerce": 9, "web": None, "mobile": 5}, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {9}, "web": {None}, "mobile": {5}}


def test_asking_a_missing_warehouse_creates_no_file(warehouse: DuckDBWarehouse) -> None:
    """Sensors ask before the first run; a file that they create would lock out that run."""
    assert (warehouse.applied_snapshots(), warehouse.released_snapshots(), warehouse.snapshots_in_gold()) == (
        {},
        {},
        {},
    )
    assert not warehouse.path.exists()


def test_a_type_that_no_contract_has_is_an_error() -> None:
    """VARCHAR as a fallback would sort amounts as text."""
    with pytest.raises(ValueError, match="no DuckDB type for uuid"):
        sql_type(UUIDType())


@pytest.mark.parametrize("name", ["warehouse.duckdb", "gold_next.duckdb"])
@pytest.mark.parametrize("size", [0, 10, 5000, 20_000])
def test_a_truncated_file_is_an_error_that_says_what_to_do(warehouse: DuckDBWarehouse, name: str, size: int) -> None:
    """The file can be rebuilt from silver, and the message says how."""
    warehouse.query("CREATE TABLE gold_next.main.t AS FROM range(10000)")
    path = warehouse.path.with_name(name)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(WarehouseUnreadable, match=rf"{name} cannot be opened.*delete warehouse.duckdb.*`upkeep`"):
        warehouse.query("SELECT 1")
    for file in (warehouse.path, warehouse.path.with_name("gold_next.duckdb")):
        file.unlink()
    assert warehouse.query("SELECT 1") == [(1,)]
