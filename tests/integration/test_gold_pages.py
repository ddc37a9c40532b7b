"""The pages of gold's assets in Dagster: numbers and rows of what is there, and the reason where something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import dagster as dg
import duckdb
import hostile
import pytest
from driving import Platform

from assets import gold_results
from assets.headline import Headline, headlines

pytestmark = [pytest.mark.integration, pytest.mark.verify]
DATES = ("2026-02-21", "2026-02-22")
ORDERS = [hostile.order(number, event_timestamp=f"{DATES[number % 2]}T10:00:00Z") for number in range(5)]
Metadata = Mapping[str, dg.MetadataValue]


@pytest.fixture(scope="module")
def place(make_platform: Callable[[str], Platform]) -> Platform:
    """A platform with five orders of two dates, released."""
    platform = make_platform("pages")
    platform.land(hostile.HOUR, "orders.json", ORDERS)
    platform.ingest(hostile.HOUR)
    platform.gold()
    return platform


def page(place: Platform, model: str, partition: str | None = None) -> Metadata:
    """What the last materialization of a model shows."""
    filters = dg.AssetRecordsFilter(dg.AssetKey(["gold", model]), asset_partitions=[partition] if partition else None)
    (record,) = place.instance.fetch_materializations(filters, limit=1).records
    assert record.asset_materialization
    return record.asset_materialization.metadata


def rows(value: dg.MetadataValue) -> list[Mapping[str, object]]:
    assert isinstance(value, dg.TableMetadataValue)
    return [record.data for record in value.records]


def test_a_mart_shows_its_numbers_and_rows(place: Platform) -> None:
    """Dagster plots whole numbers and fractions, so nothing may be text."""
    shown = page(place, "fct_orders")
    assert shown["dagster/row_count"].value == 5
    assert shown["completed_share"].value == shown["orders_completed"].value / 5
    assert {type(value) for name, value in shown.items() if name.startswith("revenue ")} <= {
        dg.IntMetadataValue,
        dg.FloatMetadataValue,
    }
    assert {row["order_id"] for row in rows(shown["preview"])} == {f"o-{number}" for number in range(5)}


def test_a_date_shows_its_own_numbers(place: Platform) -> None:
    """The last date also shows rows, of that date only."""
    first, second = (page(place, "int_order_events", date) for date in DATES)
    assert [each["orders"].value for each in (first, second)] == [3, 2]
    assert "preview" not in first
    assert {row["event_date"] for row in rows(second["preview"])} == {DATES[1]}


def test_a_bad_headline_is_told_and_gold_is_released(place: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the model and the number. Other models have theirs."""
    bad = Headline("broken", "sum(missing)", "A number of a column that is not there.")
    monkeypatch.setattr(
        gold_results, "headlines", lambda node: (bad,) if node["name"] == "fct_orders" else headlines(node)
    )
    run = place.run("gold", {}, {}, assets=[dg.AssetKey(["gold", name]) for name in ("fct_orders", "dim_customers")])
    shown = page(place, "fct_orders")
    assert "headline numbers broken cannot be computed" in str(shown["error"].value)
    assert shown["dagster/row_count"].value == 5
    assert "error" not in page(place, "dim_customers")
    logged = [entry.user_message for entry in place.instance.all_logs(run.run_id)]
    assert any("gold/fct_orders: the headline numbers broken" in message for message in logged)


@pytest.fixture
def doubled(place: Platform) -> None:
    """An order that is there twice, in a table that a run without changes leaves as it is."""
    with duckdb.connect(str(place.data / "gold_next.duckdb")) as con:
        con.execute("INSERT INTO mobile.orders VALUES ('twice', 'u', 'buy', 'done', 'card', '2026-02-20 10:00:00')")
        con.execute("INSERT INTO mobile.orders SELECT * FROM mobile.orders WHERE order_id = 'twice'")


@pytest.mark.usefixtures("doubled")
def test_a_failed_check_shows_why(place: Platform) -> None:
    """A backfill of two dates fails: its error names them and the reason, and the check's page shows rows and SQL."""
    tags = dict(zip(("dagster/asset_partition_range_start", "dagster/asset_partition_range_end"), DATES, strict=True))
    run = place.run("gold", tags, {}, check=False)
    assert not run.success
    (failure,) = [event for event in run.all_events if event.is_step_failure]
    message = str(failure.step_failure_data.error)
    assert f"event dates: {', '.join(DATES)}; mobile_orders: expected that `order_id` is unique" in message
    check = dg.AssetCheckKey(dg.AssetKey(["gold", "mobile_orders"]), "unique_mobile_orders_order_id")
    logged = place.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.get_dagster_event().asset_check_evaluation_data for entry in logged]
    (shown,) = [evaluation for evaluation in evaluations if evaluation.asset_check_key == check]
    assert shown.metadata["failing_rows"].value == 1
    assert rows(shown.metadata["examples"]) == [{"unique_field": "twice", "n_records": 2}]
    assert "expected that `order_id` is unique; found 1 failing rows" in shown.description
    assert "mobile" in shown.description.partition("```sql")[2]
    assert shown.description.endswith("--select unique_mobile_orders_order_id\n```")
