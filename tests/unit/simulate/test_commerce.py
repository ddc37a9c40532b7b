"""The truth is what a slow, independent reader finds in the landed files: the commerce stream."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import slow
from slow import HEAVY, START, Event, Found, integer, money, require

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan, Shares
from simulate.run import simulate

WORLDS = {
    "heavy": HEAVY,
    "default": Shares(),
    "clean": Shares.none(),
    "all late": replace(Shares.none(), late=1.0),  # refunds that arrive before their orders do
}


def check_order(record: dict[str, Any]) -> None:
    order = record.get("order") or {}
    wanted = [order.get(name) is not None for name in ("order_id", "currency", "total_amount")]
    require(not record["event_type"].startswith("order_") or all(wanted), "rule")
    for name in order.keys() & {"total_amount", "tax", "shipping"}:
        money(order[name])
    require(not order or bool(re.fullmatch("[A-Z]{3}", order["currency"])), "rule")
    for item in order.get("items", []):
        money(item["product"]["price"])
        require(1 <= integer(item["quantity"]) <= 10**6, "rule")


def judge(line: bytes, came: datetime) -> Event:
    record = slow.decode(line)
    require(all(record.get(name) for name in ("event_id", "event_timestamp", "event_type")), "missing")
    at = slow.believable(slow.time(record["event_timestamp"]), came)
    customer = record["customer"]["customer_id"]
    assert isinstance(customer, (str, int, type(None)))
    check_order(record)
    user = None if customer is None else str(customer)
    return Event(record["event_id"], record, at, (record["event_type"],), user, record=record)


def revenue(found: Found) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
    """Completed orders per day, and their value per day and currency."""
    lives: defaultdict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    for event in found.silver.values():
        if event.record["event_type"].startswith("order_"):
            lives[event.record["order"]["order_id"]].append((event.at, event.record))
    days: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    completed: Counter[str] = Counter()
    for events in lives.values():
        events.sort(key=lambda event: event[0])
        state = ""
        for _, record in events:
            state = {"order_placed": state}.get(record["event_type"], record["event_type"])
        if state in ("order_completed", "order_fulfilled"):
            order, day = events[-1][1]["order"], events[0][0].date().isoformat()
            completed[day] += 1
            days[day][order["currency"]] += Decimal(order["total_amount"])
    return completed, {day: {c: f"{value:.2f}" for c, value in sums.items()} for day, sums in days.items()}


@pytest.fixture(scope="module", params=WORLDS.values(), ids=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=7, rate=900, seed=11, shares=request.param, events_per_file=350)
    truth = simulate(COMMERCE, plan, landing)
    return json.loads(json.dumps(truth.figures())), slow.read(landing / "commerce", judge)


def test_counts_are_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow.assert_counts(*world)


def test_figures_are_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow.assert_figures(*world)


def test_revenue_to_the_cent(world: tuple[dict[str, Any], Found]) -> None:
    truth, found = world
    assert (truth["conversions"], truth["revenue"]) == revenue(found)


def test_totals_are_goods_tax_and_shipping(world: tuple[dict[str, Any], Found]) -> None:
    _, found = world
    for event in found.silver.values():
        if order := event.record.get("order"):
            goods = sum(Decimal(item["product"]["price"]) * item["quantity"] for item in order["items"])
            assert Decimal(order["total_amount"]) == goods + Decimal(order["tax"]) + Decimal(order["shipping"])


def test_a_heavy_plan_has_every_defect(tmp_path: Path) -> None:
    figures = simulate(COMMERCE, Plan(START, hours=2, rate=900, seed=3, shares=HEAVY), tmp_path).figures()
    assert all(figures["rejected"]["by_reason"].values())
    assert min(figures["silver"]["by_event_date"]) < "2026-02-01", "late events are older than the plan"


def test_without_shares_events_arrive_in_the_hour_they_happen_in(tmp_path: Path) -> None:
    plan = Plan(START, hours=5, rate=900, seed=3, shares=Shares.none())
    truth = simulate(COMMERCE, plan, tmp_path).figures()
    assert truth["rejected"]["total"] == 0
    for came, line in slow.landed(tmp_path):
        assert came <= judge(line, came).at < came + timedelta(hours=1)


def test_files_without_any_order_or_visit_are_no_trouble(tmp_path: Path) -> None:
    plan = Plan(START, hours=20, rate=2, seed=8, shares=HEAVY, events_per_file=1)
    truth, found = simulate(COMMERCE, plan, tmp_path).figures(), slow.read(tmp_path / "commerce", judge)
    assert truth["landed"]["total"] == found.landed.total()
    assert (truth["conversions"], truth["revenue"]) == revenue(found)
