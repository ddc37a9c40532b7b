"""Snowflake and Redshift as warehouses: silver's snapshots applied and marts published, through the real drivers."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import clouds
import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.types import DecimalType, StringType

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.reading import event_date, files_of
from lake.schemas import Layer
from lake.tables import Lake
from lake.writing import DataFileWriter
from resources.environment import make
from resources.warehouse import copy_warehouse
from resources.warehouse.copy_warehouse import CopyingWarehouse, LoadFailed
from resources.warehouse.protocol import ApplyResult, WarehouseBusy
from resources.warehouse.snapshot_diff import LoadPlan, plan_load

pytestmark = [pytest.mark.integration, pytest.mark.verify]
LOG = logging.getLogger("test")
BY_DATE = pl.col("event_at").dt.date()
MARTS = ("marts", "analytics")


@pytest.fixture(scope="module", params=clouds.NAMES)
def settings(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """A deployment's settings, its servers running."""
    if reason := clouds.lacking(request.param):
        pytest.skip(reason)
    with clouds.cloud(request.param) as (_, settings):
        yield settings


@pytest.fixture
def warehouse(
    settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[CopyingWarehouse]:
    """The warehouse, with dbt's schemas, which are empty."""
    for name, value in {**settings, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    warehouse = make("warehouse", [COMMERCE], LOG)
    warehouse.label_queries("a test's")
    with warehouse.session() as cursor:
        for schema in ("staging", *MARTS):
            cursor.execute(f"CREATE SCHEMA {schema}")
    yield warehouse
    with warehouse.session() as cursor:
        for schema in ("staging", *MARTS, "gold", "silver", "platform"):
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


@pytest.fixture
def silver(warehouse: CopyingWarehouse) -> Table:
    """Silver's table, new."""
    lake: Lake = make("lake", [COMMERCE], LOG)
    if lake.catalog.table_exists(("silver", COMMERCE.name)):
        lake.catalog.purge_table(("silver", COMMERCE.name))
    return lake.table(Layer.SILVER, COMMERCE)


def files(table: Table, *events: tuple[str, int], **columns: Any) -> list[DataFile]:
    """Data files of one row per (event id, day of May 2024)."""
    item = {"product_id": "p", "product_name": "it's", "unit_price": Decimal("1.50"), "quantity": 2}
    rows = [
        {
            "event_id": event_id,
            "event_name": "page_view",
            "event_at": dt.datetime(2024, 5, day, 23, 59, 59, 999999, tzinfo=dt.UTC),
            "order_total": Decimal("12345678901234.56"),
            "items": [{"product_category": None, **item}],
            "_arrival_hour": dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC),
            "_source_file": "f",
            "_source_version": "v",
            "_line": number,
            "_ingested_at": None,
            "_key": event_id.encode(),
            "_contract_version": "1",
            **columns,
        }
        for number, (event_id, day) in enumerate(events, 1)
    ]
    schema = {name: kind for name, kind in pl.Schema(table.schema().as_arrow()).items() if name in rows[0]}
    writer = DataFileWriter(table, BY_DATE)
    writer.write(pl.DataFrame(rows, schema=schema))
    return writer.finish()


def write(table: Table, *events: tuple[str, int], removed: Any = (), **columns: Any) -> int:
    return int(commit(table, files(table, *events, **columns), list(removed), {}).snapshot_id)


def of_day(table: Table, day: int) -> list[DataFile]:
    return [file for file in files_of(table) if event_date(file).day == day]


def ids(warehouse: CopyingWarehouse) -> list[str]:
    return [event_id for (event_id,) in warehouse.query("SELECT event_id FROM silver.commerce ORDER BY 1")]


def state(warehouse: CopyingWarehouse) -> tuple[list[str], dict[str, int | None]]:
    return ids(warehouse), warehouse.applied_snapshots()


def test_the_relation_follows_the_snapshots(warehouse: CopyingWarehouse, silver: Table) -> None:
    """Applied twice it changes nothing; rows that left silver leave the relation, and the others stay."""
    assert warehouse.applied_snapshots() == warehouse.released_snapshots() == warehouse.snapshots_in_gold() == {}
    assert warehouse.apply_snapshot(COMMERCE, silver, None) == ApplyResult(True, 0)
    assert warehouse.applied_snapshots() == {"commerce": None}
    first = write(silver, ("a", 1), ("b", 1), ("c", 2))
    assert (warehouse.apply_snapshot(COMMERCE, silver, first).rows, ids(warehouse)) == (3, ["a", "b", "c"])
    assert warehouse.apply_snapshot(COMMERCE, silver, first) == ApplyResult(False, 3)
    second = write(silver, ("a", 1), ("d", 3), removed=of_day(silver, 1))
    third = write(silver, ("e", 3))
    assert warehouse.apply_snapshot(COMMERCE, silver, third).rows == 4
    assert state(warehouse) == (["a", "c", "d", "e"], {"commerce": third})
    warehouse.apply_snapshot(COMMERCE, silver, second)
    assert ids(warehouse) == ["a", "c", "d"], "a snapshot that is no successor is loaded in full"


def test_values_arrive_as_the_contract_has_them(warehouse: CopyingWarehouse, silver: Table) -> None:
    """To the microsecond and the cent; items stay nested; what nobody sent is null."""
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("a", 1)))
    columns = "event_at, order_total, country, items, _line, _contract_version"
    ((event_at, total, country, items, line, version),) = warehouse.query(f"SELECT {columns} FROM silver.commerce")
    assert event_at == dt.datetime(2024, 5, 1, 23, 59, 59, 999999, tzinfo=dt.UTC)
    assert (total, country, line, version) == (Decimal("12345678901234.56"), None, 1, "1")
    (item,) = items if isinstance(items, list) else json.loads(items)
    assert (item["product_name"], Decimal(item["unit_price"]), item["quantity"]) == ("it's", Decimal("1.50"), 2)


