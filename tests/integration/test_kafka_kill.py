"""Drains are killed at random moments, also while others drain the same topic: each message is in bronze once.

`make soak-kafka` does the same with a million messages.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import broker
import pytest
from broker import Brokers
from driving import PYTHON, ROOT, Platform, start_child
from topics import RECORDS, Topic, readable

from resources.landing.folder import FolderLanding
from resources.landing.store import FolderStore

pytestmark = [
    pytest.mark.integration,
    pytest.mark.verify,
    pytest.mark.skipif(not broker.installed(), reason=broker.MISSING),
]
MESSAGES = int(os.environ.get("KAFKA_MESSAGES", "10000"))
PARTITIONS, KILLS, OBJECTS = 4, 12, 60
VALUE = b'{"event_type":"post","user_id":"u%d","session_id":"s","occurred_at":"2026-01-01T10:00:00Z"}'


@pytest.fixture(scope="module")
def brokers() -> Iterator[Brokers]:
    with broker.kafka() as running:
        yield running


@dataclass
class Drains:
    """Processes that drain one topic, two at a time, in a folder; each is killed at a random moment."""

    topic: Topic
    address: str
    dice: random.Random
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def landed(self) -> int:
        return len(list(self.topic.root.glob("landing/web/2*/*/*/*/*.json.gz")))

    def start(self) -> None:
        words = [str(Path(__file__).with_name("drain_child.py")), self.address, self.topic.name, str(self.topic.root)]
        environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'platform'}:{ROOT}"}
        command = [PYTHON, *words, str(max(1, MESSAGES // OBJECTS))]
        self.running.append(subprocess.Popen(command, env=environment, start_new_session=True))

    def kill_one(self) -> bool:
        """Wait until a drain has landed something, then a moment, then kill one of them. False if it had ended."""
        before, deadline = self.landed(), time.monotonic() + 30
        while self.landed() == before and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(self.dice.uniform(0, 0.05 + MESSAGES / 1e6))
        process = self.running.pop(self.dice.randrange(len(self.running)))
        alive = process.poll() is None
        end(process)
        return alive


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process without a warning."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def send_some(brokers: Brokers, topic: str, count: int, number: int) -> None:
    """Messages for all partitions, and a transaction. Every second one is aborted."""
    for partition in range(PARTITIONS):
        brokers.send(topic, ((None, VALUE % each) for each in range(count // PARTITIONS + 1)), partition)
    brokers.send_in_transaction(topic, [VALUE % each for each in range(5)], number % 2 == 0, number % PARTITIONS)


def test_kills_lose_and_double_nothing(brokers: Brokers, tmp_path: Path) -> None:
    """Two drains run at a time, while messages are being sent."""
    brokers.create("killed", PARTITIONS)
    drains = Drains(Topic(brokers.address, "killed", tmp_path), brokers.address, random.Random(7))
    hits = []
    try:
        drains.start()
        for number in range(KILLS):
            drains.start()
            sending = threading.Thread(target=send_some, args=(brokers, "killed", MESSAGES // KILLS, number))
            sending.start()
            hits.append(drains.kill_one())
            sending.join()
    finally:
        for process in drains.running:
            end(process)
    assert hits == [True] * KILLS
    finish(drains.topic)
    expected = readable(brokers, "killed")
    assert sum(expected.values()) >= MESSAGES
    assert drains.topic.offsets() == expected
    print(f"{sum(expected.values()):,} messages in {drains.landed():,} objects, each once, after {len(hits)} kills")


def test_a_killed_run_changes_nothing(
    brokers: Brokers, platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As above, but it is the job `drain` that is killed, in the middle of its objects."""
    brokers.create("event", PARTITIONS)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", brokers.address)
    monkeypatch.setenv(RECORDS, "50")
    platform.landing.mkdir()
    send_some(brokers, "event", 2_000, 0)
    now = dt.datetime.now(dt.UTC)
    for number in range(1, 3):
        run = start_child(platform, now, now, "drain")
        while run.poll() is None and len(list(platform.landing.glob("web/2*/*/*/*/*.json.gz"))) < number * 5:
            time.sleep(0.002)
        assert run.poll() is None
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    topic = Topic(brokers.address, "event", tmp_path)
    topic.landing = FolderLanding(platform.landing)
    topic.kafka = replace(topic.kafka, store=FolderStore(platform.landing))
    finish(topic)
    assert topic.offsets() == readable(brokers, "event")


def finish(topic: Topic) -> None:
    """Drain what is left, and load it into bronze."""
    while topic.drain().drained.read_to:
        pass
    topic.load()
