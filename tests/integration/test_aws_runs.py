"""Runs on S3 and Glue while S3 fails: a run succeeds, or it fails and changes nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws
import clouds
import dagster as dg
import pytest
from aws import Faults, FaultyAws

from contracts.commerce import COMMERCE
from lake.reading import files_of, read
from lake.schemas import Layer
from lake.tables import Lake
from resources.environment import DEPLOYMENTS, make
from resources.landing import s3

pytestmark = [
    pytest.mark.integration,
    pytest.mark.verify,
    # The client leaves a connection that was cut to the garbage collector.
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
]
DEPLOYMENT = "aws-snowflake"  # either deployment would do: nothing here uses a warehouse
HOUR = "2024-05-01-10:00"
LAKE_ASSETS = [dg.AssetKey([layer, COMMERCE.name]) for layer in ("bronze", "silver", "rejected")]


@pytest.fixture(scope="module")
def cloud() -> Iterator[FaultyAws]:
    with aws.moto() as cloud:
        yield cloud


@pytest.fixture
def faults(cloud: FaultyAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Faults:
    """A deployment with three objects of two good events each in its landing zone, and nothing in its lake."""
    settings = dict.fromkeys(DEPLOYMENTS[DEPLOYMENT].required, "unused") | dict(cloud.environment)
    settings |= {"DEPLOYMENT": DEPLOYMENT, "DATA_DIR": str(tmp_path), "LANDING_URL": f"s3://{clouds.LANDING}/in"}
    for name, value in (settings | {"LAKE_URL": f"s3://{clouds.LAKE}/{tmp_path.name}"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(s3, "ATTEMPTS", 3)
    cloud.faults.planned.clear()
    client, glue = cloud.client("s3"), cloud.client("glue")
    for bucket in (clouds.LANDING, clouds.LAKE):
        client.create_bucket(Bucket=bucket)
    for database in glue.get_databases()["DatabaseList"]:
        glue.delete_database(Name=database["Name"])
    for number in range(3):
        body = b"".join(event(f"e{number}-{line}") for line in range(2))
        client.put_object(Bucket=clouds.LANDING, Key=f"in/commerce/2024/05/01/10/{number}.json", Body=body)
    return cloud.faults


def event(event_id: str) -> bytes:
    record = {"event_id": event_id, "event_timestamp": "2024-05-01T10:15:00Z", "event_type": "page_view"}
    return json.dumps(record).encode() + b"\n"


def run(definitions: dg.Definitions) -> bool:
    """Materialize bronze, silver and rejected of the hour in one run; returns whether it succeeded."""
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions.resolve_job_def("ingest")
        done = job.execute_in_process(
            instance=instance, partition_key=HOUR, asset_selection=LAKE_ASSETS, raise_on_error=False
        )
    return done.success


def held(layer: Layer) -> int:
    """How many rows a table of the lake holds."""
    lake: Lake = make("lake", [COMMERCE], logging.getLogger("test"))
    table = lake.table(layer, COMMERCE)
    return sum(batch.num_rows for batch in read(table, files_of(table)))


@pytest.mark.parametrize("kind", [aws.getting, aws.listing], ids=["reading", "listing"])
def test_transient_errors_are_invisible(definitions: dg.Definitions, faults: Faults, kind: Any) -> None:
    """S3 throttles often, and the client tries again."""
    faults.plan(aws.error(503, "SlowDown"), times=2, where=aws.under("in/commerce", kind))
    assert run(definitions)
    assert (faults.planned, held(Layer.LEDGER), held(Layer.BRONZE), held(Layer.SILVER)) == ([], 3, 6, 6)


TRUNCATED = aws.edited((b"<IsTruncated>false</IsTruncated>", b"<IsTruncated>true</IsTruncated>"))
FAULTS = {
    "forbidden to read": (aws.error(403, "AccessDenied"), aws.getting),
    "forbidden to list": (aws.error(403, "AccessDenied"), aws.listing),
    "throttled for good": (aws.error(503, "SlowDown"), aws.getting),
    "bodies that break off": (aws.cut, aws.getting),
    "a truncated page": (TRUNCATED, aws.listing),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_permanent_error_fails_the_run_and_loses_nothing(
    definitions: dg.Definitions, faults: Faults, name: str
) -> None:
    """The ledger is as before, so the next run of the hour loads all objects."""
    fault, kind = FAULTS[name]
    faults.plan(fault, times=99, where=aws.under("in/commerce", kind))
    assert not run(definitions)
    assert (held(Layer.LEDGER), held(Layer.BRONZE)) == (0, 0)
    faults.planned.clear()
    assert run(definitions)
    assert (held(Layer.LEDGER), held(Layer.BRONZE), held(Layer.SILVER)) == (3, 6, 6)


def test_one_object_that_fails_is_refused_alone(definitions: dg.Definitions, faults: Faults) -> None:
    """The others are loaded, and the next run of the hour loads this one too."""
    faults.plan(aws.error(403, "AccessDenied"), times=9, where=aws.under("in/commerce/2024/05/01/10/2", aws.getting))
    assert run(definitions)
    assert (held(Layer.LEDGER), held(Layer.BRONZE)) == (3, 4)
    faults.planned.clear()
    assert run(definitions)
    assert (held(Layer.BRONZE), held(Layer.SILVER)) == (6, 6)


def test_a_lake_that_cannot_be_written_keeps_what_it_has(
    definitions: dg.Definitions, faults: Faults, cloud: FaultyAws
) -> None:
    """A later object of the hour is not committed, and the earlier commit stays whole."""
    assert run(definitions)
    key = "in/commerce/2024/05/01/10/late.json"
    cloud.client("s3").put_object(Bucket=clouds.LANDING, Key=key, Body=event("late"))
    faults.plan(aws.error(403, "AccessDenied"), times=99, where=lambda request: request.method in ("PUT", "POST"))
    assert not run(definitions)
    faults.planned.clear()
    assert (held(Layer.LEDGER), held(Layer.BRONZE)) == (3, 6)
    assert run(definitions)
    assert (held(Layer.LEDGER), held(Layer.BRONZE), held(Layer.SILVER)) == (4, 7, 7)
