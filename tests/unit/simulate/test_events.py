"""The events stream: its truth is what a slow reader finds, and a refund belongs to a purchase of its session."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import slow_reader
from slow_reader import HEAVY, START, Event, Found, integer, require

from simulate.events.stream import EVENTS
from simulate.plan import Plan, Shares
from simulate.run import simulate


def judge(line: bytes, arrived: datetime) -> Event:
    record = slow_reader.decode(line)
    require(isinstance(record.get("items", []), list) and isinstance(record.get("user_id", ""), str), "type")
    at = slow_reader.time(record["time"]) if record.get("time") else None
    quantities = [integer(item["quantity"]) for item in record.get("items", [])]
    value = None if record.get("value") is None else slow_reader.number(record["value"])
    require(bool(record.get("event")) and at is not None, "missing")
    assert at is not None
    currency = record.get("currency")
    require(currency is None or currency.isupper(), "rule")
    require(value is None or (currency is not None and abs(value) <= 10**12), "rule")
    require(all(abs(quantity) <= 10**6 for quantity in quantities), "rule")
    at = slow_reader.believable(at, arrived)
    return Event(record["event_id"], slow_reader.canonical(record), at, (record["event"],), record)


@pytest.fixture(scope="module", params=[HEAVY, Shares()], ids=["heavy", "default"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    truth = simulate(EVENTS, Plan(START, hours=5, rate=900, seed=11, shares=request.param), landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "events", judge)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_counts(*world)
    slow_reader.assert_events(*world)


def test_a_refund_gives_back_some_of_what_was_bought(tmp_path: Path) -> None:
    simulate(EVENTS, Plan(START, hours=20, rate=900, shares=Shares.none()), tmp_path)
    records = [event.record for event in slow_reader.read(tmp_path / "events", judge).silver.values()]
    bought = {record["order_id"]: record["value"] for record in records if record["event"] == "purchase"}
    returned = {record["order_id"]: record["value"] for record in records if record["event"] == "refund"}
    assert returned
    assert all(0 < value <= bought[order] for order, value in returned.items())
    assert any(value < bought[order] for order, value in returned.items())
