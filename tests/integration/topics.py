"""A topic of a real broker with a landing zone and a lake of its own, drained without Dagster."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from pathlib import Path

from broker import Brokers

from contracts.web import WEB
from lake.kafka.progress import Progress
from lake.load_bronze import load_bronze
from lake.reading import as_frame, files_of, read
from lake.schemas import Layer
from lake.tables import Lake
from resources.kafka.kafka import Kafka, Outcome
from resources.kafka.settings import kafka_settings
from resources.landing.folder import FolderLanding
from resources.landing.store import FolderStore

HOUR = dt.timedelta(hours=1)
RECORDS = "KAFKA_BATCH_RECORDS"


class Topic:
    """`before` is what the last drain recorded; without it the next one looks for what has landed."""

    def __init__(self, address: str, name: str, root: Path, **settings: str) -> None:
        self.stream, self.name, self.root = dataclasses.replace(WEB, topic=name), name, root
        (root / "lake").mkdir(parents=True, exist_ok=True)
        properties = {"uri": f"sqlite:///{root}/lake/catalog.db", "warehouse": f"file://{root}/lake"}
        self.lake, self.landing = Lake(properties, root / "scratch"), FolderLanding(root / "landing")
        values = {"KAFKA_BOOTSTRAP_SERVERS": address, **settings}
        self.kafka = Kafka(kafka_settings(values), FolderStore(self.landing.root))
        self.before: Progress | None = None

    def drain(self) -> Outcome:
        outcome = self.kafka.drain(self.lake, self.landing, self.stream, self.before)
        self.before = outcome.progress
        return outcome

    def load(self) -> None:
        """Load what has landed into bronze."""
        now = dt.datetime.now(dt.UTC)
        hours = [now.replace(minute=0, second=0, microsecond=0) - count * HOUR for count in range(2)]
        load_bronze(self.lake, self.landing, self.stream, hours, (hours[-1], hours[0] + HOUR), now)

    def records(self) -> list[dict[str, object]]:
        """The messages in bronze, as they were landed."""
        table = self.lake.table(Layer.BRONZE, self.stream)
        batches = (as_frame(batch) for batch in read(table, files_of(table), ["raw"]))
        return [json.loads(raw) for batch in batches for raw in batch["raw"] if raw is not None]

    def offsets(self) -> Counter[tuple[object, object]]:
        """How often each partition and offset is in bronze."""
        return Counter((record["partition"], record["offset"]) for record in self.records())


def readable(brokers: Brokers, topic: str) -> Counter[tuple[object, object]]:
    """Each partition and offset that a consumer may read, by Kafka's own client."""
    return Counter((message.partition(), message.offset()) for message in brokers.messages(topic))
