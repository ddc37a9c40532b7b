"""S3's notices of new objects in a queue (SQS), through the real clients: hints that shorten the wait, no more."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws
import dagster as dg
import pytest
from aws import Aws

from contracts.commerce import COMMERCE
from lake.landing import NoticesFailed
from lake.tables import Lake
from partitions import arrival_window, key_of
from resources.environment import first_hour
from resources.landing.notices import NoticeQueue, object_keys
from resources.landing.s3 import S3Landing
from sensors import arrivals
from sensors.changes import HOUR

pytestmark = pytest.mark.integration
BUCKET = "landing"


def notice(key: str, bucket: str = BUCKET, event: str = "ObjectCreated:Put") -> dict[str, Any]:
    """What S3 reports of one object."""
    return {"eventName": event, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


class Zone:
    """A bucket, a queue, a lake and the sensor. `tick` evaluates the sensor and keeps its cursor."""

    def __init__(self, cloud: Aws, folder: Path) -> None:
        self.s3, self.sqs = cloud.client("s3"), cloud.client("sqs")
        self.s3.create_bucket(Bucket=BUCKET)
        self.url = self.sqs.create_queue(QueueName="landing")["QueueUrl"]
        self.landing = S3Landing(BUCKET, "in", folder / "scratch", queue_url=self.url)
        self.lake = Lake({"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}, folder / "lake")
        self.sensor = arrivals.arrivals_sensor([COMMERCE], dg.define_asset_job("ingest"))
        self.instance, self.cursor = dg.DagsterInstance.ephemeral(), None
        self.current = arrival_window(first_hour(), dt.datetime.now(dt.UTC))[1] - HOUR

    def put(self, hour: dt.datetime, name: str = "a") -> str:
        key = f"in/commerce/{hour:%Y/%m/%d/%H}/{name}"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
        return key

    def send(self, body: object) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def waiting(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def tick(self) -> list[str | None]:
        """The partitions of the requested runs."""
        context = dg.build_sensor_context(
            self.instance, cursor=self.cursor, resources={"lake": self.lake, "landing": self.landing}
        )
        result = self.sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return [request.partition_key for request in result.run_requests or []]


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Zone]:
    monkeypatch.setattr(arrivals, "NOTICE_WAIT_S", 0)
    with aws.moto() as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        yield Zone(cloud, tmp_path)


def test_a_notice_shortens_the_wait_for_an_old_hour(zone: Zone) -> None:
    """Without it the next sweep finds the object. Doubled and reordered notices cause one run for each hour."""
    assert zone.tick() == []
    hours = [zone.current - 100 * HOUR, zone.current - 200 * HOUR]
    keys = [zone.put(hour) for hour in hours]
    assert zone.tick() == [], "an old hour is not listed at every tick"
    for key in [*keys, *keys[::-1]]:
        zone.send({"Records": [notice(key)]})
    zone.send({"Type": "Notification", "Message": json.dumps({"Records": [notice(keys[0])]})})
    assert sorted(map(str, zone.tick())) == sorted(map(key_of, hours))
    assert zone.waiting() == 0, "a hint that was used is deleted"


def test_the_bucket_itself_reports(zone: Zone) -> None:
    """As infra/platform.yml sets it up. S3's test event comes first and says nothing."""
    arn = zone.sqs.get_queue_attributes(QueueUrl=zone.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wanted = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    zone.s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=wanted)
    assert zone.tick() == []
    zone.put(zone.current - 100 * HOUR, "name with spaces+é")
    assert zone.tick() == [key_of(zone.current - 100 * HOUR)]


FOREIGN = [
    "no JSON",
    "[" * 100_000,
    "null",
    "[]",
    "{}",
    {"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET},
    {"Records": None},
    {"Records": [{"s3": {}}]},
    {"Records": [notice("in/commerce/2024/05/01/10/a", bucket="another")]},
    {"Records": [notice("in/commerce/2024/05/01/10/a", event="ObjectRemoved:Delete")]},
    {"Records": [notice("elsewhere/commerce/2024/05/01/10/a")]},
    {"Records": [notice("in/commerce/9999/05/01/10/a"), notice("in/commerce/astray"), notice("in/unknown/x")]},
    {"Records": [notice("in/commerce/2024/05/01/10/gone")]},
    {"Message": 7},
    {"Message": "[1]"},
]


def test_foreign_notices_do_no_harm(zone: Zone) -> None:
    """Whoever may write into the queue: nothing is requested that the listing does not show, and the tick goes on."""
    for body in FOREIGN:
        zone.send(body)
    zone.put(zone.current)
    assert zone.tick() == [key_of(zone.current)]
    assert zone.waiting() == 0


@pytest.mark.parametrize("body", FOREIGN, ids=range(len(FOREIGN)))
def test_a_foreign_notice_names_no_object_of_ours(body: object) -> None:
    """Messages are untrusted text."""
    text = body if isinstance(body, str) else json.dumps(body)
    assert not object_keys(text, "ours")


def test_lost_notices_cost_only_time(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """The listing against the ledger is the truth: recent hours at every tick, the others by the sweep."""
    zone.tick()
    zone.put(zone.current)
    zone.put(zone.current - 100 * HOUR)
    assert zone.tick() == [key_of(zone.current)]
    monkeypatch.setattr(arrivals, "SWEEP_EVERY", dt.timedelta(0))
    assert key_of(zone.current - 100 * HOUR) in zone.tick()


def test_a_queue_that_fails_is_a_warning(zone: Zone) -> None:
    """The queue was deleted, or the role may not read it: the platform goes on without hints."""
    zone.sqs.delete_queue(QueueUrl=zone.url)
    zone.put(zone.current)
    assert zone.tick() == [key_of(zone.current)]
    with pytest.raises(NoticesFailed, match="queue http"):
        NoticeQueue(zone.url).receive(BUCKET, 0)


def test_more_notices_than_one_call_takes_are_taken_by_the_next(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick stays short when thousands wait."""
    monkeypatch.setattr("resources.landing.notices.MOST_BATCHES", 2)
    for number in range(25):
        zone.send({"Records": [notice(f"in/commerce/{number}")]})
    found = [len(zone.landing.noticed(0)) for _ in range(3)]
    assert found == [20, 5, 0]
