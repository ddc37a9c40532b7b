"""DuckDB's views on data files: their SQL, and DuckDB's names of Iceberg's types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyiceberg.schema import Schema
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


def view(schema: Schema, paths: Sequence[str]) -> str:
    """A SELECT of the rows of Parquet files. It finds columns by field id, and older files may lack some."""
    if not paths:
        nothing = ", ".join(f'NULL::{sql_type(f.field_type)} AS "{f.name}"' for f in schema.fields)
        return f"SELECT {nothing} WHERE false"
    columns = ", ".join(
        f"{f.field_id}: {{name: '{f.name}', type: '{sql_type(f.field_type)}', default_value: NULL}}"
        for f in schema.fields
    )
    files = ", ".join(f"'{escaped(path)}'" for path in paths)
    return f"SELECT * FROM read_parquet([{files}], schema = MAP {{{columns}}})"


def sql_type(kind: IcebergType) -> str:
    """DuckDB's name of an Iceberg type. Raises `ValueError` for types that no contract can have."""
    match kind:
        case StringType():
            return "VARCHAR"
        case BooleanType():
            return "BOOLEAN"
        case LongType():
            return "BIGINT"
        case DoubleType():
            return "DOUBLE"
        case DecimalType():
            return f"DECIMAL({kind.precision}, {kind.scale})"
        case TimestamptzType():
            return "TIMESTAMPTZ"
        case BinaryType():
            return "BLOB"
        case DateType():
            return "DATE"
        case ListType():
            return f"{sql_type(kind.element_type)}[]"
        case StructType():
            return f"STRUCT({', '.join(f'{chr(34)}{f.name}{chr(34)} {sql_type(f.field_type)}' for f in kind.fields)})"
    raise ValueError(f"no DuckDB type for {kind}")


def escaped(path: Path | str) -> str:
    """A text for a literal of SQL."""
    return str(path).replace("'", "''")
