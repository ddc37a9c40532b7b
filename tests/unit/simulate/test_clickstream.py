"""The clickstream: its truth is what a slow reader finds, its files land every five minutes, its producers differ."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import slow_reader
from slow_reader import HEAVY, START, Event, Found, integer, money, require

from simulate.clickstream.stream import CLICKSTREAM
from simulate.plan import Plan, Shares
from simulate.run import simulate

CART = ("add_to_cart", "remove_from_cart", "purchase")
FIELDS = ["timestamp", "user_id", "session_id", "event_type"]
FIELDS += ["product_id", "quantity", "price", "category", "search_query"]


def judge(line: bytes, arrived: datetime) -> Event:
    record = slow_reader.decode(line)
    require(all(record.get(name) for name in FIELDS[:4]), "missing")
    at = slow_reader.time(record["timestamp"])
    quantity = None if record.get("quantity") is None else integer(record["quantity"])
    price = None if record.get("price") is None else money(record["price"])
    kind, search = record["event_type"], record["event_type"] == "search"
    require(kind in (*CART, "page_view", "search"), "rule")
    require(search or bool(record.get("product_id") and record.get("category")), "rule")
    require(kind not in CART or (quantity is not None and price is not None), "rule")
    require(quantity is None or 1 <= quantity <= 10**6, "rule")
    require(search or not record.get("search_query"), "rule")
    text = slow_reader.canonical(record)
    at = slow_reader.believable(at, arrived)
    return Event(text, text, at, (kind,), record)


@pytest.fixture(scope="module", params=[HEAVY, Shares(), Shares.none()], ids=["heavy", "default", "clean"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    truth = simulate(CLICKSTREAM, Plan(START, hours=5, rate=700, seed=11, shares=request.param), landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "clickstream", judge)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_counts(*world)
    slow_reader.assert_events(*world)


def test_no_two_events_are_equal_so_none_conflicts(tmp_path: Path) -> None:
    shares = Shares(duplicates=0, conflicts=1, malformed=0, missing=0, type=0, rule=0, clock=0)
    truth = simulate(CLICKSTREAM, Plan(START, hours=2, rate=600, shares=shares), tmp_path).as_dict()
    assert truth["rejected"]["total"] == 0
    assert not slow_reader.read(tmp_path / "clickstream", judge).rejected


def test_files_land_every_five_minutes(tmp_path: Path) -> None:
    simulate(CLICKSTREAM, Plan(START, hours=1, rate=300), tmp_path)
    folder = "clickstream/year=2026/month=02/day=27/hour=20"
    expected = [f"{folder}/minute={m:02d}/events-20260227-20{m:02d}00.jsonl.gz" for m in range(0, 60, 5)]
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.gz")) == expected


def test_producers_differ(world: tuple[dict[str, Any], Found]) -> None:
    records = [event.record for event in world[1].silver.values()]
    zones = Counter(record["timestamp"][-1] for record in records)
    assert zones["Z"] > 0.3 * len(records)
    assert zones["0"] > 0.3 * len(records), "+00:00"
    views = [record for record in records if record["event_type"] == "page_view"]
    assert 0 < sum(record["price"] is not None for record in views) < 0.2 * len(views)
    assert {record["search_query"] for record in records} >= {None, 'monitor 27"', "jouet à 5€"}
    assert all(set(record) == set(FIELDS) for record in records)


def test_a_product_is_viewed_before_it_is_bought(world: tuple[dict[str, Any], Found]) -> None:
    """Funnels by product and by user need such sessions."""
    events = sorted((event.at, event.record) for event in world[1].silver.values() if event.record["product_id"])
    first: dict[tuple[str, str], str] = {}
    for _, record in events:
        first.setdefault((record["session_id"], record["product_id"]), record["event_type"])
    bought = [
        first[record["session_id"], record["product_id"]] for _, record in events if record["event_type"] == "purchase"
    ]
    assert bought.count("page_view") > 0.7 * len(bought)
