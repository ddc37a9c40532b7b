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
import slow_reader
from slow_reader import HEAVY, START, Event, Found, require

from simulate.mobile.stream import MOBILE
from simulate.plan import Plan, Shares
from simulate.run import simulate

STEPS = ("INITIAL_EVENT", "EVENT_2", "EVENT_3", "EVENT_OUT")
HEADER = """USER_ID INITIAL_EVENT EVENT_2 EVENT_3 EVENT_OUT OS_USER CITY LATITUDE LONGITUDE ORDER_TYPE STATUS
    PAYMENT_METHOD CREATED_AT HOURLY_PURCHASE_COUNT DAILY_PURCHASE_COUNT"""


def records(text: bytes) -> Iterator[bytes]:
    """Records hold no braces inside, so `}{` is where one ends and the next begins."""
    yield from (piece for piece in re.split(rb"(?<=\})(?=\{)|\n", text) if piece)


def judge(raw: bytes, arrived: datetime) -> Event:
    record = slow_reader.decode(raw)
    fields = {name: None if value in ("", "Null") else value for name, value in record.items()}
    required = [fields.get(name) for name in ("USER_ID", "CREATED_AT", "INITIAL_EVENT", "ORDER_TYPE", "STATUS")]
    latitude, longitude = (slow_reader.number(fields[name]) for name in ("LATITUDE", "LONGITUDE"))
    at = slow_reader.time(fields["CREATED_AT"]) if fields.get("CREATED_AT") else None
    require(all(required) and at is not None, "missing")
    require(abs(latitude) <= 90 and abs(longitude) <= 180, "rule")
    assert at is not None
    steps = tuple(fields[step] for step in STEPS if fields[step])
    text = slow_reader.canonical(record)
    return Event(text, text, slow_reader.believable(at, arrived), steps, record)


@pytest.fixture(scope="module", params=[HEAVY, Shares()], ids=["heavy", "default"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=5, rate=1_500, seed=11, shares=request.param, events_per_file=400, people=60)
    truth = simulate(MOBILE, plan, landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "mobile", judge, records)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    """With few people, many journeys share a second and a user. Still no two records are equal."""
    slow_reader.assert_counts(*world)
    slow_reader.assert_events(*world)


def test_nothing_stands_between_records(tmp_path: Path) -> None:
    simulate(MOBILE, Plan(START, hours=1, rate=300, shares=Shares.none()), tmp_path)
    texts = [slow_reader.content(path) for path in tmp_path.rglob("*.gz")]
    assert all(b"\n" not in text and b'}{"USER_ID"' in text for text in texts)


def test_files_have_the_names_that_firehose_gives(tmp_path: Path) -> None:
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
