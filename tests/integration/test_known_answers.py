"""Whole runs whose right answer is known: a published data set, the simulator's truth, the figures in plain Python."""

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
from figures.events import World
from figures.orders import orders, revenue_by_date

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = pytest.mark.integration
SAMPLE = Path(__file__).parent / "data" / "rfm_data_orders.csv.gz"
SHOP = Path(__file__).parents[1] / "samples" / "snowplow" / "shop-events"


def sample_orders() -> Iterator[dict[str, object]]:
    """The orders of the sample data set, as commerce records."""
    with gzip.open(SAMPLE, "rt", newline="") as file:
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
    """The answer is the one that the R package gives for its data set. All orders arrive in one hour, years late."""
    hour = dt.datetime(2024, 5, 1, 9)
    platform.land(hour, "orders.json.gz", sample_orders())
    platform.ingest(hour)
    platform.gold(as_of="2006-12-31")
    summary = "FROM analytics.analytics_customer_summary WHERE identity_space = 'shop'"
    assert reading.gold(platform.data, f"SELECT count(*), sum(frequency) {summary}") == [(995, 4906)]
    abbey = f"SELECT recency, frequency, monetary {summary} AND customer_id = 'Abbey O''Reilly'"
    assert reading.gold(platform.data, abbey) == [(205, 6, Decimal("472.00"))]


@pytest.fixture(scope="module")
def simulated(make_platform) -> tuple[Platform, dict]:
    """Six simulated hours across midnight with a sample of Snowplow's, materialized, and the simulator's truth."""
    platform = make_platform("simulated")
    start = dt.datetime(2026, 2, 27, 20)
    platform.hours = [start + dt.timedelta(hours=index) for index in range(6)]
    truth = simulate(COMMERCE, Plan(start, 6, 1500), platform.landing)
    platform.land(start, SHOP.name, SHOP.read_bytes(), "snowplow")
    platform.ingest(platform.hours[0], platform.hours[-1])
    platform.gold()
    return platform, truth.as_dict()


def test_simulated_lake(simulated: tuple[Platform, dict]) -> None:
    """Bronze, silver and rejected hold exactly the records of the truth, by arrival hour, event date and reason."""
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
    """Completed orders and, to the cent, their revenue by date and currency are what plain Python computes."""
    platform, _ = simulated
    world = World.of({COMMERCE.name: reading.lake(platform.data, "silver").to_pylist()})
    assert reading.revenue(platform.data) == revenue_by_date(world) != {}
    ((completed,),) = reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders WHERE is_completed")
    assert completed == sum(order.completed for order in orders(world))


def test_products_carts_and_refunds_of_a_snowplow_shop(simulated: tuple[Platform, dict]) -> None:
    """The answers are those of the sample's README. One order is refunded in full, one in part on the next day."""
    platform, _ = simulated
    counted = ("interactions", "list_views", "list_clicks", "product_views", "add_to_carts", "remove_from_carts")
    sums = ", ".join(f"sum({name})" for name in (*counted, "transactions"))
    products = f"SELECT {sums} FROM marts.product_interactions WHERE stream = 'snowplow'"
    assert reading.gold(platform.data, products) == [(16, 3, 1, 2, 5, 1, 4)]
    carts = (
        "SELECT kind, sum(sessions), sum(abandoned) FROM marts.cart_abandonment WHERE stream = 'snowplow' GROUP BY 1"
    )
    assert {kind: found for kind, *found in reading.gold(platform.data, carts)} == {
        "cart": [4, 1],
        "checkout": [4, 1],
    }
    orders = (
        "SELECT order_id, gross_revenue, net_revenue, is_refunded FROM marts.fct_purchases WHERE stream = 'snowplow'"
    )
    assert sorted(reading.gold(platform.data, orders)) == [
        ("T1", Decimal(25), Decimal(25), False),
        ("T2", Decimal("7.5"), Decimal(0), True),
        ("T3", Decimal(20), Decimal(16), False),
    ]
    days = "SELECT revenue_date::VARCHAR, gross_revenue, refunds FROM marts.daily_revenue WHERE stream = 'snowplow'"
    assert sorted(reading.gold(platform.data, days)) == [
        ("2025-12-15", Decimal("52.5"), Decimal("7.5")),
        ("2025-12-16", Decimal(0), Decimal(4)),
    ]
    units = "SELECT sum(units_sold) FROM marts.daily_product_revenue WHERE stream = 'snowplow'"
    assert reading.gold(platform.data, units) == [(5,)]


def test_nothing_to_do_changes_nothing(simulated: tuple[Platform, dict]) -> None:
    """Materializing again makes no Iceberg snapshot, and the next release holds the same rows."""
    platform, _ = simulated
    sums = "SELECT count(*), sum(hash(orders)) FROM analytics.analytics_orders AS orders"
    snapshots, rows = reading.snapshots(platform.data), reading.gold(platform.data, sums)
    platform.ingest(platform.hours[0], platform.hours[-1])
    platform.gold()
    assert reading.snapshots(platform.data) == snapshots
    assert reading.gold(platform.data, sums) == rows
