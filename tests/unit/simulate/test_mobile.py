"""The mobile stream: its truth is what a slow reader finds in records that follow each other without a separator."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import slow
from slow import HEAVY, START, Event, Found, require

from simulate.mobile.stream import MOBILE
from simulate.plan import Plan, Shares
from simulate.run import simulate

STEPS = ("INITIAL_EVENT", "EVENT_2", "EVENT_3", "EVENT_OUT")
HEADER = """USER_ID INITIAL_EVENT EVENT_2 EVENT_3 EVENT_OUT OS_USER CITY LATITUDE LONGITUDE ORDER_TYPE STATUS
    PAYMENT_METHOD CREATED_AT HOURLY_PURCHASE_COUNT DAILY_PURCHASE_COUNT"""


def records(text: bytes) -> Iterator[bytes]:
    """No text in a record holds a brace, so one that closes next to one that opens is where a record ends."""
    yield from (piece for piece in re.split(rb"(?<=\})(?=\{)|\n", text) if piece)


def judge(raw: bytes, came: datetime) -> Event:
    record = slow.decode(raw)
    fields = {name: None if value in ("", "Null") else value for name, value in record.items()}
    required = [fields.get(name) for name in ("USER_ID", "CREATED_AT", "INITIAL_EVENT", "ORDER_TYPE", "STATUS")]
    latitude, longitude = (slow.number(fields[name]) for name in ("LATITUDE", "LONGITUDE"))
    at = slow.time(fields["CREATED_AT"]) if fields.get("CREATED_AT") else None
    require(all(required) and at is not None, "missing")
    require(abs(latitude) <= 90 and abs(longitude) <= 180, "rule")
    assert at is not None
    bought = (fields["ORDER_TYPE"].upper(), fields["STATUS"].upper()) == ("PURCHASE", "COMPLETED")
    steps = tuple(fields[step] for step in STEPS if fields[step])
    text, sale = slow.canonical(record), (None, Decimal(0)) if bought else None
    return Event(text, text, slow.believable(at, came), steps, fields["USER_ID"], sale=sale, record=record)


@pytest.fixture(scope="module", params=[HEAVY, Shares()], ids=["heavy", "default"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=5, rate=1_500, seed=11, shares=request.param, events_per_file=400, people=60)
    truth = simulate(MOBILE, plan, landing)
    return json.loads(json.dumps(truth.figures())), slow.read(landing / "mobile", judge, records)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    """Few people, so that many journeys share a second and a user: still no two records are the same."""
    slow.assert_counts(*world)
    slow.assert_figures(*world)
    slow.assert_sales(*world)


def test_nothing_stands_between_records(tmp_path: Path) -> None:
    simulate(MOBILE, Plan(START, hours=1, rate=300, shares=Shares.none()), tmp_path)
    texts = [slow.content(path) for path in tmp_path.rglob("*.gz")]
    assert all(b"\n" not in text and b'}{"USER_ID"' in text for text in texts)


def test_files_are_called_as_firehose_calls_them(tmp_path: Path) -> None:
    simulate(MOBILE, Plan(START, hours=1, rate=300), tmp_path)
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.gz"))
    stamps = ["20-00-00-000", "20-30-00-001"]
    assert names == [f"mobile/2026/02/27/20/mobile-1-2026-02-27-{stamp}.gz" for stamp in stamps]


def test_producers_write_the_same_thing_in_many_ways(world: tuple[dict[str, Any], Found]) -> None:
    found = [event.record for event in world[1].silver.values()]
    assert {record["STATUS"] for record in found} >= {"COMPLETED", "completed", "Completed", "FAILED_CHECKOUT"}
    assert {record["ORDER_TYPE"].upper() for record in found} == {"PURCHASE", "USER_VISIT", "ONLINE"}
    assert {record["PAYMENT_METHOD"] for record in found} >= {"Null", "", None, "OXXO Pay"}
    assert {type(record["LATITUDE"]) for record in found} == {str, Decimal}
    assert {record["CREATED_AT"][10] for record in found} == {" ", "T"}
    assert {"Null", 2, "2"} <= {record["HOURLY_PURCHASE_COUNT"] for record in found}
    assert all(sorted(record) == sorted(HEADER.split()) for record in found)
