"""Kafka as a resource: the topics of the streams, drained into the landing zone.

Belongs here: one drain from start to end. Kafka's client is imported only when a broker is asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from contracts.stream import Stream
from lake.kafka.positions import landed_positions
from lake.kafka.progress import (
    Progress,
    TopicState,
    due_partitions,
    find_alarms,
    keep_alarms,
    read_before,
    start_of,
)
from lake.landing import Landing, LandingStore
from lake.tables import Lake
from resources.kafka.drain import Drain, Drained
from resources.kafka.errors import NoBrokers
from resources.kafka.settings import BOOTSTRAP, KafkaSettings

if TYPE_CHECKING:
    from resources.kafka.broker import Broker


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Outcome:
    """What a drain did, how far it came, and how many messages each partition holds behind that."""

    drained: Drained
    progress: Progress
    lag: Mapping[int, int]


@dataclass(frozen=True)
class Kafka:
    """The brokers, if there are any, and the landing zone to write to."""

    settings: KafkaSettings | None
    store: LandingStore
    clock: Callable[[], dt.datetime] = _now

    @cached_property
    def broker(self) -> Broker:
        """The brokers. Raises `NoBrokers`."""
        from resources.kafka.broker import Broker

        return Broker(self._given.client)

    @property
    def _given(self) -> KafkaSettings:
        if self.settings is None:
            raise NoBrokers(f"{BOOTSTRAP} is not set: name the brokers, as in {BOOTSTRAP}=kafka.example.com:9092")
        return self.settings

    def topic_state(self, stream: Stream) -> TopicState:
        """What the brokers have of a stream's topic. Raises `NoBrokers` and `KafkaFailed`."""
        if stream.topic is None:
            raise ValueError(f"the contract {stream.name!r} declares no topic")
        return self.broker.state(stream.topic)

    def drain(self, lake: Lake, landing: Landing, stream: Stream, before: Progress | None) -> Outcome:
        """Land the messages of a stream's topic that have not landed. `before` is what the last drain recorded.

        Raises `NoBrokers`, `KafkaFailed` and `PositionUnknown`.
        """
        topic, now = self.topic_state(stream), self.clock()
        due = due_partitions(topic, before)
        landed = landed_positions(lake, landing, stream, topic.name, topic.topic_id, due, now)
        found = {number: start_of(topic.partitions[number], landed.following[number]) for number in due}
        starts = {number: start for number, start in found.items() if start}
        drained = Drain(self.broker, self.store, stream, topic, self._given.limits, self.clock).run(starts)
        earlier_id = before.topic_id if before else landed.earlier_id
        alarms = find_alarms(topic, landed.following, before, earlier_id, now)
        kept = keep_alarms(before.alarms if before else (), alarms, now)
        # A partition that was not drained is at its end, or ends before what has landed of it.
        read_to = {number: offsets.end for number, offsets in topic.partitions.items()} | drained.read_to
        progress = Progress(topic.topic_id, read_to, kept)
        return Outcome(drained, progress, self._lag(stream, progress))

    def _lag(self, stream: Stream, progress: Progress) -> dict[int, int]:
        after = self.topic_state(stream)
        return {
            number: max(0, offsets.end - read_before(after, progress).get(number, offsets.first))
            for number, offsets in after.partitions.items()
        }


def forget_alarms(progress: Progress | None) -> Progress | None:
    """The progress without its alarms, once a person has seen them."""
    return replace(progress, alarms=()) if progress else None
