"""Drains that are killed, that overlap and that disagree about the hour land each message once, in any order of events.

The brokers are a list of messages with holes; the rest is real.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.web import WEB
from lake.kafka.messages import Message
from lake.kafka.progress import AlarmKind, OffsetRange, Progress, TopicState
from resources.kafka.drain import Polled
from resources.kafka.errors import KafkaFailed
from resources.kafka.kafka import Kafka, Outcome
from resources.kafka.settings import KafkaSettings, Limits
from resources.landing.folder import FolderLanding
from resources.landing.store import FolderStore

ID = "a" * 22
START = dt.datetime(2026, 5, 1, 9, 59, tzinfo=dt.UTC)
NO_LAKE: Any = SimpleNamespace(existing=lambda *_: None)
SMALL = Limits(3, 10_000)
Events = list[tuple[str, int, int]]


class Killed(Exception):
    """The process has ended at this moment."""


@dataclass
class Log:
    """Partitions of a topic. Satisfies `drain.Source`."""

    offsets: dict[int, list[int]] = field(default_factory=lambda: {0: [], 1: []})
    ends: Counter[int] = field(default_factory=Counter)
    first: Counter[int] = field(default_factory=Counter)
    id: str = ID
    id_while_read: str | None = None
    silent: bool = False

    def append(self, partition: int, messages: int, hole: int) -> None:
        """Some messages, then offsets that nobody may read."""
        end = self.ends[partition]
        self.offsets[partition] += range(end, end + messages)
        self.ends[partition] += messages + hole

    def topic_id(self, _: str) -> str:
        return self.id_while_read or self.id

    def state(self, topic: str) -> TopicState:
        return TopicState(topic, self.id, {n: OffsetRange(self.first[n], self.ends[n]) for n in self.offsets})

    def failure(self, what: str, why: str) -> KafkaFailed:
        return KafkaFailed(f"{what}: {why}")

    @contextmanager
    def reading(self, _: str, starts: Mapping[int, int]) -> Iterator[Callable[[], Polled]]:
        """Gives five messages a poll."""
        place = dict(starts)

        def poll() -> Polled:
            found: dict[int, list[Message]] = {}
            ends: dict[int, int] = {}
            for number, offset in place.items():
                if self.silent:
                    break
                following = [each for each in self.offsets[number] if each >= offset][:5]
                found[number] = [Message(each, None, None, None, b"{}") for each in following]
                if following:
                    place[number] = following[-1] + 1
                else:
                    ends[number] = self.ends[number]
            return Polled(found, ends, frozenset())

        yield poll


@dataclass
class Store:
    """A folder that does something else before one of its operations."""

    folder: FolderStore
    at: int
    action: Callable[[], object]

    def create(self, path: str, content: bytes) -> bool:
        self.at -= 1
        if self.at == 0:
            self.action()
        return self.folder.create(path, content)

    def read(self, path: str) -> bytes:
        return self.folder.read(path)


def kafka(log: Log, store: Any, now: dt.datetime, limits: Limits = SMALL) -> Kafka:
    made = Kafka(KafkaSettings({}, limits), store, lambda: now)
    made.__dict__["broker"] = log
    return made


class World:
    """A topic, a landing zone, and what the last complete drain recorded."""

    def __init__(self, root: Path) -> None:
        self.log, self.root, self.now = Log(), root, START
        self.before: Progress | None = None

    def drain(self, at: int = 0, action: Callable[[], object] = lambda: None) -> Outcome:
        made = kafka(self.log, Store(FolderStore(self.root), at, action), self.now)
        outcome = made.drain(NO_LAKE, FolderLanding(self.root), WEB, self.before)
        self.before = outcome.progress
        return outcome

    def killed_drain(self, at: int) -> None:
        def end() -> None:
            raise Killed

        with suppress(Killed):
            self.drain(at, end)

    def overtaken_drain(self, at: int) -> None:
        """Before an operation of a drain another one runs, whose clock shows the next hour."""

        def other() -> None:
            self.now += dt.timedelta(hours=1)
            self.drain()
            self.now -= dt.timedelta(hours=1)

        self.drain(at, other)

    def landed(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {0: [], 1: []}
        for path in sorted(self.root.glob("web/2026/*/*/*/*.json.gz"), key=lambda path: path.name):
            records = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
            for record in records:
                found[record["partition"]].append(record["offset"])
        return found

    def play(self, events: Events) -> None:
        for kind, one, other in events:
            match kind:
                case "send":
                    self.log.append(one % 2, other, one % 3)
                case "drain":
                    self.drain()
                case "kill":
                    self.killed_drain(one)
                case "overtake":
                    self.overtaken_drain(one)
                case "forget":
                    self.before = None
                case "hour":
                    self.now += dt.timedelta(hours=1)


KINDS = st.sampled_from(["send", "send", "drain", "kill", "overtake", "forget", "hour"])


@given(st.lists(st.tuples(KINDS, st.integers(1, 6), st.integers(0, 9)), max_size=25))
def test_each_message_lands_once(events: Events) -> None:
    """Whatever happened before, one more drain completes what is missing."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.play(events)
        outcome = world.drain()
        assert world.landed() == world.log.offsets
        assert outcome.progress.alarms == ()
        assert set(outcome.lag.values()) == {0}
        assert world.drain().drained.objects == []


