"""The lake in a bucket under Glue's catalog, through the real clients: commits, conflicts, reading, upkeep."""

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
from lake.commits import commit
from lake.folders import CatalogLost, Folder
from lake.reading import files_of, read
from lake.recover import recover_stream
from lake.schemas import Layer
from lake.tables import Lake
from lake.upkeep import GRACE, skip_after_recovery, tidy
from lake.writing import DataFileWriter

pytestmark = [pytest.mark.integration, pytest.mark.verify]
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
    """A lake in a folder of its own; the tables of earlier tests are deleted from moto's catalog."""
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
    """Tables are made from contracts, and another process finds them in the catalog."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    assert table.location().startswith("s3://lake/")
    write(table, 1, 2)
    write(table, 3)
    again = Lake(lake.properties, lake.scratch, lake.kind)
    assert lines(again.table(Layer.BRONZE, COMMERCE)) == [1, 2, 3]


def test_a_commit_on_a_stale_table_fails(lake: Lake) -> None:
    """Glue's version check refuses what was computed from an older snapshot."""
    mine, rival = lake.table(Layer.BRONZE, COMMERCE), lake.table(Layer.BRONZE, COMMERCE)
    write(rival, 1)
    with pytest.raises(CommitFailedException):
        write(mine, 2)
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1]


def test_upkeep_deletes_what_nobody_refers_to(lake: Lake) -> None:
    """A bucket has no folders to walk, so orphans are found by listing."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    for number in range(4):
        write(table, number)
    (orphan,) = files(table, 9)
    later = dt.datetime.now(dt.UTC) + GRACE + dt.timedelta(minutes=1)
    tidied = tidy(table, BY_HOUR, (), later)
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
    """The client tries again and conflicts with its own commit: it must not delete any file."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    cloud.faults.plan(aws.refusal("ConcurrentModificationException"), where=aws.updating)
    write(table, 2)
    write(table, 3)
    assert cloud.faults.planned == []
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1, 2, 3]


def test_a_catalog_that_cannot_be_asked_leaves_the_table_whole(lake: Lake, cloud: FaultyAws) -> None:
    """Nobody knows whether the commit was made; the next run sees what there is."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    cloud.faults.plan(aws.refusal("AccessDeniedException"), where=aws.updating)
    with pytest.raises(ClientError, match=r"AccessDeniedException.*UpdateTable"):
        write(table, 2)
    assert lines(lake.table(Layer.BRONZE, COMMERCE)) == [1, 2]


def again(lake: Lake) -> Lake:
    """The lake as another process finds it."""
    return Lake(lake.properties, lake.scratch, lake.kind)


def test_a_table_whose_entry_was_deleted_is_recovered(lake: Lake) -> None:
    """If a new table took its place, upkeep would delete the bucket's objects."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    write(table, 2)
    lake.catalog.drop_table(("bronze", "commerce"))
    for _ in range(2):
        with pytest.raises(CatalogLost, match=r"s3://lake/.*bronze.db/commerce holds files of a table"):
            again(lake).table(Layer.BRONZE, COMMERCE)
    told = {each.table: each.message for each in recover_stream(again(lake), "commerce", HOUR)}
    assert "registered at s3://" in told["bronze.commerce"]
    table = again(lake).table(Layer.BRONZE, COMMERCE)
    assert lines(table) == [1, 2]
    assert skip_after_recovery(table)
    told = {each.table: each.message for each in recover_stream(again(lake), "commerce", HOUR)}
    assert told["silver.commerce"] == "nothing to recover"
    assert "already current" in told["bronze.commerce"]
    write(again(lake).table(Layer.BRONZE, COMMERCE), 3)
    assert lines(again(lake).table(Layer.BRONZE, COMMERCE)) == [1, 2, 3]


@pytest.mark.parametrize("behind", [1, 3])
def test_an_entry_that_names_older_metadata_is_moved_forward(lake: Lake, cloud: FaultyAws, behind: int) -> None:
    """A Glue catalog restored from an export has the state of that day."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 0)
    older = table.metadata_location
    for number in range(1, behind + 1):
        write(table, number)
    glue = cloud.client("glue")
    entry = glue.get_table(DatabaseName="bronze", Name="commerce")["Table"]
    parameters = entry["Parameters"] | {"metadata_location": older}
    entry = {"Name": "commerce", "Parameters": parameters}
    glue.update_table(DatabaseName="bronze", TableInput=entry)
    with pytest.raises(CatalogLost, match="older than"):
        again(lake).table(Layer.BRONZE, COMMERCE)
    cloud.faults.plan(aws.refusal("AccessDeniedException"), where=aws.deleting)
    list(recover_stream(again(lake), "commerce", HOUR))
    assert lines(again(lake).table(Layer.BRONZE, COMMERCE)) == list(range(behind + 1))
    assert cloud.faults.planned, "the entry was not deleted: the platform's role must not, and grants would go with it"
    cloud.faults.planned.clear()


def test_an_entry_whose_metadata_is_gone_is_mended(lake: Lake) -> None:
    """A bucket was restored from an older replica, and its catalog was not."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    write(table, 2)
    table.io.delete(table.metadata_location)
    with pytest.raises(CatalogLost, match="names metadata that cannot be read"):
        again(lake).table(Layer.BRONZE, COMMERCE)
    list(recover_stream(again(lake), "commerce", HOUR))
    assert lines(again(lake).table(Layer.BRONZE, COMMERCE)) == [1]


def test_looking_for_lost_metadata_costs_few_requests(lake: Lake, cloud: FaultyAws) -> None:
    """A run looks for lost metadata at each of its tables. That may read one small object, but not list the folder."""
    write(lake.table(Layer.BRONZE, COMMERCE), 1)
    fresh = again(lake)
    fresh.catalog.load_table(("bronze", "commerce"))
    cloud.faults.requests.clear()
    fresh.catalog.load_table(("bronze", "commerce"))
    plain = len(cloud.faults.requests)
    fresh.load(("bronze", "commerce"))
    first = cloud.faults.requests[plain:]
    fresh.load(("bronze", "commerce"))
    assert len(first) - plain <= 2, first
    assert not any("list-type" in request for request in first)
    assert len(cloud.faults.requests) == 2 * plain + len(first)


def test_a_throttled_bucket_is_not_taken_for_a_damaged_one(lake: Lake, cloud: FaultyAws) -> None:
    """If metadata cannot be read just now, recovery does not fall back to older metadata. It fails and is run again."""
    table = lake.table(Layer.BRONZE, COMMERCE)
    write(table, 1)
    write(table, 2)
    lake.catalog.drop_table(("bronze", "commerce"))
    newest = Folder.of(table).metadata_files()[0].rsplit("/", 1)[-1]
    cloud.faults.plan(aws.error(403, "AccessDenied"), times=9, where=aws.under(newest, aws.getting))
    with pytest.raises(OSError, match="ACCESS_DENIED"):
        list(recover_stream(again(lake), "commerce", HOUR))
    cloud.faults.planned.clear()
    list(recover_stream(again(lake), "commerce", HOUR))
    assert lines(again(lake).table(Layer.BRONZE, COMMERCE)) == [1, 2]
