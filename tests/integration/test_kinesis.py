"""Producer → Kinesis → Firehose → landing zone → bronze, through the real clients."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws
import pytest
from aws import Aws
from driving import ROOT
from firehose import deliver, read_stream
from stacks import Stack

from contracts import STREAMS as CONTRACTS
from lake.load_bronze import load_bronze
from lake.reading import files_of, read
from lake.schemas import Layer
from lake.tables import Lake
from partitions import arrival_window
from resources.landing.s3 import S3Landing
from simulate.kinesis import Producer, main, planned_records
from simulate.plan import Plan
from simulate.streams import STREAMS

pytestmark = pytest.mark.integration
START = dt.datetime(2024, 5, 1, 9)
BUCKET = "landing"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with aws.moto() as cloud:
        for name, value in cloud.environment.items():
            monkeypatch.setenv(name, value)
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


def stack_of(cloud: Aws, stream: str, **given: str) -> Stack:
    return Stack.create(cloud, ROOT / "infra" / "stream.yml", Stream=stream, LandingBucket=BUCKET, **given)


@pytest.mark.parametrize("aggregate", [False, True], ids=["one by one", "aggregated"])
@pytest.mark.parametrize("name", ["snowplow", "mobile"])
def test_what_is_sent_is_in_bronze(cloud: Aws, tmp_path: Path, name: str, aggregate: bool) -> None:
    """Every record once, unchanged, whether it travelled alone or with others."""
    stack = stack_of(cloud, name, Shards="2")
    producer = Producer(cloud.client("kinesis"), stack.outputs["StreamName"], aggregate)
    sent = list(planned_records(STREAMS[name], Plan(START, 1, 1500)))
    producer.put(sent)
    now = dt.datetime(2024, 5, 1, 10, 30, tzinfo=dt.UTC)
    carried = deliver(cloud, stack.made["Firehose"]["Ref"], now)
    assert carried < len(sent) / 10 if aggregate else carried == len(sent)
    (stream,) = (stream for stream in CONTRACTS if stream.name == name)
    lake = Lake({"uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": f"file://{tmp_path}"}, tmp_path / "scratch")
    window = arrival_window(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), now)
    loaded = load_bronze(lake, S3Landing(BUCKET, "", tmp_path / "s3"), stream, [now.replace(minute=0)], window, now)
    assert loaded.ledger["refused"].is_null().all()
    table = lake.table(Layer.BRONZE, stream)
    rows: Counter[bytes] = Counter(
        raw for batch in read(table, files_of(table), ["raw"]) for raw in batch.column("raw").to_pylist()
    )
    assert rows == Counter(line for record in sent for line in _lines(record))


def _lines(record: bytes) -> list[bytes]:
    """A defect may hold a line break, which makes two lines of it wherever it lands."""
    return [line for line in record.splitlines() if line.strip()]


def test_records_that_kinesis_refuses_are_put_again(cloud: Aws) -> None:
    """A shard that is too slow refuses a part of a batch. Nothing is lost or doubled."""
    client = cloud.client("kinesis")
    client.create_stream(StreamName="events", ShardCount=2)
    refusals = iter([3, 7, 0, 1])

    class Throttled:
        """The real client; some entries of each batch do not reach the stream."""

        def put_records(self, **call: Any) -> dict[str, Any]:
            refused = min(next(refusals, 0), len(call["Records"]))
            taken = call["Records"][refused:]
            answers = client.put_records(StreamName=call["StreamName"], Records=taken)["Records"] if taken else []
            error = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}
            return {"FailedRecordCount": refused, "Records": [error] * refused + answers}

    records = [b"%d" % number for number in range(1200)]
    producer = Producer(Throttled(), "events", sleep=lambda _: None)
    producer.put(records)
    assert sorted(read_stream(cloud, "events")) == sorted(records)
    assert producer.repeated == 3 + 3 + 1


def test_the_command_sends_a_plan(cloud: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    """As docs/deploying.md shows it."""
    cloud.client("kinesis").create_stream(StreamName="events-commerce", ShardCount=1)
    main(["commerce", "--start", "2024-05-01T09", "--rate", "300", "--to", "events-commerce", "--aggregate"])
    assert "records, 0 refused" in capsys.readouterr().err
    assert len(list(read_stream(cloud, "events-commerce"))) >= 1
