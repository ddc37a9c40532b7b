"""Redshift as the warehouse: COPY loads silver's Parquet files by a manifest; a release is one transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import psycopg2
from dagster_aws.redshift import RedshiftClientResource
from psycopg2.errors import InvalidSchemaName, UndefinedTable
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

from resources.warehouse.copy_warehouse import PUBLISHED, CopyingWarehouse, transaction

_TYPES: dict[type[IcebergType], str] = {
    StringType: "VARCHAR(65535)",
    LongType: "BIGINT",
    DoubleType: "DOUBLE PRECISION",
    BooleanType: "BOOLEAN",
    TimestamptzType: "TIMESTAMPTZ",
    DateType: "DATE",
    BinaryType: "VARBYTE",
    ListType: "SUPER",
    StructType: "SUPER",
}


@dataclass(frozen=True)
class RedshiftWarehouse(CopyingWarehouse):
    """A Redshift database. It reads the lake, at `lake_url`, by the IAM role whose ARN is `role`."""

    resource: RedshiftClientResource = field(repr=False)
    role: str
    lake_url: str

    dbt_target: ClassVar[str] = "aws-redshift"
    relation_options: ClassVar[str] = ' DISTSTYLE AUTO SORTKEY ("event_at")'
    label_setting: ClassVar[str] = "query_group"
    history: ClassVar[str] = (
        "SELECT query_id, query_text, execution_time / 1000000.0, 0 "
        "FROM sys_query_history WHERE query_label = '{label}' ORDER BY query_id"
    )

    @property
    def published(self) -> str:
        return f"redshift://{self.resource.host}/{self.resource.database}/{PUBLISHED}"

    def connect(self) -> Any:
        connection = psycopg2.connect(**self.resource.get_client().conn_args)
        connection.autocommit = True
        return connection

    def set_label(self, label: str) -> str:
        return f"SET query_group TO '{label}'"

    def is_missing(self, error: Exception) -> bool:
        return isinstance(error, (UndefinedTable, InvalidSchemaName))

    def quoted(self, name: str) -> str:
        return f'"{name}"'

    def column_type(self, kind: IcebergType) -> str:
        if isinstance(kind, DecimalType):
            return f"DECIMAL({kind.precision}, {kind.scale})"
        if type(kind) not in _TYPES:
            raise ValueError(f"no Redshift type for {kind}")
        return _TYPES[type(kind)]

    def widen_decimal(self, cursor: Any, relation: str, column: str, kind: str) -> None:
        """Redshift cannot alter a decimal's type, so a wider column replaces it. dbt recreates the views on it."""
        with transaction(cursor):
            cursor.execute(f"ALTER TABLE {relation} ADD COLUMN widened {kind}")
            cursor.execute(f"UPDATE {relation} SET widened = {column}")
            cursor.execute(f"ALTER TABLE {relation} DROP COLUMN {column} CASCADE")
            cursor.execute(f"ALTER TABLE {relation} RENAME COLUMN widened TO {column}")

    def copy_files(self, cursor: Any, staged: str, silver: Table, files: Sequence[DataFile]) -> Sequence[str]:
        """COPY maps columns by position: those that an older file lacks are the last ones, and become null.

        It reads Parquet's timestamps without a time zone; they are UTC.
        """
        fields = silver.schema().fields
        kinds = ["TIMESTAMP" if _is_timestamp(f.field_type) else self.column_type(f.field_type) for f in fields]
        definitions = ", ".join(f"{self.quoted(f.name)} {kind}" for f, kind in zip(fields, kinds, strict=True))
        cursor.execute(f"CREATE TEMPORARY TABLE {staged} ({definitions})")
        address = f"{self.lake_url.rstrip('/')}/_manifests/{staged}-{uuid.uuid4()}.json"
        with silver.io.new_output(address).create() as output:
            output.write(manifest(files))
        try:
            cursor.execute(copy_from_manifest(staged, address, self.role))
        finally:
            silver.io.delete(address)
        names = {f.name: self.quoted(f.name) for f in fields}
        return [f"{names[f.name]} AT TIME ZONE 'UTC'" if _is_timestamp(f.field_type) else names[f.name] for f in fields]

    def publish(self, cursor: Any, tables: Sequence[tuple[str, str]], release: str, large: Collection[str]) -> None:
        """Copies are made under other names first; the transaction ends by exchanging the names.

        The views do not depend on their tables: dbt may replace these.
        """
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {PUBLISHED}")
        copied = [(schema, name) for schema, name in tables if name not in large]
        with transaction(cursor):
            cursor.execute(
                "SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW ' ELSE 'TABLE ' END || table_schema || '.' || table_name"
                f" FROM information_schema.tables WHERE table_schema = '{PUBLISHED}'"
            )
            published = [relation for (relation,) in cursor.fetchall()]
            for schema, name in copied:
                cursor.execute(f"CREATE TABLE {PUBLISHED}.next__{name} (LIKE {schema}.{name})")
                cursor.execute(f"INSERT INTO {PUBLISHED}.next__{name} SELECT * FROM {schema}.{name}")
            cursor.execute(f"CREATE TABLE {PUBLISHED}.next__release AS {release}")
            for relation in published:
                cursor.execute(f"DROP {relation}")
            for name in (*(name for _, name in copied), "release"):
                cursor.execute(f"ALTER TABLE {PUBLISHED}.next__{name} RENAME TO {name}")
            for schema, name in set(tables).difference(copied):
                view = f"CREATE VIEW {PUBLISHED}.{name} AS SELECT * FROM {schema}.{name}"
                cursor.execute(f"{view} WITH NO SCHEMA BINDING")


def _is_timestamp(kind: IcebergType) -> bool:
    return isinstance(kind, TimestamptzType)


def manifest(files: Sequence[DataFile]) -> bytes:
    """The manifest of the data files to COPY. A file that is missing is an error."""
    entries = [
        {"url": file.file_path, "mandatory": True, "meta": {"content_length": file.file_size_in_bytes}}
        for file in files
    ]
    return json.dumps({"entries": entries}).encode()


def copy_from_manifest(staged: str, manifest_url: str, role: str) -> str:
    """COPY the Parquet files of a manifest; nested columns become SUPER."""
    return (
        f"COPY {staged}\n"
        f"FROM '{manifest_url}'\n"
        f"IAM_ROLE '{role}'\n"
        "FORMAT AS PARQUET SERIALIZETOJSON\n"
        "FILLRECORD\n"
        "MANIFEST"
    )
