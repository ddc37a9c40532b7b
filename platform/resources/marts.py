"""Marts as Iceberg tables: `gold.<mart>` in the lake's catalog, for engines that cannot read the warehouse.

Belongs here: the schema of such a table, and replacing its rows at a release. Not here: what a mart holds (`dbt/`), and
when it is released (`assets.gold`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.table import Table
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
    TimestamptzType,
)

from lake.catalog import ensure_namespace
from lake.commits import commit
from lake.reading import files_of
from lake.schemas import PROPERTIES, evolve, widens
from lake.tables import Lake
from lake.writing import DataFileWriter
from resources import dbt
from resources.warehouse.protocol import Warehouse

NAMESPACE = "gold"
RELEASE_ID = "release-id"
ONE_PARTITION = pl.lit(0)
_STATISTICS = {"write.metadata.metrics.default": "truncate(16)"}
_TYPES: Mapping[str, IcebergType] = {
    "varchar": StringType(),
    "bigint": LongType(),
    "integer": IntegerType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "timestamp": TimestampType(),
    "timestamptz": TimestamptzType(),
    "double precision": DoubleType(),
    # Version 2 of Iceberg has no type for objects, so they are JSON text.
    "json": StringType(),
    "variant": StringType(),
    "super": StringType(),
}


@dataclass(frozen=True)
class IcebergMarts:
    """The marts, by name, that each release also publishes as Iceberg tables."""

    names: tuple[str, ...]

    def publish(self, lake: Lake, warehouse: Warehouse, release_id: str) -> None:
        """Replace all rows of each mart's table, in one snapshot that names the release."""
        marts = dbt.marts(warehouse.profile()) if self.names else {}
        for name in self.names:
            table = _table(lake, marts[name])
            columns = schema_to_pyarrow(_schema(marts[name]), include_field_ids=False)
            writer = DataFileWriter(table, ONE_PARTITION)
            for batch in warehouse.read(marts[name].relation, columns):
                writer.write(pl.DataFrame(pl.from_arrow(batch)))
            commit(table, writer.finish(), files_of(table), {RELEASE_ID: release_id})


def published(lake: Lake) -> list[Table]:
    """All published tables, also of marts that `ICEBERG_MARTS` no longer names."""
    if (NAMESPACE,) not in lake.catalog.list_namespaces():
        return []
    return [lake.load((NAMESPACE, name)) for _, name in lake.catalog.list_tables(NAMESPACE)]


def _table(lake: Lake, mart: dbt.Mart) -> Table:
    """The mart's table. It is created, or gets the mart's new columns.

    A column whose type changed is dropped and added again; earlier snapshots keep the old one. Raises `CatalogLost`.
    """
    ensure_namespace(lake.catalog, NAMESPACE)
    name, schema = (NAMESPACE, mart.name), _schema(mart)
    try:
        table = lake.load(name)
    except NoSuchTableError:
        table = lake.create(name, schema, UNPARTITIONED_PARTITION_SPEC, PROPERTIES | _STATISTICS)
    wanted = {field.name: field.field_type for field in schema.fields}
    for field in table.schema().fields:
        kind = wanted.get(field.name, field.field_type)
        if kind != field.field_type and not widens(field.field_type, kind):
            with table.update_schema(allow_incompatible_changes=True) as update:
                update.delete_column(field.name)
    return evolve(table, schema)


def _schema(mart: dbt.Mart) -> Schema:
    """The mart's columns. All are optional, so that a column can stay after the mart has lost it."""
    fields = [
        NestedField(number, name, iceberg_type(kind), required=False, doc=mart.descriptions[name])
        for number, (name, kind) in enumerate(mart.types.items(), 1)
    ]
    return assign_fresh_schema_ids(Schema(*fields))


def iceberg_type(data_type: str) -> IcebergType:
    """The Iceberg type of a column's type in dbt. Raises `ValueError` for an unknown type."""
    if decimal := re.fullmatch(r"decimal\((\d+), ?(\d+)\)", data_type):
        return DecimalType(int(decimal[1]), int(decimal[2]))
    if data_type not in _TYPES:
        raise ValueError(f"no Iceberg type for {data_type}")
    return _TYPES[data_type]
