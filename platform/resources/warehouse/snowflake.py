"""Snowflake as the warehouse: COPY loads silver's Parquet files from an external stage; a release is clones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dagster_snowflake import SnowflakeResource
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    ListType,
    LongType,
    StringType,
    StructType,
    TimestamptzType,
)
from snowflake.connector.errors import ProgrammingError

from resources.warehouse.copy_warehouse import PUBLISHED, CopyingWarehouse, LoadFailed
from resources.warehouse.snapshot_diff import paths_below

NEXT_SCHEMA = f"{PUBLISHED}_next"
FILES_PER_COPY = 1000  # Snowflake's limit for one statement
_MISSING_ERRORS = {2003, 2043}
_TYPES: dict[type[IcebergType], str] = {
    StringType: "VARCHAR",
    LongType: "BIGINT",
    DoubleType: "DOUBLE",
    BooleanType: "BOOLEAN",
    TimestamptzType: "TIMESTAMP_TZ",
    DateType: "DATE",
    BinaryType: "BINARY",
    ListType: "VARIANT",
    StructType: "VARIANT",
}


@dataclass(frozen=True)
class SnowflakeWarehouse(CopyingWarehouse):
    """A Snowflake database, with an external stage `stage_name` whose address is `lake_url`.

    Column `_data_file` names the data file that a row was copied from.
    """

    resource: SnowflakeResource = field(repr=False)
    stage_name: str
    lake_url: str

    dbt_target: ClassVar[str] = "aws-snowflake"
    staging_prefix: ClassVar[str] = "platform."
    extra_columns: ClassVar[Mapping[str, str]] = {"_data_file": "VARCHAR"}
    label_setting: ClassVar[str] = "query_tag"
    history: ClassVar[str] = (
        "SELECT query_id, query_text, execution_time / 1000, bytes_scanned "
        "FROM TABLE(information_schema.query_history(RESULT_LIMIT => 10000)) WHERE query_tag = '{label}'"
    )

    @property
    def published(self) -> str:
        return f"snowflake://{self.resource.account}/{self.resource.database}/{PUBLISHED}"

    def connect(self) -> Any:
        return self.resource.get_connection().__enter__()  # `session` keeps it open, or closes it

    def set_label(self, label: str) -> str:
        return f"ALTER SESSION SET QUERY_TAG = '{label}'"

    def is_missing(self, error: Exception) -> bool:
        return isinstance(error, ProgrammingError) and error.errno in _MISSING_ERRORS

    def quoted(self, name: str) -> str:
        return f'"{name.upper()}"'

    def column_type(self, kind: IcebergType) -> str:
        if isinstance(kind, DecimalType):
            return f"NUMBER({kind.precision}, {kind.scale})"
        if type(kind) not in _TYPES:
            raise ValueError(f"no Snowflake type for {kind}")
        return _TYPES[type(kind)]

    def widen_decimal(self, cursor: Any, relation: str, column: str, kind: str) -> None:
        cursor.execute(f"ALTER TABLE {relation} ALTER COLUMN {column} SET DATA TYPE {kind}")

    def copy_files(self, cursor: Any, staged: str, silver: Table, files: Sequence[DataFile]) -> Sequence[str]:
        columns = self.columns(silver.schema())
        definitions = ", ".join(f"{self.quoted(name)} {kind}" for name, kind in columns.items())
        cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE {staged} ({definitions})")
        paths = paths_below(self.lake_url, files)
        for first in range(0, len(paths), FILES_PER_COPY):
            cursor.execute(copy_from_stage(staged, self.stage_name, columns, paths[first : first + FILES_PER_COPY]))
        for item in silver.schema().fields:
            if isinstance(item.field_type, ListType):
                self._check_lists(cursor, staged, item.name)
        return [self.quoted(name) for name in columns]

    def _check_lists(self, cursor: Any, staged: str, name: str) -> None:
        """Raises `LoadFailed` when lists of the Parquet files did not become arrays: gold could not flatten them."""
        column = self.quoted(name)
        cursor.execute(f"SELECT count(*) FROM {staged} WHERE {column} IS NOT NULL AND NOT is_array({column})")
        ((wrong,),) = cursor.fetchall()
        if wrong:
            raise LoadFailed(
                f"{staged}: column {name} has {wrong} values that are not arrays, although its files hold lists"
            )

    def publish(self, cursor: Any, tables: Sequence[tuple[str, str]], release: str, large: Collection[str]) -> None:
        """Clones need no storage until they change. One statement swaps the two schemas, with their grants."""
        for schema in (PUBLISHED, NEXT_SCHEMA):
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        cursor.execute(
            "SELECT lower(table_name) FROM information_schema.tables "
            f"WHERE lower(table_schema) = '{NEXT_SCHEMA}' ORDER BY 1"
        )
        for name in {name for (name,) in cursor.fetchall()} - {name for _, name in tables}:
            cursor.execute(f"DROP TABLE {NEXT_SCHEMA}.{name}")
        for schema, name in tables:
            cursor.execute(f"CREATE OR REPLACE TRANSIENT TABLE {NEXT_SCHEMA}.{name} CLONE {schema}.{name}")
        cursor.execute(f"CREATE OR REPLACE TRANSIENT TABLE {NEXT_SCHEMA}.release AS {release}")
        cursor.execute(f"ALTER SCHEMA {NEXT_SCHEMA} SWAP WITH {PUBLISHED}")


def copy_from_stage(staged: str, stage: str, columns: Mapping[str, str], paths: Sequence[str]) -> str:
    """COPY Parquet files, given by their paths below the stage, into columns (name to type) of the same names.

    The last column gets the name of the file.
    """
    names = ", ".join(f'"{name.upper()}"' for name in columns)
    values = ", ".join([*(f"$1:{name}::{kind}" for name, kind in list(columns.items())[:-1]), "METADATA$FILENAME"])
    files = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return (
        f"COPY INTO {staged} ({names})\n"
        f"FROM (SELECT {values} FROM @{stage})\n"
        f"FILES = ({files})\n"
        "FILE_FORMAT = (TYPE = PARQUET USE_LOGICAL_TYPE = TRUE USE_VECTORIZED_SCANNER = TRUE BINARY_AS_TEXT = FALSE)\n"
        "ON_ERROR = ABORT_STATEMENT"
    )