@given(st.lists(st.tuples(KINDS, st.integers(1, 6), st.integers(0, 9)), max_size=15), st.integers(1, 9))
def test_what_retention_deletes_gives_alarm_only_if_it_was_a_message(events: Events, lost: int) -> None:
    """A topic that was drained to its end may expire. Then messages are lost before they are drained."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        world.log.append(0, 3, 2)
        world.play(events)
        world.drain()
        world.log.first |= world.log.ends
        assert world.drain().progress.alarms == ()
        first = world.log.ends[0]
        world.log.append(0, lost + 1, 0)
        world.log.first[0] = first + lost
        world.log.offsets[0].remove(first)
        world.log.offsets[0] = [each for each in world.log.offsets[0] if not first <= each < first + lost]
        (alarm,) = world.drain().progress.alarms
        assert alarm.kind is AlarmKind.GAP
        assert alarm.what.startswith(f"partition 0: offsets {first:,} to {first + lost - 1:,} were deleted")
        assert world.landed() == world.log.offsets


def test_a_topic_that_is_created_again_while_it_is_read_lands_nothing(tmp_path: Path) -> None:
    """Its messages would get the name of the old topic. The next drain lands them, with the new id."""
    world = World(tmp_path)
    world.log.append(0, 9, 0)
    world.drain()
    world.log.append(0, 2, 0)
    world.log.id_while_read = "b" * 22
    assert world.drain().drained.objects == []
    world.log.id = "b" * 22
    world.log.ends[0], world.log.offsets[0] = 2, [0, 1]
    outcome = world.drain()
    assert [written.path.split("+")[1] for written in outcome.drained.objects] == ["b" * 22]
    assert [alarm.kind for alarm in outcome.progress.alarms] == [AlarmKind.RECREATED]


def test_a_full_batch_is_landed(tmp_path: Path) -> None:
    """By number of messages, and by bytes that are held."""
    log = Log()
    log.append(0, 10, 0)
    log.append(1, 4, 0)
    for limits, records in ((Limits(4, 10_000), [4, 4, 2, 4]), (Limits(100, 300), [5, 5, 4])):
        root = tmp_path / str(limits.records)
        drained = kafka(log, FolderStore(root), START, limits).drain(NO_LAKE, FolderLanding(root), WEB, None).drained
        assert sorted(written.records for written in drained.objects) == sorted(records)


def test_brokers_that_say_nothing_are_an_error(tmp_path: Path) -> None:
    """A run that lands nothing must not look like one that had nothing to land."""
    log = Log(silent=True)
    log.append(0, 1, 0)
    with pytest.raises(KafkaFailed, match="no messages and no end within"):
        kafka(log, FolderStore(tmp_path), START, Limits(seconds=0.01)).drain(
            NO_LAKE, FolderLanding(tmp_path), WEB, None
        )
