"""DuckDB's silver: a view on one snapshot's own files, and releases that readers may hold open."""

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
from resources.warehouse.duckdb import DuckDBWarehouse, WarehouseUnreadable, sql_type

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
    """Applied twice it changes nothing, and rows that left silver leave the relation."""
    empty = warehouse.apply(COMMERCE, table, None)
    assert (empty.rows, ids(warehouse)) == (0, [])
    first = commit(table, write(table, silver(("a", 1), ("b", 2))), [], {}).snapshot_id
    applied = warehouse.apply(COMMERCE, table, first)
    assert (applied.changed, applied.rows, ids(warehouse)) == (True, 2, ["a", "b"])
    again = warehouse.apply(COMMERCE, table, first)
    assert (again.changed, again.rows) == (False, 2)
    second = commit(table, write(table, silver(("c", 3))), files_of(table), {}).snapshot_id
    warehouse.apply(COMMERCE, table, second)
    assert (ids(warehouse), warehouse.applied()) == (["c"], {"commerce": second})


def test_values_arrive_as_the_contract_has_them(
    warehouse: DuckDBWarehouse, table: Any, write: Any, silver: Any
) -> None:
    """Money stays a decimal, times stay UTC and items stay nested, also where there is no file at all."""
    query = "SELECT column_name, column_type FROM (DESCRIBE silver.commerce)"
    warehouse.apply(COMMERCE, table, None)
    types = dict(warehouse.query(query))
    assert (types["order_total"], types["event_at"]) == ("DECIMAL(24,6)", "TIMESTAMP WITH TIME ZONE")
    snapshot = commit(table, write(table, silver(("a", 1), order_total=Decimal("12.50"))), [], {}).snapshot_id
    warehouse.apply(COMMERCE, table, snapshot)
    assert dict(warehouse.query(query)) == types
    found = warehouse.query("SELECT items[1].product_id, order_total, event_at::VARCHAR FROM silver.commerce")
    assert list(found) == [("a", Decimal("12.50"), "2024-05-01 09:00:00+00")]


def test_a_release_holds_the_marts_alone(warehouse: DuckDBWarehouse) -> None:
    """Readers get a file that nobody writes; it is replaced by renaming, so that an open one stays whole."""
    for schema in (*MARTS, "staging"):
        warehouse.query(f"CREATE SCHEMA gold_next.{schema}")
        warehouse.query(f"CREATE TABLE gold_next.{schema}.t AS SELECT 1 AS x")
    warehouse.query("CREATE TABLE gold_next.marts.t__dbt_tmp AS SELECT 1 AS x")
    warehouse.query("CREATE VIEW gold_next.marts.t__dbt_code AS SELECT 'a' AS code")
    assert (warehouse.released(), warehouse.facts()) == ({}, {})
    published = warehouse.release(MARTS, {"commerce": 7}, {"run_id": "r1"})
    assert warehouse.facts() == {"run_id": "r1"}
    reader = duckdb.connect(published, read_only=True)
    found = reader.execute("SELECT table_schema, table_name FROM information_schema.tables ORDER BY ALL").fetchall()
    assert found == [("analytics", "t"), ("main", "release"), ("marts", "t")]
    warehouse.query("INSERT INTO gold_next.marts.t VALUES (2)")
    warehouse.release(MARTS, {"commerce": 8}, {})
    assert reader.execute("SELECT count(*) FROM marts.t").fetchall() == [(1,)]
    reader.close()
    with duckdb.connect(published, read_only=True) as later:
        assert later.execute("SELECT count(*) FROM marts.t").fetchall() == [(2,)]
    assert warehouse.released() == {"commerce": 8}
    assert warehouse.facts() == {}
    assert sorted(path.name for path in warehouse.path.parent.iterdir() if path.is_file()) == [
        "gold.duckdb",
        "gold_next.duckdb",
        "warehouse.duckdb",
    ]


def storage_version(path: str | Path) -> int:
    """The version of a DuckDB file, from its header."""
    return int.from_bytes(Path(path).read_bytes()[12:20], "little")


def test_files_are_of_a_version_that_older_readers_know(warehouse: DuckDBWarehouse) -> None:
    """Also where a later version made what is public: its rows are kept."""
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
    """A run that fails has written rows all the same, and one of some tables releases what it made of others."""
    warehouse.begin({"commerce": 7, "web": None})
    assert warehouse.snapshots_in_gold() == {}, "nothing was released: everything may differ"
    warehouse.release(MARTS, {"commerce": 7, "web": None}, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {7}, "web": {None}}
    for snapshot in (8, 8, 9):
        warehouse.begin({"commerce": snapshot, "web": None, "mobile": 5})
    published = warehouse.release(MARTS, None, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {7, 8, 9}, "web": {None}}
    with duckdb.connect(published, read_only=True) as con:
        assert con.execute("SELECT snapshots ->> '$.commerce' FROM release").fetchall() == [("7",)]
    warehouse.release(MARTS, {"commerce": 9, "web": None, "mobile": 5}, {})
    assert warehouse.snapshots_in_gold() == {"commerce": {9}, "web": {None}, "mobile": {5}}


def test_asking_an_absent_warehouse_makes_no_file(warehouse: DuckDBWarehouse) -> None:
    """Sensors ask from the first second on; a file of theirs would be in the first run's way."""
    assert (warehouse.applied(), warehouse.released(), warehouse.snapshots_in_gold()) == ({}, {}, {})
    assert not warehouse.path.exists()


def test_a_type_that_no_contract_has_is_an_error() -> None:
    """A silent VARCHAR would sort amounts as texts."""
    with pytest.raises(ValueError, match="no DuckDB type for uuid"):
        sql_type(UUIDType())


@pytest.mark.parametrize("name", ["warehouse.duckdb", "gold_next.duckdb"])
@pytest.mark.parametrize("size", [0, 10, 5000, 20_000])
def test_a_truncated_file_is_told_in_words(warehouse: DuckDBWarehouse, name: str, size: int) -> None:
    """All of it can be made again from silver: whoever meets it has to know that, and how."""
    warehouse.query("CREATE TABLE gold_next.main.t AS FROM range(10000)")
    path = warehouse.path.with_name(name)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(WarehouseUnreadable, match=rf"{name} cannot be opened.*delete warehouse.duckdb.*`upkeep`"):
        warehouse.query("SELECT 1")
    for file in (warehouse.path, warehouse.path.with_name("gold_next.duckdb")):
        file.unlink()
    assert warehouse.query("SELECT 1") == [(1,)]
