"""The commerce stream: its truth is what a slow reader finds, and orders have every kind of life."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import slow_reader
from slow_reader import HEAVY, START, Event, Found, integer, money, number, require

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
    is_note = "refunded_order_id" in order
    for name in order.keys() & {"total_amount", "tax", "shipping"}:
        money(abs(number(order[name])) if is_note else order[name])
    require(not order or bool(re.fullmatch("[A-Z]{3}", order["currency"])), "rule")
    for item in order.get("items", []):
        money(item["product"]["price"])
        quantity = integer(item["quantity"])
        require(1 <= (abs(quantity) if is_note else quantity) <= 10**6, "rule")


def judge(line: bytes, arrived: datetime) -> Event:
    record = slow_reader.decode(line)
    require(all(record.get(name) for name in ("event_id", "event_timestamp", "event_type")), "missing")
    at = slow_reader.believable(slow_reader.time(record["event_timestamp"]), arrived)
    assert isinstance(record["customer"]["customer_id"], (str, int, type(None)))
    check_order(record)
    return Event(record["event_id"], record, at, (record["event_type"],), record)


@pytest.fixture(scope="module", params=WORLDS.values(), ids=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=7, rate=900, seed=11, shares=request.param, events_per_file=350)
    truth = simulate(COMMERCE, plan, landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "commerce", judge)


def test_counts_are_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_counts(*world)


def test_events_are_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_events(*world)


def test_orders_end_in_every_way(tmp_path: Path) -> None:
    simulate(COMMERCE, Plan(START, hours=7, rate=5_000, seed=11, shares=Shares.none()), tmp_path)
    lives: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for event in slow_reader.read(tmp_path, judge).silver.values():
        if order := event.record.get("order"):
            lives[order["order_id"]].append((event.at, order["status"]))
    ends = {max(life)[1] for life in lives.values()}
    assert ends == {"placed", "completed", "fulfilled", "cancelled", "refunded", "credit_note"}


def test_totals_are_goods_tax_and_shipping(world: tuple[dict[str, Any], Found]) -> None:
    _, found = world
    for event in found.silver.values():
        if order := event.record.get("order"):
            goods = sum(Decimal(item["product"]["price"]) * item["quantity"] for item in order["items"])
            assert Decimal(order["total_amount"]) == goods + Decimal(order["tax"]) + Decimal(order["shipping"])


def test_a_heavy_plan_has_every_defect(tmp_path: Path) -> None:
    truth = simulate(COMMERCE, Plan(START, hours=2, rate=900, seed=3, shares=HEAVY, days_late=120), tmp_path).as_dict()
    assert all(truth["rejected"]["by_reason"].values())
    assert min(truth["silver"]["by_event_date"]) < "2026-02-01", "late events are older than the plan"


def test_without_shares_events_arrive_in_the_hour_they_happen_in(tmp_path: Path) -> None:
    plan = Plan(START, hours=5, rate=900, seed=3, shares=Shares.none())
    truth = simulate(COMMERCE, plan, tmp_path).as_dict()
    assert truth["rejected"]["total"] == 0
    for arrived, line in slow_reader.landed(tmp_path):
        assert arrived <= judge(line, arrived).at < arrived + timedelta(hours=1)


def test_hours_of_very_few_records(tmp_path: Path) -> None:
    plan = Plan(START, hours=20, rate=2, seed=8, shares=HEAVY, events_per_file=1)
    truth, found = simulate(COMMERCE, plan, tmp_path).as_dict(), slow_reader.read(tmp_path / "commerce", judge)
    assert truth["landed"]["total"] == found.landed.total()


def test_a_refund_may_arrive_before_its_order(tmp_path: Path) -> None:
    simulate(COMMERCE, Plan(START, hours=7, rate=15_000, seed=11, shares=WORLDS["all late"], days_late=120), tmp_path)
    arrivals: dict[tuple[str, str], datetime] = {}
    times: dict[tuple[str, str], datetime] = {}
    for arrived, line in slow_reader.landed(tmp_path):
        if b'"order":' not in line:
            continue
        event = judge(line, arrived)
        of_order = event.record["order"]["order_id"], event.record["order"]["status"]
        arrivals[of_order], times[of_order] = arrived, event.at
    early = [id for id, status in arrivals if status == "refunded" and arrivals[id, status] < arrivals[id, "placed"]]
    assert early
    assert all(times[id, "refunded"] > times[id, "placed"] for id in early)
