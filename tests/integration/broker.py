"""A real Apache Kafka: one broker in KRaft mode, in a temporary folder.

`.ci/kafka` fetches its jars. Java runs it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic, OffsetSpec

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "event-analytics" / "kafka-4.4.0"
MISSING = "Apache Kafka's jars are not here: run .ci/kafka (it needs java and mvn)"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"
Pair = tuple[bytes | None, bytes | None]  # key and value


def installed() -> bool:
    return bool(shutil.which("java")) and any(CACHE.glob("kafka_2.13-*.jar"))


@dataclass(frozen=True)
class Brokers:
    """A running broker, and what a person or a producer does with it."""

    address: str

    @property
    def client(self) -> dict[str, Any]:
        """What every client is told. It does not log that the broker has gone, at the end."""
        return {"bootstrap.servers": self.address, "log_level": 2}

    @cached_property
    def admin(self) -> AdminClient:
        return AdminClient(self.client)

    def create(self, topic: str, partitions: int = 1, **config: str) -> str:
        """A new topic. Returns its id."""
        settings = {name.replace("_", "."): value for name, value in config.items()}
        wait(self.admin.create_topics([NewTopic(topic, partitions, 1, config=settings)]))
        return until(lambda: self.topic_id(topic))

    def topic_id(self, topic: str) -> str:
        (answer,) = self.admin.describe_topics(TopicCollection([topic])).values()
        return str(answer.result().topic_id).replace("+", "-").replace("/", "_")

    def delete(self, topic: str) -> None:
        wait(self.admin.delete_topics([topic]))
        until(lambda: topic not in self.admin.list_topics(timeout=10).topics or None)

    def grow(self, topic: str, partitions: int) -> None:
        """Add partitions."""
        wait(self.admin.create_partitions([NewPartitions(topic, partitions)]))
        until(lambda: len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions) == partitions or None)

    def expire(self, topic: str, partition: int, before: int) -> None:
        """Delete the messages before an offset, as retention does."""
        wait(self.admin.delete_records([TopicPartition(topic, partition, before)]))

    def end(self, topic: str, partition: int = 0) -> int:
        """The offset after the last message, whatever kind it is."""
        (answer,) = self.admin.list_offsets({TopicPartition(topic, partition): OffsetSpec.latest()}).values()
        return int(answer.result().offset)

    def messages(self, topic: str) -> list[Message]:
        """All messages that a consumer may read."""
        settings = {"group.id": uuid4().hex, "enable.partition.eof": True, "enable.auto.commit": False}
        consumer = Consumer({**self.client, **settings})
        numbers = self.admin.list_topics(topic, timeout=10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in numbers])
        found, ends = [], set()
        while len(ends) < len(numbers):
            for message in consumer.consume(10_000, 0.2):
                error = message.error()
                if error is None:
                    found.append(message)
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    ends.add(message.partition())
        consumer.close()
        return found

    def send(self, topic: str, messages: Iterable[Pair], partition: int = 0, **more: Any) -> None:
        """Send keys and values to a partition."""
        producer = Producer({**self.client, "linger.ms": 5, "message.max.bytes": 40 << 20})
        for key, value in messages:
            produce(producer, topic, partition, key, value, **more)
        assert producer.flush(300) == 0

    def send_in_transaction(self, topic: str, values: Sequence[bytes], commit: bool, partition: int = 0) -> None:
        """Send values in a transaction, which is committed or aborted. Both leave a hole at the end."""
        producer = Producer({**self.client, "transactional.id": uuid4().hex})
        producer.init_transactions(30)
        producer.begin_transaction()
        for value in values:
            produce(producer, topic, partition, None, value)
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)


def produce(
    producer: Producer, topic: str, partition: int, key: bytes | None, value: bytes | None, **more: Any
) -> None:
    """Send one message, and wait while the producer's queue is full."""
    while True:
        try:
            producer.produce(topic, key=key, value=value, partition=partition, **more)
            break
        except BufferError:
            producer.poll(0.1)
    producer.poll(0)


def wait(answers: Mapping[Any, Any]) -> None:
    for answer in answers.values():
        answer.result(30)


def until(ask: Any) -> Any:
    """The first answer that is not None; a broker needs a moment until it knows what has changed."""
    deadline = time.monotonic() + 30
    while True:
        try:
            if (answer := ask()) is not None:
                return answer
        except KafkaException:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(40 << 20),
}
JAVA = ["java", "-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
JAVA += ["-cp", f"{CACHE}/*"]


@contextmanager
def kafka(listeners: Mapping[str, int] | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Brokers]:
    """A running broker. `listeners` are further ones: from their security protocols to ports."""
    folder = Path(tempfile.mkdtemp(prefix="kafka-"))
    ports = {"PLAINTEXT": free_port(), **(listeners or {}), "CONTROLLER": free_port()}
    places = {name: f"{name}://127.0.0.1:{port}" for name, port in ports.items()}
    protocols = {name: "PLAINTEXT" if name == "CONTROLLER" else name for name in ports}
    configuration = {
        **SETTINGS,
        "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
        "listeners": ",".join(places.values()),
        "advertised.listeners": ",".join(place for name, place in places.items() if name != "CONTROLLER"),
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in protocols.items()),
        "log.dirs": str(folder / "logs"),
        **(settings or {}),
    }
    file = folder / "server.properties"
    file.write_text("".join(f"{name}={value}\n" for name, value in configuration.items()))
    try:
        tool = [*JAVA, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(file)]
        subprocess.run(tool, check=True, capture_output=True, cwd=folder)
        with (folder / "log").open("w") as log:
            server = subprocess.Popen([*JAVA, "kafka.Kafka", str(file)], stdout=log, stderr=log, cwd=folder)
        try:
            _wait_for(ports["PLAINTEXT"], server, folder / "log")
            yield Brokers(f"127.0.0.1:{ports['PLAINTEXT']}")
        finally:
            server.kill()
            server.wait()
    finally:
        shutil.rmtree(folder)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        assert server.poll() is None, log.read_text()
        try:
            AdminClient({"bootstrap.servers": f"127.0.0.1:{port}", "log_level": 0}).list_topics(timeout=2)
            return
        except KafkaException:
            assert time.monotonic() < deadline, log.read_text()