def test_what_fails_changes_nothing(warehouse: CopyingWarehouse, silver: Table, monkeypatch: Any) -> None:
    """Rows and the note of their snapshot change together, or not at all."""
    first = write(silver, ("a", 1))
    warehouse.apply_snapshot(COMMERCE, silver, first)
    second = write(silver, ("b", 1), ("c", 2), removed=files_of(silver))
    (lost,) = of_day(silver, 2)
    with silver.io.new_input(lost.file_path).open() as stored:
        content = stored.read()
    silver.io.delete(lost.file_path)
    with pytest.raises(Exception, match=r"not|404"):
        warehouse.apply_snapshot(COMMERCE, silver, second)
    assert state(warehouse) == (["a"], {"commerce": first})
    with silver.io.new_output(lost.file_path).create() as again:
        again.write(content)
    copy_files = type(warehouse).copy_files
    with monkeypatch.context() as patch:
        patch.setattr(type(warehouse), "copy_files", lambda *given: ["no_such_column", *copy_files(*given)[1:]])
        with pytest.raises(Exception, match=r"(?i)no_such_column"):
            warehouse.apply_snapshot(COMMERCE, silver, second)
    assert state(warehouse) == (["a"], {"commerce": first}), "although its rows were deleted in the transaction"
    warehouse.apply_snapshot(COMMERCE, silver, second)
    assert ids(warehouse) == ["b", "c"]


def test_files_that_do_not_give_all_their_rows_are_an_error(
    warehouse: CopyingWarehouse, silver: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Iceberg's manifests say how many rows there must be."""
    snapshot = write(silver, ("a", 1), ("b", 1))
    copy_files = type(warehouse).copy_files

    def lossy(self: CopyingWarehouse, cursor: Any, staged: str, *rest: Any) -> Any:
        columns = copy_files(self, cursor, staged, *rest)
        cursor.execute(f"DELETE FROM {staged} WHERE event_id = 'b'")
        return columns

    monkeypatch.setattr(type(warehouse), "copy_files", lossy)
    with pytest.raises(LoadFailed, match="commerce: COPY loaded 1 rows from data files that hold 2"):
        warehouse.apply_snapshot(COMMERCE, silver, snapshot)
    assert warehouse.applied_snapshots() == {}


def test_of_two_that_apply_at_once_one_fails(
    warehouse: CopyingWarehouse, silver: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that seemed dead must not add an old snapshot's rows to those of a new one."""
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("a", 1)))
    second = write(silver, ("b", 2))

    def overtaken(*given: Any) -> LoadPlan:
        patch.undo()
        make("warehouse", [COMMERCE], LOG).apply_snapshot(COMMERCE, silver, second)
        return plan_load(*given)

    with monkeypatch.context() as patch:
        patch.setattr(copy_warehouse, "plan_load", overtaken)
        with pytest.raises(WarehouseBusy, match="commerce: another process has applied another snapshot"):
            warehouse.apply_snapshot(COMMERCE, silver, second)
    assert ids(warehouse) == ["a", "b"]


def test_a_column_that_the_contract_gains_is_added(warehouse: CopyingWarehouse, silver: Table) -> None:
    """Existing rows have no value for it, and older files, which lack it, can still be loaded."""
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("a", 1)))
    with silver.update_schema() as update:
        update.add_column("coupon", StringType())
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("b", 2), coupon="SPRING"))
    found = "SELECT event_id, coupon FROM silver.commerce ORDER BY 1"
    assert list(warehouse.query(found)) == [("a", None), ("b", "SPRING")]
    with warehouse.session() as cursor:
        cursor.execute("DROP TABLE silver.commerce")
        cursor.execute("DELETE FROM platform.applied")
    warehouse.apply_snapshot(COMMERCE, silver, silver.current_snapshot().snapshot_id)  # type: ignore[union-attr]
    assert list(warehouse.query(found)) == [("a", None), ("b", "SPRING")]


