"""Schemas: the lake's Iceberg tables as a contract defines them, and how a table evolves when its contract changes.

Belongs here: columns, types, partitioning and table properties. Not here: opening tables (`tables`), reading and
writing rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import polars as pl
import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema, assign_fresh_schema_ids
from pyiceberg.table import Table
from pyiceberg.transforms import DayTransform, HourTransform, Transform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IcebergType,
    ListType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestamptzType,
)

from contracts.lineage import INSTANT, LINEAGE
from contracts.stream import Stream


class Layer(StrEnum):
    """The lake's namespaces. Each holds one table per stream."""

    LEDGER = "ledger"
    BRONZE = "bronze"
    SILVER = "silver"
    REJECTED = "rejected"


NEW_LAKE_PAGE = "'A contract that its table cannot follow' in docs/operations.md"
_NEW_LAKE = f"change the contract so that it fits, or make a new lake from the landing zone: see {NEW_LAKE_PAGE}"

DICTIONARY_COLUMNS = frozenset({"_source_file", "_source_version", "_contract_version"})  # few values, many rows


class IncompatibleContract(Exception):
    """A table cannot evolve to what its contract asks for."""


@dataclass(frozen=True)
class Definition:
    """A table as its contract defines it, partitioned by `transform` of the column `partition_source`.

    `bounds` are the columns whose lowest and highest values manifests keep, per data file.
    """

    schema: Schema
    partition_source: str
    transform: Transform
    bounds: tuple[str, ...]

    @property
    def spec(self) -> PartitionSpec:
        source = self.schema.find_field(self.partition_source).field_id
        name = f"{self.partition_source.strip('_')}_{self.transform}"
        return PartitionSpec(PartitionField(source_id=source, field_id=1000, transform=self.transform, name=name))

    @property
    def properties(self) -> dict[str, str]:
        bounds = {f"write.metadata.metrics.column.{name}": "full" for name in self.bounds}
        return PROPERTIES | bounds


PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.metrics.default": "none",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    # One retry lets pyiceberg look whether a refused commit is there after all (see `commits`).
    "commit.retry.num-retries": "1",
}
# The expression whose value is the partition of a row.
PARTITION_BY: dict[Layer, pl.Expr] = {
    Layer.LEDGER: pl.col("arrival_hour").dt.date(),
    Layer.BRONZE: pl.col("_arrival_hour"),
    Layer.SILVER: pl.col("event_at").dt.date(),
    Layer.REJECTED: pl.col("_scope"),
}
LEDGER: dict[str, pl.DataType] = {
    "path": pl.String(),
    "version": pl.String(),
    "size": pl.Int64(),
    "arrival_hour": INSTANT,
    "records": pl.Int64(),
    "refused": pl.String(),
    "current": pl.Boolean(),
    "_ingested_at": INSTANT,
}
_LEDGER_NULLABLE = {"size", "records", "refused", "_ingested_at"}
_Column = tuple[str, IcebergType, bool]  # name, type, required
_OVERSIZE = StructType(
    NestedField(1, "offset", LongType()), NestedField(2, "length", LongType()), NestedField(3, "sha256", StringType())
)
_JUDGED: tuple[_Column, ...] = (("_key", BinaryType(), True), ("_contract_version", StringType(), True))
_DOCS = {"header": "What a CSV record's fields are called, null for other formats"}


def iceberg_type(dtype: pl.DataType) -> IcebergType:
    """The Iceberg type of a contract's polars type. Raises `ValueError` for one that the lake does not hold."""
    match dtype:
        case pl.String():
            return StringType()
        case pl.Boolean():
            return BooleanType()
        case pl.Int64():
            return LongType()
        case pl.Float64():
            return DoubleType()
        case pl.Decimal():
            return DecimalType(dtype.precision or 38, dtype.scale)
        case pl.Datetime(time_unit="us", time_zone="UTC"):
            return TimestamptzType()
        case pl.List():
            return ListType(1, iceberg_type(_instance(dtype.inner)), element_required=False)
        case pl.Struct():
            inner = [
                NestedField(i, f.name, iceberg_type(_instance(f.dtype)), required=False)
                for i, f in enumerate(dtype.fields, 1)
            ]
            return StructType(*inner)
    raise ValueError(f"the lake holds no {dtype}")


def _instance(dtype: Any) -> Any:
    return dtype() if isinstance(dtype, type) else dtype


