"""What runs took is counted once, divided fairly and priced; what a warehouse does not tell fails no run."""

from __future__ import annotations

import datetime as dt
import logging
from pathlib import Path
from unittest.mock import MagicMock

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets import gold_costs as module
from assets.cost import PRICES, records, show, spent_of, steps_since
from assets.cost_sums import InvalidPrices, Prices, Spent, Step, load_prices, storage_price, sum_up, total
from assets.gold_costs import gold_costs
from assets.run_costs import NUMBERS, Meter, cost_metadata, queries_of, query_metadata, shares
from lake.schemas import Layer
from lake.written_files import stored_bytes, written_since
from resources.dbt import NodeResult
from resources.warehouse.query_history import Query, query_of

DAY = dt.date(2024, 5, 1)
PRICED = Prices(
    currency="EUR",
    cpu_hour=3600.0,
    storage_gb_month=1.0,
    get_per_1000=1000.0,
    put_per_1000=2000.0,
    snowflake_credit=36.0,
    snowflake_credits_per_hour=200.0,
    redshift_rpu_hour=450.0,
    redshift_rpus=8.0,
)  # a second of CPU costs 1, a read object 1, a written file 2, a second of queries 2 on Snowflake, 1 on Redshift


def step(run: str, asset: str = "silver/web", day: dt.date = DAY, **numbers: float) -> Step:
    return Step(run, day, asset, Spent(runs=1, **numbers))


def test_a_run_counts_once_however_many_hours_it_had() -> None:
    """Each partition of a run has the run's numbers."""
    steps = [step("a", cpu_seconds=5)] * 24 + [step("b", cpu_seconds=1), step("a", "bronze/web", cpu_seconds=2)]
    first, second = sum_up(steps, PRICED, "duckdb", by_day=False)
    assert (first.asset, first.spent.runs, first.spent.cpu_seconds, first.price) == ("silver/web", 2, 6, 6.0)
    assert (second.asset, second.stream, second.price) == ("bronze/web", "web", 2.0)
    assert total([first, second])[1] == 8.0


def test_days_are_summed_by_themselves() -> None:
    steps = [step("a", cpu_seconds=5), step("b", day=DAY + dt.timedelta(days=1), cpu_seconds=1)]
    assert [(line.day, line.price) for line in sum_up(steps, PRICED, "duckdb", by_day=True)] == [
        (DAY + dt.timedelta(days=1), 1.0),
        (DAY, 5.0),
    ]


@pytest.mark.parametrize(("warehouse", "price"), [("duckdb", 0), ("snowflake", 6), ("redshift", 3)])
def test_seconds_of_queries_have_the_price_of_their_warehouse(warehouse: str, price: float) -> None:
    """DuckDB's queries run in our process: its processor time is priced already."""
    assert Spent(query_seconds=3).price(PRICED, warehouse) == pytest.approx(price)
    assert Spent(objects_read=2, files_written=3).price(PRICED, warehouse) == pytest.approx(8)
    assert storage_price({"a": 10**9, "b": 5 * 10**8}, PRICED) == 1.5


@given(st.dictionaries(st.text(max_size=3), st.floats(0.001, 100), min_size=1, max_size=5), st.floats(0.1, 1000))
def test_shares_add_up_to_the_whole(seconds: dict[str, float], cpu: float) -> None:
    """The time of a gold run is divided by what dbt says that each model took."""
    found = shares(seconds, cpu_seconds=cpu)
    assert sum(each.get("run_cpu_seconds", 0) for each in found.values()) == pytest.approx(cpu, abs=0.01)