def test_decimals_may_gain_digits(warehouse: CopyingWarehouse, silver: Table) -> None:
    """The lake allows it as well. Existing rows keep their values, and the views on them can be recreated."""
    view = "CREATE OR REPLACE VIEW staging.stg AS SELECT event_id, order_total FROM silver.commerce"
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("a", 1)))
    with warehouse.session() as cursor:
        cursor.execute(view)
    with silver.update_schema() as update:
        update.update_column("order_total", field_type=DecimalType(26, 6))
    large = Decimal("12345678901234567890.123456")
    warehouse.apply_snapshot(COMMERCE, silver, write(silver, ("b", 2), order_total=large))
    with warehouse.session() as cursor:
        cursor.execute(view)
    found = warehouse.query("SELECT event_id, order_total FROM staging.stg ORDER BY 1")
    assert list(found) == [("a", Decimal("12345678901234.56")), ("b", large)]


def test_a_release_holds_the_marts_alone(warehouse: CopyingWarehouse) -> None:
    """What has left the marts leaves the release, and the notes of what gold may hold start again with each release."""
    with warehouse.session() as cursor:
        for name in ("marts.one", "marts.large", "marts.one__dbt_tmp", "analytics.two", "staging.three"):
            cursor.execute(f"CREATE TABLE {name} AS SELECT 1 AS x")
    assert warehouse.release(MARTS, {"commerce": 7}, {"run_id": "it's"}, {"large"}).endswith("/gold")
    tables = "SELECT lower(table_name) FROM information_schema.tables WHERE lower(table_schema) = 'gold' ORDER BY 1"
    assert list(warehouse.query(tables)) == [("large",), ("one",), ("release",), ("two",)]
    with warehouse.session() as cursor:
        cursor.execute("INSERT INTO marts.one VALUES (10)")
        cursor.execute("INSERT INTO marts.large VALUES (10)")
        cursor.execute("DROP TABLE analytics.two")
    assert list(warehouse.query("SELECT x FROM gold.one")) == [(1,)], "until it is released"
    ((shown,),) = warehouse.query("SELECT count(*) FROM gold.large")
    assert shown == (2 if warehouse.dbt_target == "aws-redshift" else 1), "ahead where a copy costs"
    warehouse.begin_build({"commerce": 8, "web": None})
    warehouse.release(MARTS, None, {"run_id": "some"}, {"large"})
    assert warehouse.snapshots_in_gold() == {"commerce": {7, 8}}
    warehouse.release(MARTS, {"commerce": 8}, {"run_id": "r2"})
    assert list(warehouse.query(tables)) == [("large",), ("one",), ("release",)]
    assert list(warehouse.query("SELECT x FROM gold.one ORDER BY 1")) == [(1,), (10,)]
    ((snapshots, facts),) = warehouse.query("SELECT snapshots, facts FROM gold.release")
    assert (json.loads(snapshots), json.loads(facts)) == ({"commerce": "8"}, {"run_id": "r2"})
    assert warehouse.snapshots_in_gold() == {"commerce": {8}}


def test_two_marts_of_one_name_cannot_be_released(warehouse: CopyingWarehouse) -> None:
    """One would silently replace the other."""
    with warehouse.session() as cursor:
        for schema in MARTS:
            cursor.execute(f"CREATE TABLE {schema}.same AS SELECT 1 AS x")
    with pytest.raises(ValueError, match="schema gold cannot hold two tables called same"):
        warehouse.release(MARTS, {}, {})


def test_a_relation_is_read_into_arrow(warehouse: CopyingWarehouse) -> None:
    """With the types that were asked for, whatever types the driver returns; in batches, none of them empty."""
    schema = pa.schema(
        {
            "id": pa.int64(),
            "name": pa.large_string(),
            "event_at": pa.timestamp("us", "UTC"),
            "event_date": pa.date32(),
            "share": pa.float64(),
            "amount": pa.decimal128(38, 2),
            "is_over": pa.bool_(),
        }
    )
    with warehouse.session() as cursor:
        cursor.execute(
            "CREATE TABLE marts.m (id BIGINT, name VARCHAR(10), event_at TIMESTAMPTZ, event_date DATE,"
            " share DOUBLE PRECISION, amount DECIMAL(38,2), is_over BOOLEAN)"
        )
    assert list(warehouse.read("marts.m", schema)) == []
    with warehouse.session() as cursor:
        cursor.execute(
            "INSERT INTO marts.m VALUES (7, 'é', '2024-02-29 23:59:59.999999+00:00', '2024-02-29', 0.1, 1.50, true),"
            " (NULL, NULL, NULL, NULL, NULL, NULL, NULL)"
        )
    (batch,) = warehouse.read("marts.m", schema)
    assert batch.schema == schema
    at = dt.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=dt.UTC)
    first, second = sorted(batch.to_pylist(), key=lambda row: row["id"] is None)
    assert list(first.values()) == [7, "é", at, at.date(), 0.1, Decimal("1.50"), True]
    assert set(second.values()) == {None}
