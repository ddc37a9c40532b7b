"""The web stream: its truth is what a slow reader finds in Kafka's messages, whose offsets name the files."""

from __future__ import annotations

import ast
import gzip
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import slow_reader
from slow_reader import HEAVY, START, Event, Found, require

from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.web.stream import WEB


def judge(line: bytes, arrived: datetime) -> Event:
    value = slow_reader.decode(line)["value"]
    record = slow_reader.decode(value.encode())
    stamp = record.get("occurred_at", record.get("timestamp"))
    at = slow_reader.time(stamp) if stamp else None
    require(bool(record.get("user_id") and record.get("event_type")) and at is not None, "missing")
    assert at is not None
    text = slow_reader.canonical(record)
    at = slow_reader.believable(at, arrived)
    return Event(text, text, at, (record["event_type"],), record)


@pytest.fixture(scope="module", params=[HEAVY, Shares()], ids=["heavy", "default"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Found]:
    landing = tmp_path_factory.mktemp("landing")
    plan = Plan(START, hours=5, rate=900, seed=11, shares=request.param, events_per_file=400)
    truth = simulate(WEB, plan, landing)
    return json.loads(json.dumps(truth.as_dict())), slow_reader.read(landing / "web", judge)


def test_the_truth_is_what_the_reader_finds(world: tuple[dict[str, Any], Found]) -> None:
    slow_reader.assert_counts(*world)
    slow_reader.assert_events(*world)


def test_file_names_are_offsets_without_a_gap(tmp_path: Path) -> None:
    simulate(WEB, Plan(START, hours=4, rate=900, shares=HEAVY, events_per_file=400), tmp_path)
    offsets: defaultdict[int, list[int]] = defaultdict(list)
    for path in sorted(tmp_path.rglob("*.json.gz")):
        topic, partition, span = path.name.removesuffix(".json.gz").split("+")
        texts = gzip.decompress(path.read_bytes()).decode(errors="replace").splitlines()
        messages = [json.loads(text) for text in texts]
        assert {(message["topic"], message["partition"]) for message in messages} == {("event", int(partition))}
        in_file = [message["offset"] for message in messages]
        assert (topic, span) == ("event", f"{in_file[0]:010d}-{in_file[-1]:010d}")
        offsets[int(partition)] += in_file
        times = [message["timestamp"] / 1000 for message in messages]
        first = slow_reader.arrival(path).timestamp()
        assert times == sorted(times)
        assert first <= times[0] <= times[-1] < first + 3600
    assert set(offsets) == {0, 1, 2}
    assert all(of_partition == list(range(len(of_partition))) for of_partition in offsets.values())


def test_props_are_objects_or_texts_of_python_dicts(world: tuple[dict[str, Any], Found]) -> None:
    props = [event.record["props"] for event in world[1].silver.values()]
    literals = [value for value in props if isinstance(value, str)]
    assert 0.05 < len(literals) / len(props) < 0.2
    objects = [value if isinstance(value, dict) else ast.literal_eval(value) for value in props]
    assert all(set(value) == {"geo_location", "ip_address", "device", "browser", "platform"} for value in objects)
    places = [value["geo_location"] for value in objects]
    known = [ast.literal_eval(place) if isinstance(place, str) else place for place in places if place]
    assert "" in places
    assert {type(place) for place in places} == {str, dict}
    assert {place["city"] for place in known} >= {"L'Aquila", "São Paulo"}


def test_times_have_two_names_and_several_formats(world: tuple[dict[str, Any], Found]) -> None:
    records = [event.record for event in world[1].silver.values()]
    assert {name for record in records for name in ("occurred_at", "timestamp") if name in record} == {
        "occurred_at",
        "timestamp",
    }
    stamps = [record.get("occurred_at") or record["timestamp"] for record in records]
    assert {len(stamp) for stamp in stamps} == {20, 25, 27, 32}, "with and without a fraction, Z and +00:00"
