"""The truth is what a slow, independent reader finds in the landed files.

The reader below shares no code with the generator: it decodes with the standard library and judges one record at a
time.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from simulate.commerce import Commerce
from simulate.plan import Plan, Shares
from simulate.run import simulate

START = datetime(2026, 2, 27, 20)  # a few hours before midnight, so that orders cross dates
HEAVY = Shares(duplicates=0.1, conflicts=0.05, late=0.1, malformed=0.03, missing=0.03, type=0.03, rule=0.03, clock=0.03)
WORLDS = {
    "heavy": HEAVY,
    "default": Shares(),
    "clean": Shares.none(),
    "all late": replace(Shares.none(), late=1.0),  # refunds that arrive before their orders do
}


class RejectedError(Exception):
    """Raised with the reason."""


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(pairs) == len(dict(pairs)), "a generated record names a field twice"
    return dict(pairs)


def decode(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line.decode(), parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=unique)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RejectedError("malformed") from error
    if not isinstance(record, dict) or depth(record) > 64:
        raise RejectedError("malformed")
    return record


def depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, children), default=0) if isinstance(value, (dict, list)) else 0


def number(value: Any) -> Decimal:
    if isinstance(value, bool) or value is None:
        raise RejectedError("type")
    try:
        exact = Decimal(value)
    except (InvalidOperation, TypeError) as error:
        raise RejectedError("type") from error
    if not exact.is_finite():
        raise RejectedError("type")
    return exact


def money(value: Any) -> Decimal:
    amount = number(value)
    if amount < 0 or amount != round(amount, 2):
        raise RejectedError("rule")
    return amount


def event_time(record: dict[str, Any], arrival: datetime) -> datetime:
    text = record["event_timestamp"]
    if not isinstance(text, str):
        raise RejectedError("type")
    at = datetime.fromisoformat(text)
    if at.utcoffset() != timedelta(0):
        raise RejectedError("type")
    if at.year < 1990 or at > arrival + timedelta(hours=2):
        raise RejectedError("clock")
    return at


def check_order(record: dict[str, Any]) -> None:
    order = record.get("order") or {}
    if record["event_type"].startswith("order_") and not all(
        order.get(name) is not None for name in ("order_id", "currency", "total_amount")
    ):
        raise RejectedError("rule")
    for name in order.keys() & {"total_amount", "tax", "shipping"}:
        money(order[name])
    if order and not re.fullmatch("[A-Z]{3}", order["currency"]):
        raise RejectedError("rule")
    for item in order.get("items", []):
        money(item["product"]["price"])
        quantity = number(item["quantity"])
        if quantity >= 2**63 or quantity != int(quantity):
            raise RejectedError("type")
        if quantity < 1:
            raise RejectedError("rule")


def judge(line: bytes, arrival: datetime) -> tuple[dict[str, Any], datetime]:
    record = decode(line)
    if not all(record.get(name) for name in ("event_id", "event_timestamp", "event_type")):
        raise RejectedError("missing")
    at = event_time(record, arrival)
    assert isinstance(record["customer"]["customer_id"], (str, int, type(None)))
    check_order(record)
    return record, at


def landed(folder: Path) -> Iterator[tuple[datetime, bytes]]:
    """(arrival hour, line), in the order that decides who came first."""
    for path in sorted(folder.rglob("*.gz")):
        arrival = datetime.strptime("/".join(path.parts[-5:-1]), "%Y/%m/%d/%H").replace(tzinfo=UTC)
        for line in gzip.decompress(path.read_bytes()).splitlines():
            yield arrival, line


@dataclass
class Found:
    landed: Counter[str] = field(default_factory=Counter)
    silver: dict[tuple[str, str], tuple[dict[str, Any], datetime]] = field(default_factory=dict)
    by_hour: Counter[str] = field(default_factory=Counter)
    rejected: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def read(folder: Path) -> Found:
    found = Found()
    for arrival, line in landed(folder):
        hour = arrival.strftime("%Y-%m-%d-%H:%M")
        found.landed[hour] += 1
        try:
            record, at = judge(line, arrival)
            key = record["event_id"], at.date().isoformat()
            if key in found.silver:
                raise RejectedError("duplicate" if found.silver[key][0] == record else "conflict")
        except RejectedError as reason:
            found.rejected[hour][str(reason)] += 1
        else:
            found.silver[key] = record, at
            found.by_hour[hour] += 1
    return found


def revenue(found: Found) -> tuple[int, dict[str, dict[str, str]]]:
    """Completed orders, and their value per day and currency."""
    lives: defaultdict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    for record, at in found.silver.values():
        if record["event_type"].startswith("order_"):
            lives[record["order"]["order_id"]].append((at, record))
    days: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    completed = 0
    for events in lives.values():
        events.sort(key=lambda event: event[0])
        state = ""
        for _, record in events:
            state = {"order_placed": state}.get(record["event_type"], record["event_type"])
        if state in ("order_completed", "order_fulfilled"):
            completed += 1
            order = events[-1][1]["order"]
            days[events[0][0].date().isoformat()][order["currency"]] += Decimal(order["total_amount"])
    return completed, {day: {c: f"{value:.2f}" for c, value in sums.items()} for day, sums in days.items()}


@pytest.fixture(scope="module", params=WORLDS.values(), ids=list(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=7, rate=900, seed=11, shares=request.param, events_per_file=350)
    truth = simulate(Commerce(), plan, landing)
    return json.loads(json.dumps(truth.figures())), read(landing / "commerce")


def test_every_landed_record_is_counted_once(world: tuple[dict[str, Any], Found]) -> None:
    truth, found = world
    assert truth["landed"]["by_arrival_hour"] == found.landed
    assert truth["landed"]["total"] == truth["silver"]["total"] + truth["rejected"]["total"]
    assert sum(truth["rejected"]["by_reason"].values()) == truth["rejected"]["total"]
    assert sum(truth["silver"]["by_event_date"].values()) == truth["silver"]["total"]


def test_silver_is_what_the_reader_accepts(world: tuple[dict[str, Any], Found]) -> None:
    truth, found = world
    assert truth["silver"]["by_arrival_hour"] == found.by_hour
    assert truth["silver"]["by_event_date"] == Counter(day for _, day in found.silver)


def test_rejections_have_the_readers_reasons(world: tuple[dict[str, Any], Found]) -> None:
    truth, found = world
    told = {h: {r: n for r, n in counts.items() if n} for h, counts in truth["rejected"]["by_arrival_hour"].items()}
    assert {hour: counts for hour, counts in told.items() if counts} == found.rejected


def test_revenue_to_the_cent(world: tuple[dict[str, Any], Found]) -> None:
    truth, found = world
    assert (truth["completed_orders"], truth["revenue"]) == revenue(found)


def test_totals_are_goods_tax_and_shipping(world: tuple[dict[str, Any], Found]) -> None:
    _, found = world
    for record, _ in found.silver.values():
        if order := record.get("order"):
            goods = sum(Decimal(item["product"]["price"]) * item["quantity"] for item in order["items"])
            assert Decimal(order["total_amount"]) == goods + Decimal(order["tax"]) + Decimal(order["shipping"])


def test_a_heavy_plan_has_every_defect(tmp_path: Path) -> None:
    figures = simulate(Commerce(), Plan(START, hours=2, rate=900, seed=3, shares=HEAVY), tmp_path).figures()
    assert all(figures["rejected"]["by_reason"].values())
    assert min(figures["silver"]["by_event_date"]) < "2026-02-01", "late events are older than the plan"


def test_without_shares_events_arrive_in_the_hour_they_happen_in(tmp_path: Path) -> None:
    plan = Plan(START, hours=5, rate=900, seed=3, shares=Shares.none())
    truth = simulate(Commerce(), plan, tmp_path).figures()
    assert truth["rejected"]["total"] == 0
    for arrival, line in landed(tmp_path):
        _, at = judge(line, arrival)
        assert arrival <= at < arrival + timedelta(hours=1)


def test_files_without_any_order_or_visit_are_no_trouble(tmp_path: Path) -> None:
    plan = Plan(START, hours=40, rate=2, seed=8, shares=HEAVY, events_per_file=1)
    truth, found = simulate(Commerce(), plan, tmp_path).figures(), read(tmp_path / "commerce")
    assert truth["landed"]["total"] == found.landed.total()
    assert (truth["completed_orders"], truth["revenue"]) == revenue(found)
