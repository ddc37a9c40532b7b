"""Marts as Iceberg tables: each release of gold is also in the lake's catalog, for engines that read Iceberg."""

from __future__ import annotations

import datetime as dt

import dagster as dg
import duckdb
import hostile
import pytest
import reading
from driving import Platform
from pyiceberg.table import Table

from resources import dbt
from resources.marts import IcebergMarts

pytestmark = [pytest.mark.integration, pytest.mark.verify]


def ingest(platform: Platform, number: int) -> None:
    """One more hour with an order."""
    hour = hostile.HOUR + dt.timedelta(hours=number)
    platform.land(hour, "orders.json.gz", [hostile.order(number)])
    platform.ingest(hour)


def tables(platform: Platform) -> dict[str, Table]:
    """The published tables, as another engine finds them."""
    catalog = reading.catalog(platform.data)
    try:
        return {name: catalog.load_table((space, name)) for space, name in catalog.list_tables("gold")}
    finally:
        catalog.engine.dispose()


def releases(table: Table) -> list[str]:
    """The releases that a table's snapshots name, oldest first."""
    return [snapshot.summary["release-id"] for snapshot in table.snapshots()]


def test_every_mart_is_what_the_release_holds(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row by row. Each release is one snapshot, which names the run that made it."""
    monkeypatch.setenv("ICEBERG_MARTS", ",".join(dbt.mart_names()))
    runs = []
    for number in range(2):
        ingest(platform, number)
        runs.append(platform.gold().run_id)
    found = tables(platform)
    assert sorted(found) == dbt.mart_names()
    with duckdb.connect(":memory:") as con:
        con.execute(f"SET TimeZone = 'UTC'; ATTACH '{platform.data / 'gold.duckdb'}' AS gold (READ_ONLY)")
        released = con.execute("SELECT schema_name, table_name FROM duckdb_tables() WHERE schema_name <> 'main'")
        for schema, name in released.fetchall():
            assert releases(found[name]) == runs
            con.register("published", found[name].scan().to_arrow())
            for one, other in (("published", f"gold.{schema}.{name}"), (f"gold.{schema}.{name}", "published")):
                assert con.execute(f"(FROM {one}) EXCEPT ALL (FROM {other})").fetchall() == [], name
    assert found["fct_orders"].scan().to_arrow().num_rows == 2
    before = found["fct_orders"].snapshots()[0].snapshot_id
    assert found["fct_orders"].scan(snapshot_id=before).to_arrow().num_rows == 1


def test_what_is_no_mart_fails_the_run_before_it_builds(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists the marts that exist."""
    monkeypatch.setenv("ICEBERG_MARTS", "fct_orders,fct_ordes")
    ingest(platform, 0)
    with pytest.raises(dg.DagsterResourceFunctionError) as raised:
        platform.gold()
    assert "ICEBERG_MARTS: unknown marts fct_ordes; expected some of: " in str(raised.value.__cause__)
    assert not (platform.data / "gold_next.duckdb").exists()


def test_a_release_that_is_not_published_is_made_again(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warehouse notes a release last, so a release that is missing in the lake does not count as done."""

    def broken(*_: object) -> None:
        raise OSError("the lake cannot be written")

    monkeypatch.setenv("ICEBERG_MARTS", "fct_orders")
    ingest(platform, 0)
    with monkeypatch.context() as patch:
        patch.setattr(IcebergMarts, "publish", broken)
        with pytest.raises(OSError, match="the lake cannot be written"):
            platform.gold()
    assert not (platform.data / "gold.duckdb").exists()
    run = platform.gold()
    assert releases(tables(platform)["fct_orders"]) == [run.run_id]
    assert reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders") == [(1,)]
