"""Metrics are read from gold's last release, by date, and told from those that cannot be computed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from assets.metric_values import MetricValue, last_finished_day, metric_sql, number_text, read_metrics
from resources.alerts.rules import Metric
from resources.dbt import Mart
from resources.warehouse.copy_warehouse import CopyingWarehouse
from resources.warehouse.duckdb import DuckDBWarehouse

DAY = dt.date(2024, 5, 8)
MARTS = {"daily": Mart("daily", '"gold_next"."marts"."daily"', {}, {})}


def test_values_of_a_day_and_of_the_week_before(tmp_path: Path) -> None:
    """In one query; a metric that fails does not take the others with it."""
    warehouse = DuckDBWarehouse(tmp_path / "w.duckdb", tmp_path / "gold.duckdb", tmp_path)
    with duckdb.connect(str(warehouse.published)) as con:
        con.execute("CREATE SCHEMA marts; CREATE TABLE marts.daily (event_date DATE, currency TEXT, sold INT)")
        con.execute(
            "INSERT INTO marts.daily VALUES ('2024-05-08', 'EUR', 6), ('2024-05-08', 'USD', 1), "
            "('2024-05-08', 'EUR', 4), ('2024-05-01', 'EUR', 5), ('2024-05-07', 'EUR', 100)"
        )
    metrics = {
        "sold": Metric(mart="daily", sql="sum(sold)"),
        "none": Metric(mart="daily", sql="sum(sold)", where="currency = 'GBP'"),
        "sold_in": Metric(mart="daily", sql="sum(sold)", by="currency"),
        "broken": Metric(mart="daily", sql="sum(gone)"),
    }
    values, errors = read_metrics(warehouse, metrics, MARTS, DAY)
    assert values == [
        MetricValue("sold", DAY, 11, 5),
        MetricValue("none", DAY, None, None),
        MetricValue("sold_in EUR", DAY, 10, 5),
        MetricValue("sold_in USD", DAY, 1, None),
    ]
    assert [each.change for each in values[2:]] == [1.0, None]
    assert list(errors) == ["broken"]
    assert "gone" in errors["broken"]


def test_copying_warehouses_publish_in_schema_gold() -> None:
    """There the release has relations of its own, and the marts that runs write are not released."""
    relation = CopyingWarehouse.released(None, MARTS["daily"])  # type: ignore[arg-type]
    sql = metric_sql(0, Metric(mart="daily", sql="sum(sold)", date="day", where="a or b"), relation, [DAY])
    assert sql == (
        "SELECT 0, CAST(day AS VARCHAR(10)), CAST(NULL AS VARCHAR(200)), CAST(sum(sold) AS DOUBLE PRECISION) "
        "FROM gold.daily WHERE day IN (CAST('2024-05-08' AS DATE)) AND (a or b) GROUP BY 1, 2, 3"
    )


def test_a_day_is_finished_an_hour_after_its_end() -> None:
    """Its last events are late, and a gold run takes its time."""
    midnight = dt.datetime(2024, 5, 9, tzinfo=dt.UTC)
    assert last_finished_day(midnight + dt.timedelta(minutes=59)) == dt.date(2024, 5, 7)
    assert last_finished_day(midnight + dt.timedelta(hours=1)) == DAY


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.0, "1,234,567"), (12.345, "12.35"), (0.01234, "0.0123"), (-3.0, "-3")]
)
def test_numbers_are_read_by_people(value: float, text: str) -> None:
    assert number_text(value) == text
