"""The statements that only the real warehouses can run, compared as text with the files in golden/."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    FixedType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.reading import files_of
from lake.schemas import IncompatibleContract, Layer, definition
from lake.tables import Lake
from resources.warehouse import redshift, snowflake
from resources.warehouse.copy_warehouse import CopyingWarehouse
from resources.warehouse.query_history import Query
from resources.warehouse.redshift import RedshiftWarehouse
from resources.warehouse.snowflake import SnowflakeWarehouse

GOLDEN = Path(__file__).parent / "golden"
LAKE_URL = "s3://events-lake/lake"
SCHEMA = definition(Layer.SILVER, COMMERCE).schema
# Nothing connects here, so they need no connection resource.
SNOWFLAKE = SnowflakeWarehouse(None, "platform.lake", LAKE_URL)  # type: ignore[arg-type]
REDSHIFT = RedshiftWarehouse(None, "arn:aws:iam::123456789012:role/events-redshift", LAKE_URL)  # type: ignore[arg-type]


class Recorder:
    """A cursor that records statements, and answers every query with one table."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: str, _: object = None) -> None:
        self.statements.append(statement)

    def fetchall(self) -> list[tuple[str]]:
        return [("left_over",)]


@pytest.mark.parametrize(
    ("warehouse", "statement", "setting"),
    [
        (SNOWFLAKE, "ALTER SESSION SET QUERY_TAG = 'run 1'", {"query_tag": "run 1"}),
        (REDSHIFT, "SET query_group TO 'run 1'", {"query_group": "run 1"}),
    ],
)
def test_sessions_carry_the_label_of_the_run(
    warehouse: CopyingWarehouse, statement: str, setting: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours and dbt's, so that the warehouse tells all of a run's queries, and no others."""
    labelled, recorder, asked = dataclasses.replace(warehouse), Recorder(), []  # type: ignore[type-var]
    labelled.begin_labels(recorder)
    assert (recorder.statements, labelled.labelled_queries()) == ([], [])
    labelled.label_queries("run' 1")
    labelled.begin_labels(recorder)
    assert recorder.statements == [statement]
    assert labelled.profile().items() >= setting.items()
    text = '/* {"app": "dbt", "node_id": "model.gold.users"} */\ncreate table'
    monkeypatch.setattr(type(warehouse), "query", lambda _, sql: asked.append(sql) or [(7, text, Decimal("1.5"), None)])
    assert labelled.labelled_queries() == [Query("7", "model.gold.users", 1.5, 0)]
    assert "'run 1'" in asked[0]


def assert_golden(name: str, statements: list[str]) -> None:
    """The statements are those of the file."""
    assert ";\n".join(statements) + ";\n" == (GOLDEN / name).read_text()


def test_snowflake_copies_from_the_stage() -> None:
    """Columns by name, nested ones as VARIANT, and the name of the data file."""
    paths = ["silver.db/commerce/data/a.parquet", "silver.db/commerce/data/it's.parquet"]
    statement = snowflake.copy_from_stage("platform.staged_commerce", "platform.lake", SNOWFLAKE.columns(SCHEMA), paths)
    assert_golden("snowflake_copy.sql", [statement])


def test_redshift_copies_by_a_manifest() -> None:
    """With the lake's role; nested columns as SUPER, columns that older files lack as null."""
    url = f"{LAKE_URL}/_manifests/staged_commerce.json"
    assert_golden("redshift_copy.sql", [redshift.copy_from_manifest("staged_commerce", url, REDSHIFT.role)])


def test_the_manifest_makes_a_missing_file_an_error(lake: Lake, write: object, silver: object) -> None:
    """Redshift skips files that are not mandatory, and needs the length of Parquet files."""
    table = lake.table(Layer.SILVER, COMMERCE)
    commit(table, write(table, silver(("a", 1))), [], {})  # type: ignore[operator]
    (file,) = files_of(table)
    (entry,) = json.loads(redshift.manifest([file]))["entries"]
    assert entry == {
        "url": file.file_path,
        "mandatory": True,
        "meta": {"content_length": Path(file.file_path.removeprefix("file://")).stat().st_size},
    }


@pytest.mark.parametrize("warehouse", [SNOWFLAKE, REDSHIFT], ids=["snowflake", "redshift"])
def test_a_release_is_published_all_at_once(warehouse: CopyingWarehouse, request: pytest.FixtureRequest) -> None:
    """Snowflake swaps schemas of clones; Redshift copies and renames in one transaction, all but what is large."""
    cursor, name = Recorder(), request.node.callspec.id
    warehouse.publish(
        cursor, [("marts", "fct_orders"), ("marts", "fct_events")], "SELECT 1 AS released_at", {"fct_events"}
    )
    assert_golden(f"{name}_release.sql", cursor.statements)


KINDS: dict[IcebergType, tuple[str, str]] = {
    StringType(): ("VARCHAR", "VARCHAR(65535)"),
    LongType(): ("BIGINT", "BIGINT"),
    DoubleType(): ("DOUBLE", "DOUBLE PRECISION"),
    BooleanType(): ("BOOLEAN", "BOOLEAN"),
    DecimalType(18, 2): ("NUMBER(18, 2)", "DECIMAL(18, 2)"),
    TimestamptzType(): ("TIMESTAMP_TZ", "TIMESTAMPTZ"),
    DateType(): ("DATE", "DATE"),
    BinaryType(): ("BINARY", "VARBYTE"),
    ListType(1, StringType()): ("VARIANT", "SUPER"),
    StructType(NestedField(1, "x", LongType())): ("VARIANT", "SUPER"),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_types(kind: IcebergType) -> None:
    """A bare VARCHAR would hold 256 bytes on Redshift."""
    assert (SNOWFLAKE.column_type(kind), REDSHIFT.column_type(kind)) == KINDS[kind]


@pytest.mark.parametrize("warehouse", [SNOWFLAKE, REDSHIFT], ids=["Snowflake", "Redshift"])
def test_a_type_that_no_contract_has_is_an_error(warehouse: CopyingWarehouse, request: pytest.FixtureRequest) -> None:
    """VARCHAR as a fallback would sort amounts as text."""
    with pytest.raises(ValueError, match=rf"no {request.node.callspec.id} type for fixed\[8\]"):
        warehouse.column_type(FixedType(8))


@pytest.mark.parametrize("warehouse", [SNOWFLAKE, REDSHIFT], ids=lambda warehouse: warehouse.dbt_target)
def test_a_relation_of_other_decimals_is_refused(warehouse: CopyingWarehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relation of an older lake has amounts with two decimals, and would round new ones silently."""
    connection, silver = MagicMock(), MagicMock()
    cursor = connection.cursor.return_value.__enter__.return_value
    cursor.fetchall.return_value = [("order_total", 18, 2)]
    silver.schema.return_value = SCHEMA
    monkeypatch.setattr(type(warehouse), "connect", lambda _: connection)
    message = r"silver\.commerce, column order_total: it holds decimal\(18, 2\), silver decimal\(24, 6\); give the new"
    with pytest.raises(IncompatibleContract, match=message):
        warehouse.apply_snapshot(COMMERCE, silver, 1)
    assert not any("BEGIN" in str(call) for call in cursor.execute.mock_calls), "nothing is loaded"
