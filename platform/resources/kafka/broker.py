"""Brokers: what a topic has, and its messages. This is the only module that uses Kafka's client.

Belongs here: requests to the brokers, and what their errors mean. Not here: what is done with messages (`drain`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from lake.kafka.messages import Message
from lake.kafka.progress import OffsetRange, TopicState
from resources.kafka.drain import Polled
from resources.kafka.errors import KafkaFailed

TIMEOUT_S = 20.0
POLL_S = 0.1
POLLED = 2_000  # messages of one poll
# The consumer is told where to read. It joins no group, and commits no offsets anywhere; the client only wants a name.
READING: Mapping[str, Any] = {
    "group.id": "not-used",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
    "check.crcs": True,
    "queued.max.messages.kbytes": 32_768,
    "fetch.wait.max.ms": 100,
}
_AS_KAFKA_WRITES = str.maketrans("+/", "-_")


class _Reasons:
    """Why connections failed, as the client reports it: a request that times out does not tell.

    The client refers to this and not to its `Broker`, so that it ends, with its threads, as soon as nobody needs it.
    """

    last = ""

    def add(self, error: Any) -> None:
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # it follows the reason
            self.last = error.str()


@dataclass(frozen=True)
class Broker:
    """The brokers, by librdkafka's configuration of the connection."""

    client: Mapping[str, Any] = field(repr=False)

    @cached_property
    def _reasons(self) -> _Reasons:
        return _Reasons()

    @cached_property
    def _admin(self) -> AdminClient:
        return AdminClient({**self._connection, "socket.timeout.ms": int(TIMEOUT_S * 1000)})

    @property
    def _connection(self) -> dict[str, Any]:
        return {
            **self.client,
            "client.id": "landing",
            "error_cb": self._reasons.add,
            "log_level": 2,  # what it would log of connections is in the errors
        }

    def topic_id(self, topic: str) -> str:
        """The id of a topic. A topic that is created again has another one. Raises `KafkaFailed`."""
        return _id_of(self._described(topic))

    def state(self, topic: str) -> TopicState:
        """A topic's id, partitions and offsets. Raises `KafkaFailed`."""
        described = self._described(topic)
        places = [TopicPartition(topic, each.id) for each in described.partitions]
        first, end = self._offsets(places, OffsetSpec.earliest()), self._offsets(places, OffsetSpec.latest())
        ranges = {number: OffsetRange(first[number], end[number]) for number in first}
        return TopicState(topic, _id_of(described), ranges)

    def _described(self, topic: str) -> Any:
        (answer,) = self._admin.describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT_S).values()
        return self._result(f"topic {topic!r}", answer)

    def _offsets(self, places: list[TopicPartition], spec: OffsetSpec) -> dict[int, int]:
        answers = self._admin.list_offsets(
            dict.fromkeys(places, spec), isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=TIMEOUT_S
        )
        return {
            place.partition: self._result(f"offsets of topic {place.topic!r}", answer).offset
            for place, answer in answers.items()
        }

    def _result(self, what: str, answer: Any) -> Any:
        try:
            return answer.result(TIMEOUT_S + 1)
        except (KafkaException, TimeoutError) as error:
            self._admin.poll(0)  # what the client has to say
            raise self.failure(what, error) from error

    def failure(self, what: str, error: object) -> KafkaFailed:
        """An error with the last reason why a connection failed. Kafka's errors name no secrets."""
        reason = f" ({self._reasons.last})" if self._reasons.last else ""
        return KafkaFailed(f"{what}: {error}{reason}")

    @contextmanager
    def reading(self, topic: str, starts: Mapping[int, int]) -> Iterator[Callable[[], Polled]]:
        """A function that polls the partitions, each from its offset. Raises `KafkaFailed`."""
        consumer = Consumer({**self._connection, **READING})
        try:
            consumer.assign([TopicPartition(topic, number, offset) for number, offset in starts.items()])
            yield lambda: self._poll(consumer, topic)
        finally:
            consumer.close()

    def _poll(self, consumer: Consumer, topic: str) -> Polled:
        messages: dict[int, list[Message]] = {}
        ends: dict[int, int] = {}
        expired = set()
        for found in consumer.consume(POLLED, POLL_S):
            number, error = found.partition(), found.error()
            if error is None:
                kind, at = found.timestamp()
                message = Message(found.offset(), found.key(), at if kind else None, found.headers(), found.value())
                messages.setdefault(number, []).append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                ends[number] = found.offset()
            elif error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
                expired.add(number)
            else:
                raise self.failure(f"topic {topic!r}, partition {number}", error.str())
        return Polled(messages, ends, frozenset(expired))


def _id_of(described: Any) -> str:
    """A topic's id as Kafka's own tools write it. The client writes it with two other characters."""
    return str(described.topic_id).translate(_AS_KAFKA_WRITES)
