"""The lake in a bucket under Glue's catalog, through the real clients: commits, conflicts, reading, housekeeping."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import aws
import polars as pl
import pytest
from aws import FaultyAws
from botocore.exceptions import ClientError
from pyiceberg.catalog import CatalogType
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.commerce import COMMERCE
from resources.datafiles import DataFileWriter
from resources.housekeeping import GRACE, tidy
from resources.lake import Lake, commit
from resources.rows import files_of, read
from resources.schemas import Layer

pytestmark = pytest.mark.integration
BUCKET = "lake"
HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
BY_HOUR = pl.col("_arrival_hour")


@pytest.fixture(scope="module")
def cloud() -> Iterator[FaultyAws]:
    with aws.moto() as cloud:
        cloud.client("s3").create_bucket(Bucket=BUCKET)
        yield cloud


@pytest.fixture
def lake(cloud: FaultyAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, request: pytest.FixtureRequest) -> Lake:
    """A lake in a folder of its own; moto's catalog is emptied of the tests before."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    glue = cloud.client("glue")
    for database in glue.get_databases()["DatabaseList"]:
        for table in glue.get_tables(DatabaseName=database["Name"])["TableList"]:
            glue.delete_table(DatabaseName=database["Name"], Name=table["Name"])
    properties = {
        "warehouse": f"s3://{BUCKET}/{request.node.name}",
        "s3.endpoint": cloud.endpoint,
        "s3.region": aws.REGION,
        "s3.force-virtual-addressing": "false",
    }
    return Lake(properties, tmp_path, CatalogType.GLUE)


def rows(*numbers: int) -> pl.DataFrame:
    """Rows of bronze that differ by their line."""
    return pl.DataFrame({"_line": numbers}, schema={"_line": pl.Int64}).with_columns(
        pl.lit(HOUR).alias("_arrival_hour"),
        pl.lit("file").alias("_source_file"),
        pl.lit("v").alias("_source_version"),
        pl.lit(b"{}").alias("raw"),
    )


def files(table: Table, *numbers: int) -> list[DataFile]:
    """Data files of such rows, not yet committed."""
    writer = DataFileWriter(table, BY_HOUR)
    writer.write(rows(*numbers))
    return writer.finish()


def write(table: Table, *numbers: int) -> None:
    """Commit such rows."""
    commit(table, files(table, *numbers), [], {})


def lines(table: Table) -> list[int]:
    return sorted(line for batch in read(table, files_of(table), ["_line"]) for line in batch.column(0).to_pylist())


def test_rows_go_in_and_come_out(lake: Lake) -> None:
    """Tables are made from contracts as anywhere, and another process finds them in the catalog."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    assert table.location().startswith("s3://lake/")
    write(table, 1, 2)
    write(table, 3)
    again = Lake(lake.properties, lake.scratch, lake.kind)
    assert lines(again.table(Layer.BRONZE, COMMERCE)) == [1, 2, 3]


def test_a_commit_on_a_stale_table_fails(lake: Lake) -> None:
    """Glue's versions tell: what was computed from an older snapshot has to be computed again."""
    mine, rival = lake.table(Layer.BRONZE, COMMERCE), lake.table(Layer.BRONZE, COMMERCE)
    write(rival, 1)
    with pytest.raises(CommitFailedException):
        write(mine, 2)
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1]


def test_housekeeping_deletes_what_nobody_refers_to(lake: Lake) -> None:
    """The bucket has no folders to walk, and a deleted object is money saved."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    for number in range(4):
        write(table, number)
    (orphan,) = files(table, 9)
    later = dt.datetime.now(dt.UTC) + GRACE + dt.timedelta(minutes=1)
    tidied = tidy(table, BY_HOUR, (), (), later)
    assert (tidied.files_merged, tidied.files_written) == (4, 1)
    assert not table.io.new_input(orphan.file_path).exists()
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [0, 1, 2, 3]


def test_throttling_and_broken_answers_fail_the_commit_or_pass(lake: Lake, cloud: FaultyAws) -> None:
    """Either the snapshot is there with all its rows, or the table is as it was."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    cloud.faults.plan(aws.error(503, "SlowDown"), times=2, where=lambda request: request.method == "PUT")
    write(table, 2)
    assert (lines(lake.table(Layer.BRONZE, COMMERCE)), cloud.faults.planned) == ([1, 2], [])
    cloud.faults.plan(aws.error(403, "AccessDenied"), times=9, where=lambda request: request.method == "PUT")
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        write(table, 3)
    cloud.faults.planned.clear()
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1, 2]


def test_a_commit_whose_answer_got_lost_is_there(lake: Lake, cloud: FaultyAws) -> None:
    """The client asks again and is told that somebody was faster, which was itself: nothing may be tidied away."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    cloud.faults.plan(aws.refusal("ConcurrentModificationException"), where=aws.updating)
    write(table, 2)
    write(table, 3)
    assert cloud.faults.planned == []
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1, 2, 3]


def test_a_catalog_that_cannot_be_asked_leaves_the_table_whole(lake: Lake, cloud: FaultyAws) -> None:
    """Whether the commit has come about nobody knows; the next run sees what there is."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    cloud.faults.plan(aws.refusal("AccessDeniedException"), where=aws.updating)
    with pytest.raises(ClientError, match=r"AccessDeniedException.*UpdateTable"):
        write(table, 2)
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1, 2]