def test_queries_belong_to_the_model_that_dbt_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's count for the model that it is about."""
    nodes = {"model.gold.a": {}, "test.gold.t": {"attached_node": "model.gold.a"}, "model.gold.b": {}}
    monkeypatch.setattr(module, "manifest", lambda: {"nodes": nodes})
    text = '/* {"app": "dbt", "node_id": "test.gold.t"} */ select 1'
    queries = [
        query_of(1, text, 1.5, 100),
        query_of(2, "CREATE TABLE x", "0.5", None),
        Query("3", "model.gold.a", 1, 1),
    ]
    results = [NodeResult(name, "", "success", "", 0, took) for name, took in zip(nodes, (1.0, 1.0, 2.0), strict=True)]
    found = gold_costs(results, Meter(), queries)
    assert found["model.gold.a"]["run_query_seconds"] == 2.5
    assert found["model.gold.a"]["run_bytes_read"] == 101
    assert found["model.gold.a"]["query_ids"].value == ["1", "3"]
    assert "query_ids" not in found["model.gold.b"]


def test_a_warehouse_that_tells_nothing_fails_no_run() -> None:
    """The role may lack the right to see the history. The data is good all the same."""
    silent = MagicMock()
    silent.labelled_queries.side_effect = RuntimeError("not authorized")
    assert queries_of(silent, logging.getLogger("test")) == []
    assert query_metadata([]) == {}


def test_this_process_is_measured() -> None:
    meter = Meter()
    sum(number * number for number in range(10**6))
    Path(__file__).read_bytes()
    assert meter.cpu_seconds > 0
    read, written = meter.bytes_of_files
    assert read >= Path(__file__).stat().st_size or (read, written) == (0, 0)


def test_what_a_step_notes_is_read_again() -> None:
    """The names are the same on both sides, and the log is read page by page."""
    noted = cost_metadata(rows=3, cpu_seconds=0.5, bytes_read=0)
    assert noted == {NUMBERS["rows"]: 3, NUMBERS["cpu_seconds"]: 0.5}
    asset = dg.AssetKey(["silver", "web"])
    with dg.DagsterInstance.ephemeral() as instance:
        for partition in ("a", "b"):
            instance.report_runless_asset_event(dg.AssetMaterialization(asset, metadata=noted, partition=partition))
        instance.report_runless_asset_event(dg.AssetMaterialization(asset))
        found = [*steps_since(instance, [asset], dt.datetime(2020, 1, 1, tzinfo=dt.UTC))]
    assert [each.spent for each in found] == [Spent(1, 3, 0.5)] * 2
    assert spent_of({}) is None


def test_lines_are_shown_to_people_and_programs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = sum_up([step("a", cpu_seconds=5, rows=1200)], PRICED, "duckdb", by_day=True)
    show(lines, "EUR")
    printed = capsys.readouterr().out
    assert "silver/web" in printed
    assert "1,200" in printed
    (record,) = records(lines)
    assert (record["day"], record["stream"], record["rows"], record["price"]) == ("2024-05-01", "web", 1200, 5.0)


def test_prices_are_checked(tmp_path: Path) -> None:
    """A missing price would be a free hour."""
    assert load_prices(PRICES).currency == "USD"
    file = tmp_path / "prices.toml"
    file.write_text(PRICES.read_text().replace("cpu_hour", "cpu_hours"))
    with pytest.raises(InvalidPrices, match=r"prices\.toml: cpu_hour: Field required; cpu_hours: Extra inputs"):
        load_prices(file)


def test_written_files_come_from_snapshots(platform, shop) -> None:  # type: ignore[no-untyped-def]
    """The files that are there are those that were added, as nothing was removed."""
    platform.put(0, "a", [shop("1")])
    platform.load(0)
    table = platform.lake.table(Layer.BRONZE, platform.stream)
    first = table.metadata.current_snapshot_id
    assert written_since(table, None) == (1, stored_bytes(table))
    platform.put(1, "b", [shop("2")])
    platform.load(1)
    table = platform.lake.table(Layer.BRONZE, platform.stream)
    later = written_since(table, first)
    assert (later.files, written_since(table, None).bytes) == (1, stored_bytes(table))
    assert 0 < later.bytes < stored_bytes(table)