_LINEAGE: tuple[_Column, ...] = (
    *((name, iceberg_type(dtype), True) for name, dtype in LINEAGE.items()),
    ("_ingested_at", TimestamptzType(), False),
)
_FIXED: dict[Layer, tuple[_Column, ...]] = {
    Layer.LEDGER: tuple((name, iceberg_type(dtype), name not in _LEDGER_NULLABLE) for name, dtype in LEDGER.items()),
    Layer.BRONZE: (
        *_LINEAGE,
        ("raw", BinaryType(), False),
        ("oversize", _OVERSIZE, False),
        ("header", StringType(), False),
    ),
    Layer.REJECTED: (
        ("reason", StringType(), True),
        ("column", StringType(), False),
        ("detail", StringType(), False),
        ("raw", BinaryType(), False),
        *_LINEAGE,
        ("_key", BinaryType(), False),
        ("_scope", DateType(), True),
        ("_content", BinaryType(), False),
        ("_contract_version", StringType(), True),
    ),
}


def with_dictionaries(schema: pa.Schema) -> pa.Schema:
    """The schema with `DICTIONARY_COLUMNS` as dictionaries."""
    kinds = (
        pa.dictionary(pa.int32(), field.type) if field.name in DICTIONARY_COLUMNS else field.type for field in schema
    )
    return pa.schema([field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)])


def definition(layer: Layer, stream: Stream) -> Definition:
    """The table of a layer as a stream's contract defines it."""
    if layer is Layer.SILVER:
        own = [(n, iceberg_type(t), not stream.schema.columns[n].nullable) for n, t in stream.types.items()]
        docs = {n: spec.description for n, spec in stream.schema.columns.items()}
        schema = _schema([*own, *_LINEAGE, *_JUDGED], docs)
        return Definition(schema, "event_at", DayTransform(), ("event_at", "_arrival_hour"))
    schema = _schema(_FIXED[layer], _DOCS)
    if layer is Layer.LEDGER:
        return Definition(schema, "arrival_hour", DayTransform(), ("arrival_hour",))
    if layer is Layer.REJECTED:  # by the day of the key, because losers are looked up by key
        return Definition(schema, "_scope", DayTransform(), ("_scope", "_arrival_hour"))
    return Definition(schema, "_arrival_hour", HourTransform(), ("_arrival_hour",))


def _schema(columns: Iterable[_Column], docs: Mapping[str, str | None]) -> Schema:
    fields = [
        NestedField(i, name, kind, required=required, doc=docs.get(name))
        for i, (name, kind, required) in enumerate(columns, 1)
    ]
    return assign_fresh_schema_ids(Schema(*fields))


def evolve(table: Table, wanted: Schema) -> Table:
    """Add the optional columns that the contract has gained, and widen decimals. Columns it has lost stay.

    Raises `IncompatibleContract` for any other difference; the message names table and column and says what to do.
    """
    name = ".".join(table.name())
    try:
        changed = _compare(name, "", table.schema().as_struct(), wanted.as_struct())
    except IncompatibleContract as error:
        raise IncompatibleContract(f"{error}; {_NEW_LAKE}") from None
    if changed:
        with table.update_schema() as update:
            update.union_by_name(wanted)
    return table


def _compare(table: str, path: str, have: IcebergType, want: IcebergType) -> bool:
    """Whether `have` lacks columns or digits of `want`. Raises `IncompatibleContract` if it cannot evolve to it."""
    if isinstance(have, ListType) and isinstance(want, ListType):
        return _compare(table, path, have.element_type, want.element_type)
    if isinstance(have, StructType) and isinstance(want, StructType):
        known = {field.name: field for field in have.fields}
        found = [
            _compare_field(table, f"{path}.{field.name}".strip("."), known.get(field.name), field)
            for field in want.fields
        ]
        return any(found)
    if have != want and widens(have, want):
        return True
    if have != want:
        raise IncompatibleContract(f"table {table}, column {path}: the table holds {have}, the contract wants {want}")
    return False


def widens(have: IcebergType, want: IcebergType) -> bool:
    """Whether `want` is the same decimal with more digits."""
    match have, want:
        case DecimalType(precision=few, scale=scale), DecimalType(precision=more, scale=same):
            return scale == same and few < more
    return False


def _compare_field(table: str, path: str, have: NestedField | None, want: NestedField) -> bool:
    if have is None and want.required:
        raise IncompatibleContract(f"table {table}, column {path}: a column added to a table has to be nullable")
    if have is None:
        return True
    if want.required and not have.required:
        raise IncompatibleContract(f"table {table}, column {path}: the table allows nulls, the contract does not")
    relaxed = have.required and not want.required
    return _compare(table, path, have.field_type, want.field_type) or relaxed
