"""Whole runs whose right answer is known beforehand: published figures, and the generator's truth."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import reading
from driving import Platform

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = pytest.mark.integration
ORDERS = Path(__file__).parent / "data" / "rfm_data_orders.csv.gz"


def orders() -> Iterator[dict[str, object]]:
    """The sample data set's orders as the shop would have sent them."""
    with gzip.open(ORDERS, "rt", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            order = {
                "order_id": f"o-{number}",
                "status": "fulfilled",
                "currency": "USD",
                "total_amount": int(row["revenue"]),
            }
            yield {
                "event_id": f"e-{number}",
                "event_timestamp": f"{row['order_date']}T12:00:00Z",
                "event_type": "order_fulfilled",
                "customer": {"customer_id": row["customer_id"], "email": row["email"]},
                "order": order,
            }


def test_published_recency_frequency_monetary(platform: Platform) -> None:
    """The R package's own answer for its data set, which arrives in one hour, years after it happened."""
    hour = dt.datetime(2024, 5, 1, 9)
    platform.land(hour, "orders.json.gz", orders())
    platform.ingest(hour)
    platform.gold(as_of="2006-12-31")
    summary = "FROM analytics.analytics_customer_summary"
    assert reading.gold(platform.data, f"SELECT count(*), sum(frequency) {summary}") == [(995, 4906)]
    abbey = f"SELECT recency, frequency, monetary {summary} WHERE customer_id = 'Abbey O''Reilly'"
    assert reading.gold(platform.data, abbey) == [(205, 6, Decimal("472.00"))]


@pytest.fixture(scope="module")
def simulated(make_platform) -> tuple[Platform, dict]:
    """Six simulated hours across midnight, materialized, and their truth."""
    platform = make_platform("simulated")
    start = dt.datetime(2026, 2, 27, 20)
    platform.hours = [start + dt.timedelta(hours=index) for index in range(6)]
    truth = simulate(COMMERCE, Plan(start, 6, 1500), platform.landing)
    platform.ingest(platform.hours[0], platform.hours[-1])
    platform.gold()
    return platform, truth.figures()


def test_simulated_lake(simulated: tuple[Platform, dict]) -> None:
    """Records by arrival hour, by event date and by reason are exactly the generator's."""
    platform, truth = simulated
    hour = "strftime(_arrival_hour, '%Y-%m-%d-%H:%M')"
    landed = dict(reading.query(platform.data, f"SELECT {hour}, count(*) FROM bronze GROUP BY 1"))
    silver = dict(reading.query(platform.data, f"SELECT {hour}, count(*) FROM silver GROUP BY 1"))
    dates = dict(reading.query(platform.data, "SELECT strftime(event_at, '%Y-%m-%d'), count(*) FROM silver GROUP BY 1"))
    rejected = {hour: dict.fromkeys(reasons, 0) for hour, reasons in truth["rejected"]["by_arrival_hour"].items()}
    for at, reason, rows in reading.query(platform.data, f"SELECT {hour}, reason, count(*) FROM rejected GROUP BY ALL"):
        rejected[at][reason] = rows
    assert landed == truth["landed"]["by_arrival_hour"]
    assert silver == truth["silver"]["by_arrival_hour"]
    assert dates == truth["silver"]["by_event_date"]
    assert rejected == truth["rejected"]["by_arrival_hour"]
    reading.assert_conserved(platform.data)


def test_simulated_gold(simulated: tuple[Platform, dict]) -> None:
    """Revenue of each day and currency to the cent, and completed orders."""
    platform, truth = simulated
    expected = {day: {c: Decimal(v) for c, v in sums.items()} for day, sums in truth["revenue"].items()}
    assert reading.revenue(platform.data) == expected
    ((completed,),) = reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders WHERE is_completed")
    assert completed == sum(truth["conversions"].values())


def test_nothing_to_do_changes_nothing(simulated: tuple[Platform, dict]) -> None:
    """Materializing again makes no Iceberg snapshot, and the next release holds the same rows."""
    platform, _ = simulated
    sums = "SELECT count(*), sum(hash(orders)) FROM analytics.analytics_orders AS orders"
    snapshots, rows = reading.snapshots(platform.data), reading.gold(platform.data, sums)
    platform.ingest(platform.hours[0], platform.hours[-1])
    platform.gold()
    assert reading.snapshots(platform.data) == snapshots
    assert reading.gold(platform.data, sums) == rows
