"""The ten visits of the sample `shop-events` are read as its README says."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from landed import outcomes

from contracts.snowplow import SNOWPLOW

SAMPLE = Path(__file__).parents[2] / "samples" / "snowplow" / "shop-events"
HEARTBEAT, LEAST_VISIT = 10, 5  # seconds


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return outcomes(SNOWPLOW, SAMPLE.read_text().splitlines())


def test_every_event_is_accepted(rows: list[dict[str, Any]]) -> None:
    assert [row["reason"] for row in rows if "reason" in row] == []
    assert len(rows) == 51
    assert len({row["session_id"] for row in rows}) == 10


def test_views_and_their_pings(rows: list[dict[str, Any]]) -> None:
    """A view's engaged time is a heartbeat for each interval with a ping but the first, and the least visit."""
    views = [row["view_id"] for row in rows if row["event_name"] in ("page_view", "screen_view")]
    assert (len(views), len(set(views))) == (17, 16)
    assert {row["view_id"] for row in rows} == set(views)
    intervals: dict[str, set[int]] = {}
    for row in rows:
        if row["event_name"] == "page_ping":
            intervals.setdefault(row["view_id"], set()).add(int(row["event_at"].timestamp()) // HEARTBEAT)
    engaged = {view: HEARTBEAT * (len(found) - 1) + LEAST_VISIT for view, found in intervals.items()}
    assert engaged == {"v01": 25, "v02": 5, "v05": 15, "v13": 5}


def test_products_and_orders(rows: list[dict[str, Any]]) -> None:
    products, pieces = Counter[str](), Counter[str]()
    for row in rows:
        for product in row["ecommerce_products"] or []:
            products[row["ecommerce_action"]] += 1
            pieces[row["ecommerce_action"]] += product["quantity"]
    assert products == {
        **{"list_view": 3, "list_click": 1, "product_view": 2, "add_to_cart": 5, "remove_from_cart": 1},
        "transaction": 4,
    }
    assert (pieces["add_to_cart"], pieces["transaction"]) == (6, 5)
    orders = {row["ecommerce_transaction_id"]: row["ecommerce_revenue"] for row in rows if row["ecommerce_revenue"]}
    assert orders == {"T1": 25, "T2": Decimal("7.5"), "T3": 20}
    refunds = {row["ecommerce_refund_id"]: row["ecommerce_refund_amount"] for row in rows if row["ecommerce_refund_id"]}
    assert refunds == {"T2": Decimal("7.5"), "T3": 4}
    checkouts = {row["session_id"] for row in rows if row["ecommerce_checkout_step"]}
    carts = {row["session_id"] for row in rows if row["ecommerce_action"] == "add_to_cart"}
    assert (checkouts, carts) == ({"s1", "s8", "s9", "s10"}, {"s1", "s2", "s8", "s9"})


def test_bots_and_what_happens_now_and_then(rows: list[dict[str, Any]]) -> None:
    bots = {row["session_id"] for row in rows if row["iab_is_bot"] or "Googlebot" in (row["useragent"] or "")}
    assert bots == {"s6", "s7"}
    (consent,) = (row for row in rows if row["consent_event"])
    assert (consent["consent_event"], consent["consent_scopes"]) == ("allow_selected", '["necessary","statistics"]')
    assert [row["error_is_fatal"] for row in rows if row["error_message"]] == [True, False]
    assert sum(row["vitals_lcp"] is not None for row in rows) == 1
