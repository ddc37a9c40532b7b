"""The drain: lands a topic's messages, each once, in bounded batches.

What has landed decides where to begin. No offsets are kept anywhere else, and no consumer group is asked. A drain may
be killed at any moment, and several may run at once: each object can be created only once (`lake.kafka.names`).

Belongs here: from polled messages to objects. Not here: where to begin and what gives alarm (`lake.kafka.progress`).
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from isal import isal_zlib

from contracts.stream import Stream
from events.decode import MAX_RECORD
from lake.kafka.messages import Message, is_text, line_of
from lake.kafka.names import ObjectName
from lake.kafka.progress import Start, TopicState
from lake.kafka.write import write_once
from lake.landing import LandingStore
from resources.kafka.errors import KafkaFailed
from resources.kafka.settings import Limits

GZIP = 16 + isal_zlib.MAX_WBITS


@dataclass(frozen=True)
class Polled:
    """Messages by partition, in order, and the partitions that have come to an end, with the offset of that."""

    messages: Mapping[int, list[Message]]
    ends: Mapping[int, int]
    expired: frozenset[int]


class Source(Protocol):
    """What a drain asks of the brokers (`broker.Broker`)."""

    def topic_id(self, topic: str) -> str: ...

    def reading(self, topic: str, starts: Mapping[int, int]) -> AbstractContextManager[Callable[[], Polled]]: ...

    def failure(self, what: str, error: object) -> KafkaFailed: ...


class Written(NamedTuple):
    """An object that was created: its path, and how many messages and bytes it has."""

    path: str
    records: int
    size: int


@dataclass
class Drained:
    """What a drain did.

    `read_to`: how far each partition was read; every message before that has landed. `notable` counts messages that
    are landed but make no event: `tombstones` (no value), `not_text` (value is not UTF-8), `oversize` (above 16 MiB).
    `lost`: partitions that another drain was writing at the same time. `expired`: partitions whose messages were
    deleted meanwhile.
    """

    read_to: dict[int, int]
    objects: list[Written] = field(default_factory=list)
    notable: Counter[str] = field(default_factory=Counter)
    lost: set[int] = field(default_factory=set)
    expired: set[int] = field(default_factory=set)
    recreated: bool = False


class Batch:
    """Messages of one partition that become one object. Only compressed bytes are held."""

    def __init__(self, topic: str, partition: int, first: int) -> None:
        self.topic, self.partition, self.first = topic, partition, first
        self.compressor: Any = isal_zlib.compressobj(1, isal_zlib.DEFLATED, GZIP)
        self.parts: list[bytes] = []
        self.records = self.size = 0
        self.end = first
        self.notable: Counter[str] = Counter()

    def add(self, message: Message) -> None:
        line = line_of(self.topic, self.partition, message)
        self.parts.append(self.compressor.compress(line + b"\n"))
        self.records += 1
        self.size += len(line)
        self.end = message.offset + 1
        if message.value is None:
            self.notable["tombstones"] += 1
        elif not is_text(message.value):
            self.notable["not_text"] += 1
        if len(line) > MAX_RECORD:
            self.notable["oversize"] += 1

    def content(self) -> bytes:
        return b"".join([*self.parts, self.compressor.flush()])


@dataclass
class Drain:
    """One drain of a topic, from some starts."""

    broker: Source
    store: LandingStore
    stream: Stream
    topic: TopicState
    limits: Limits
    clock: Callable[[], dt.datetime]

    def run(self, starts: Mapping[int, Start]) -> Drained:
        """Drain until each partition has come to its end, or the time is up. Raises `KafkaFailed`."""
        result = Drained({number: start.read_from for number, start in starts.items()})
        batches = {number: Batch(self.topic.name, number, start.name) for number, start in starts.items()}
        if not starts:
            return result
        deadline, answered = time.monotonic() + self.limits.seconds, False
        with self.broker.reading(self.topic.name, result.read_to) as poll:
            while batches and not result.recreated and time.monotonic() < deadline:
                polled = poll()
                answered |= bool(polled.messages or polled.ends or polled.expired)
                self._take(polled, batches, result)
            for number in list(batches):
                self._land(number, batches, result)
        if not answered:
            text = f"no messages and no end within {self.limits.seconds:g} seconds"
            raise self.broker.failure(f"topic {self.topic.name!r}", text)
        return result

    def _take(self, polled: Polled, batches: dict[int, Batch], result: Drained) -> None:
        """Add polled messages to the batches, and land those that are full or whose partition has come to its end."""
        for number, messages in polled.messages.items():
            for message in messages:
                if number not in batches:
                    break
                batches[number].add(message)
                if batches[number].records >= self.limits.records:
                    self._land(number, batches, result)
        for number, end in polled.ends.items():
            if number in batches and self._land(number, batches, result):
                result.read_to[number] = max(end, result.read_to[number])
                del batches[number]
        for number in polled.expired & set(batches):
            self._land(number, batches, result)
            result.expired.add(number)
            batches.pop(number, None)
        while sum(batch.size for batch in batches.values()) >= self.limits.bytes:
            self._land(max(batches, key=lambda number: batches[number].size), batches, result)

    def _land(self, number: int, batches: dict[int, Batch], result: Drained) -> bool:
        """Create a batch's object, and begin the partition's next one. False if the partition is no longer ours."""
        batch = batches.get(number)
        if batch is None:
            return False
        if not batch.records:
            return True
        # The topic may have been created again while it was read. Its id, asked now, is that of all these messages.
        if self.broker.topic_id(self.topic.name) != self.topic.topic_id:
            result.recreated = True
            batches.clear()
            return False
        name = ObjectName(self.topic.name, self.topic.topic_id, number, batch.first)
        content = batch.content()
        path = write_once(self.store, self.stream, name, content, self.clock())
        if path is None:
            result.lost.add(number)
            del batches[number]
            return False
        result.objects.append(Written(path, batch.records, len(content)))
        result.notable += batch.notable
        result.read_to[number] = batch.end
        batches[number] = Batch(self.topic.name, number, batch.end)
        return True
