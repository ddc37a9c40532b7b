"""Marts as Iceberg tables: `gold.<mart>` in the lake's catalog, for engines that read Iceberg and not the warehouse.

Belongs here: what such a table looks like and how a release replaces its rows. Not here: what a mart holds (`dbt/`), or
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
WHOLE = pl.lit(0)  # the tables have no partitions
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
    # JSON text, as Iceberg's second version has no type of its own for objects.
    "json": StringType(),
    "variant": StringType(),
    "super": StringType(),
}


@dataclass(frozen=True)
class IcebergMarts:
    """The marts, by name, that every release publishes as Iceberg tables as well."""

    names: tuple[str, ...]

    def publish(self, lake: Lake, warehouse: Warehouse, release_id: str) -> None:
        """Replace the rows of each mart's table, in one snapshot that names the release."""
        marts = dbt.marts(warehouse.profile()) if self.names else {}
        for name in self.names:
            table = _table(lake, marts[name])
            columns = schema_to_pyarrow(_schema(marts[name]), include_field_ids=False)
            writer = DataFileWriter(table, WHOLE)
            for batch in warehouse.read(marts[name].relation, columns):
                writer.write(pl.DataFrame(pl.from_arrow(batch)))
            commit(table, writer.finish(), files_of(table), {RELEASE_ID: release_id})


def published(lake: Lake) -> list[Table]:
    """Every table that a release has ever published, also of marts that are no longer named."""
    if (NAMESPACE,) not in lake.catalog.list_namespaces():
        return []
    return [lake.load((NAMESPACE, name)) for _, name in lake.catalog.list_tables(NAMESPACE)]


def _table(lake: Lake, mart: dbt.Mart) -> Table:
    """The mart's table, made or given the columns that the mart has gained.

    A column of another type than before takes the place of the old one, which releases before this one keep. Raises
    `CatalogLost` as `Lake` does.
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
    """The mart's columns. All may be null, so that one that a later version of the mart lacks can stay."""
    fields = [
        NestedField(number, name, iceberg_type(kind), required=False, doc=mart.descriptions[name])
        for number, (name, kind) in enumerate(mart.types.items(), 1)
    ]
    return assign_fresh_schema_ids(Schema(*fields))


def iceberg_type(data_type: str) -> IcebergType:
    """The Iceberg type of a column's type in dbt. Raises `ValueError` for one that no mart has."""
    if decimal := re.fullmatch(r"decimal\((\d+), ?(\d+)\)", data_type):
        return DecimalType(int(decimal[1]), int(decimal[2]))
    if data_type not in _TYPES:
        raise ValueError(f"no Iceberg type for {data_type}")
    return _TYPES[data_type]
