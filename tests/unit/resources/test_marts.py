"""Marts as Iceberg tables: a release is one snapshot with exactly the mart's rows and the id of the release."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.upkeep import upkeep_marts
from lake.reading import files_of
from lake.tables import Lake
from resources import dbt
from resources.dbt import Mart
from resources.marts import RELEASE_ID, IcebergMarts, iceberg_type, published
from resources.warehouse.duckdb import DuckDBWarehouse

TYPES = {
    "id": "bigint",
    "place": "integer",
    "name": "varchar",
    "day": "date",
    "at": "timestamptz",
    "clock": "timestamp",
    "share": "double precision",
    "amount": "decimal(38,2)",
    "over": "boolean",
    "props": "json",
}
ROW = """SELECT 7::BIGINT AS id, 1::INTEGER AS place, 'é' AS name, DATE '2024-02-29' AS day,
    TIMESTAMPTZ '2024-02-29 23:59:59.999999+00' AS at, TIMESTAMP '2024-02-29 00:00:00' AS clock, 0.1::DOUBLE AS share,
    12345678901234567890123456789012345.67::DECIMAL(38,2) AS amount, true AS over, '{"a": null}'::JSON AS props"""
NOTHING = f"SELECT {', '.join(f'NULL AS {name}' for name in TYPES)}"
READ = {
    "id": 7,
    "place": 1,
    "name": "é",
    "day": dt.date(2024, 2, 29),
    "at": dt.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=dt.UTC),
    "clock": dt.datetime(2024, 2, 29),
    "share": 0.1,
    "amount": Decimal("12345678901234567890123456789012345.67"),
    "over": True,
    "props": '{"a": null}',
}


class Gold:
    """A warehouse with one mart, `m`, and a lake. `release` publishes the rows of a query as the mart."""

    def __init__(self, folder: Path, lake: Lake, patch: pytest.MonkeyPatch) -> None:
        self.warehouse = DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", folder / "scratch")
        self.lake, self.patch = lake, patch
        self.warehouse.query("CREATE SCHEMA gold_next.marts")

    def release(self, release_id: str, query: str, types: dict[str, str] = TYPES) -> None:
        self.warehouse.query(f"CREATE OR REPLACE TABLE gold_next.marts.m AS {query}")
        mart = Mart("m", '"gold_next"."marts"."m"', types, {name: f"The {name}" for name in types})
        self.patch.setattr(dbt, "marts", lambda profile: {"m": mart})
        IcebergMarts(("m",)).publish(self.lake, self.warehouse, release_id)

    @property
    def table(self) -> Any:
        (table,) = published(self.lake)
        return table

    def rows(self, snapshot_id: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.table.scan(snapshot_id=snapshot_id).to_arrow().to_pylist()
        return found


@pytest.fixture
def gold(tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Gold:
    return Gold(tmp_path, lake, monkeypatch)


def test_a_release_is_one_snapshot_of_all_rows(gold: Gold) -> None:
    """Readers see a release as a whole, and can go back to earlier ones that have not expired."""
    gold.release("first", f"{ROW} UNION ALL {NOTHING}")
    gold.release("second", ROW)
    first, second = gold.table.snapshots()
    assert gold.table.name() == ("gold", "m")
    assert [snapshot.summary[RELEASE_ID] for snapshot in (first, second)] == ["first", "second"]
    assert gold.rows() == [READ]
    assert sorted(gold.rows(first.snapshot_id), key=lambda row: row["id"] is None) == [READ, dict.fromkeys(TYPES)]


def test_a_mart_without_rows_is_released_too(gold: Gold) -> None:
    """Also as its first release; rows of the release before are gone."""
    for number, query in enumerate((f"{ROW} LIMIT 0", ROW, f"{ROW} LIMIT 0", f"{ROW} LIMIT 0")):
        gold.release(str(number), query)
        assert len(gold.rows()) == (number == 1)
        assert gold.table.current_snapshot().summary[RELEASE_ID] == str(number)
    assert len(gold.table.snapshots()) == 4


def test_columns_come_and_go(gold: Gold) -> None:
    """Older releases stay readable; a column that the mart loses is null from then on."""
    gold.release("first", "SELECT 1::BIGINT AS id, 'x' AS name", {"id": "bigint", "name": "varchar"})
    gold.release("second", "SELECT 2::BIGINT AS id, true AS over", {"id": "bigint", "over": "boolean"})
    assert gold.rows() == [{"id": 2, "name": None, "over": True}]
    assert gold.rows(gold.table.snapshots()[0].snapshot_id) == [{"id": 1, "name": "x"}]
    assert gold.table.schema().find_field("over").doc == "The over"


def test_a_column_of_another_type_takes_the_place_of_the_old_one(gold: Gold) -> None:
    """Nobody has to drop the table, and older releases keep the old column."""
    gold.release("first", "SELECT 1::BIGINT AS id, 'a' AS name", {"id": "bigint", "name": "varchar"})
    gold.release("second", "SELECT 'x' AS id, 'b' AS name", {"id": "varchar", "name": "varchar"})
    assert gold.rows() == [{"name": "b", "id": "x"}]
    assert gold.rows(gold.table.snapshots()[0].snapshot_id) == [{"id": 1, "name": "a"}]


def test_old_releases_expire_with_their_files(gold: Gold, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upkeep expires old releases, also those of marts that are no longer published. The last release always stays."""
    for number in range(3):
        gold.release(str(number), ROW)
    upkeep_marts(dg.build_op_context(), lake=gold.lake)
    assert len(gold.table.snapshots()) == 3, "a week of time travel stays"
    for limit in ("TIME_TRAVEL", "GRACE"):
        monkeypatch.setattr(f"lake.upkeep.{limit}", dt.timedelta(0))
    upkeep_marts(dg.build_op_context(), lake=gold.lake)
    assert [snapshot.summary[RELEASE_ID] for snapshot in gold.table.snapshots()] == ["2"]
    folder = Path(gold.table.location().removeprefix("file://"))
    assert {str(path) for path in folder.rglob("*.parquet")} == {
        file.file_path.removeprefix("file://") for file in files_of(gold.table)
    }
    assert gold.rows() == [READ]


def test_upkeep_of_a_lake_without_marts_does_nothing(lake: Lake) -> None:
    """The usual case: no setting asks for Iceberg tables."""
    upkeep_marts(dg.build_op_context(), lake=lake)
    assert published(lake) == []


def test_every_mart_can_be_published() -> None:
    """Each type of a column in dbt has a type in Iceberg, and no two marts have tables of the same name."""
    marts = dbt.marts(dbt.output("local"))
    nodes = dbt.project(dbt.output("local")).manifest["nodes"].values()
    public = [node for node in nodes if node.get("access") == "public"]
    assert sorted(marts) == dbt.mart_names()
    assert len({mart.relation for mart in marts.values()}) == len(marts) == len(public)
    assert {"fct_orders", "daily_active_users", "analytics_orders", "bene", "users"} <= set(marts)
    kinds = {kind for mart in marts.values() for kind in mart.types.values()}
    assert all(iceberg_type(kind) for kind in kinds)


def test_an_unknown_type_is_an_error() -> None:
    """It does not become text."""
    with pytest.raises(ValueError, match="no Iceberg type for interval"):
        iceberg_type("interval")
