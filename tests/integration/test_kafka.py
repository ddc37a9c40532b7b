"""A topic of a real Apache Kafka becomes bronze, whatever its messages are and whatever happens to it."""

from __future__ import annotations

import datetime as dt
import gc
import json
import os
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import broker
import dagster as dg
import pytest
import reading
from broker import Brokers
from driving import Platform
from topics import Topic, readable

from lake.kafka.progress import AlarmKind
from resources import doctor
from resources.kafka.errors import KafkaFailed, NoBrokers

pytestmark = [pytest.mark.integration, pytest.mark.skipif(not broker.installed(), reason=broker.MISSING)]
EVENT = {"event_type": "post", "user_id": "u1", "session_id": "s1"}


def event(number: int) -> bytes:
    """An event of now: others would be too far from their arrival hour."""
    at = dt.datetime.now(dt.UTC).isoformat()
    return json.dumps({**EVENT, "occurred_at": at, "description": f"{number}"}).encode()


@pytest.fixture(scope="module")
def brokers() -> Iterator[Brokers]:
    with broker.kafka() as running:
        yield running


@pytest.fixture
def topic(brokers: Brokers, tmp_path: Path, request: pytest.FixtureRequest) -> Topic:
    """A new topic with two partitions, called like the test."""
    brokers.create(request.node.name, 2)
    return Topic(brokers.address, request.node.name, tmp_path)


def assert_complete(brokers: Brokers, topic: Topic) -> None:
    """Bronze has each message that can be read, once."""
    topic.load()
    expected = readable(brokers, topic.name)
    assert expected
    assert topic.offsets() == expected


def test_from_the_topic_to_silver(brokers: Brokers, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job `drain` lands all messages, plots the lag and gives alarm until a person has seen it. Then the hour is
    loaded as any other.
    """
    topic_id = brokers.create("event", 3)
    for partition in range(3):
        brokers.send("event", [(None, event(10 * partition + number)) for number in range(10)], partition)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", brokers.address)
    monkeypatch.setenv("DATA_DIR", str(platform.data))
    assert doctor.kafka() == "topic event: 3 partitions"
    run = platform.run("drain", {}, {})
    ((_, metadata),) = platform.materializations(run).items()
    assert {"messages": 30, "objects": 3, "lag": 0, "lag_2": 0, "topic_id": topic_id}.items() <= metadata.items()
    assert platform.checks(run) == {("landing/web", "offsets", None): True}
    assert platform.materializations(platform.run("drain", {}, {}))["landing/web", None]["objects"] == 0
    brokers.grow("event", 4)
    brokers.send("event", [(None, event(30))], 3)
    assert not platform.checks(platform.run("drain", {}, {}))["landing/web", "offsets", None]
    assert not platform.checks(platform.run("drain", {}, {}))["landing/web", "offsets", None], "it can still be seen"
    seen = {"ops": {"landing_web": {"config": {"forget_alarms": True}}}}
    assert platform.checks(platform.run("drain", {}, seen))["landing/web", "offsets", None]
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    platform.ingest(now - dt.timedelta(hours=1), now)
    found = reading.query(platform.data, "SELECT count(*), count(DISTINCT description) FROM silver", "web")
    assert found == [(31, 31)]


def test_without_brokers_the_run_says_which_setting_is_missing(platform: Platform) -> None:
    """On a laptop the asset is there, and nothing else has changed."""
    failed = platform.run("drain", {}, {}, check=False)
    (failure,) = (each for each in failed.all_events if each.event_type is dg.DagsterEventType.STEP_FAILURE)
    assert "KAFKA_BOOTSTRAP_SERVERS is not set" in str(failure.step_failure_data.error)
    assert NoBrokers.__name__ in str(failure.step_failure_data.error)


def test_every_kind_of_message_is_kept(brokers: Brokers, topic: Topic) -> None:
    """Tombstones, empty and binary ones, keys, headers with repeated names, and one above the limit of a record."""
    headers = [("trace", b"\xff"), ("trace", None), ("trace", b"b")]
    brokers.send(topic.name, [(None, None), (b"k", b""), (b"\xfe", b"\xff\x00")])
    brokers.send(topic.name, [(b"k", event(1))], headers=headers)
    brokers.send(topic.name, [(None, b'"' + b"x" * (17 << 20) + b'"'), (None, event(2))])
    drained = topic.drain().drained
    assert drained.notable == {"tombstones": 1, "not_text": 1, "oversize": 1}
    assert [written.records for written in drained.objects] == [6]
    topic.load()
    found = {record["offset"]: record for record in topic.records()}
    assert sorted(found) == [0, 1, 2, 3, 5], "bronze keeps the length and hash of the fifth"
    assert (found[0]["value"], found[1]["value"], found[1]["key"]) == (None, "", "k")
    assert (found[2]["value"], found[2]["value_base64"]) == (None, b64encode(b"\xff\x00").decode())
    assert [header["value"] for header in found[3]["headers"]] == [None, None, "b"]
    assert topic.drain().drained.objects == []


def test_transactions_leave_holes(brokers: Brokers, topic: Topic) -> None:
    """What was aborted is not landed. Holes are read once, and retention makes no alarm of them."""
    brokers.send_in_transaction(topic.name, [event(number) for number in range(3)], commit=True)
    brokers.send_in_transaction(topic.name, [event(number) for number in range(5)], commit=False)
    broker.until(lambda: (topic.drain().lag[0] == 0 and topic.before.read_to[0] == brokers.end(topic.name)) or None)
    assert not topic.kafka.topic_state(topic.stream).partitions[0].end - topic.before.read_to[0]
    assert topic.drain().drained.read_to == {}
    brokers.expire(topic.name, 0, brokers.end(topic.name))
    brokers.send(topic.name, [(None, event(9))])
    outcome = topic.drain()
    assert outcome.progress.alarms == ()
    topic.load()
    assert [offset for _, offset in sorted(topic.offsets())] == [0, 1, 2, brokers.end(topic.name) - 1]


def test_what_was_deleted_before_it_was_drained_is_named(brokers: Brokers, topic: Topic) -> None:
    """The drain goes on with what is left."""
    brokers.send(topic.name, [(None, event(number)) for number in range(10)])
    topic.drain()
    brokers.send(topic.name, [(None, event(number)) for number in range(10)])
    brokers.expire(topic.name, 0, 15)
    topic.before = None
    (alarm,) = topic.drain().progress.alarms
    assert alarm.kind is AlarmKind.GAP
    assert "partition 0: offsets 10 to 14 were deleted" in str(alarm)
    topic.load()
    assert sorted(topic.offsets()) == [(0, offset) for offset in (*range(10), *range(15, 20))]
    assert topic.drain().progress.alarms == (alarm,), "a minute later it can still be seen"


def test_a_recreated_topic_is_drained_from_its_beginning(brokers: Brokers, topic: Topic) -> None:
    """Its offsets are used again, for other messages, and it has a partition less."""
    brokers.send(topic.name, [(None, event(number)) for number in range(10)])
    brokers.send(topic.name, [(None, event(number)) for number in range(3)], partition=1)
    topic.drain()
    old_id = brokers.topic_id(topic.name)
    brokers.delete(topic.name)
    new_id = brokers.create(topic.name, 1)
    brokers.send(topic.name, [(None, event(100 + number)) for number in range(4)])
    outcome = topic.drain()
    recreated, lost = sorted(outcome.progress.alarms, key=lambda alarm: alarm.kind is AlarmKind.LOST)
    assert f"id {old_id} (drained up to 0: 10, 1: 3) has become {new_id}" in str(recreated)
    assert "partition 1 is gone; it was drained up to offset 3" in str(lost)
    topic.load()
    assert sum(topic.offsets().values()) == 17


def test_an_added_partition_is_drained_from_its_beginning(brokers: Brokers, topic: Topic) -> None:
    """A person is told, as messages of one key may now be in two partitions."""
    brokers.send(topic.name, [(None, event(1))])
    topic.drain()
    brokers.grow(topic.name, 3)
    brokers.send(topic.name, [(None, event(2))], partition=2)
    (alarm,) = topic.drain().progress.alarms
    assert (alarm.kind, alarm.what) == (AlarmKind.ADDED, "partition 2 is new; it is drained from its beginning")
    assert_complete(brokers, topic)


def test_bronze_tells_where_to_go_on_when_the_landing_zone_has_expired(brokers: Brokers, topic: Topic) -> None:
    """Neither the landing zone nor the last run's record is needed."""
    brokers.send_in_transaction(topic.name, [event(number) for number in range(10)], commit=True)
    brokers.send(topic.name, [(None, event(number)) for number in range(4)], partition=1)
    topic.drain()
    topic.load()
    for path in topic.root.glob("landing/web/2*/**/*.gz"):
        path.unlink()
    topic.before = None
    brokers.send(topic.name, [(None, event(number)) for number in range(3)])
    assert sum(written.records for written in topic.drain().drained.objects) == 3
    assert_complete(brokers, topic)


def test_nothing_is_left_of_a_client_that_nobody_needs(brokers: Brokers, topic: Topic) -> None:
    """The sensor makes one every minute, for weeks. Each has threads."""
    brokers.send(topic.name, [(None, event(1))])
    topic.drain()
    del topic.kafka.__dict__["broker"]
    before = len(os.listdir("/proc/self/task"))
    gc.disable()
    try:
        for _ in range(3):
            topic.before = None
            topic.drain()
            del topic.kafka.__dict__["broker"]
        assert len(os.listdir("/proc/self/task")) <= before
    finally:
        gc.enable()


def test_a_topic_that_does_not_exist_is_an_error(brokers: Brokers, tmp_path: Path) -> None:
    """Nothing is created by looking."""
    with pytest.raises(KafkaFailed, match=r"topic 'absent': .*UNKNOWN_TOPIC"):
        Topic(brokers.address, "absent", tmp_path).drain()
