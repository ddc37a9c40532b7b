"""DuckDB as the warehouse: a file of gold's tables, over views on silver's own Parquet files.

Nothing of silver is copied: `silver.<stream>` is a view on the data files of one snapshot. What is public dbt makes in
a second file, `gold_next`. A release is a copy of that, renamed into place, which readers may hold open while the next
one is made.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.schema import Schema
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

from contracts.stream import Stream
from lake.reading import files_of, path_of
from resources import dbt
from resources.warehouse.protocol import BATCH_ROWS, PATIENCE_S, Applied, WarehouseBusy

NEXT = "gold_next"  # as dbt's profile has it
STORAGE_VERSION = "v1.2.0"  # of the files: DuckDB from 1.2 on reads them, and tools bundle versions of years ago
_FILES = {"storage_compatibility_version": STORAGE_VERSION}
_NOTES = """
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS platform;
CREATE TABLE IF NOT EXISTS platform.applied (stream VARCHAR PRIMARY KEY, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.released (stream VARCHAR PRIMARY KEY, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.begun (stream VARCHAR, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.facts (name VARCHAR PRIMARY KEY, value VARCHAR);
"""


class WarehouseUnreadable(Exception):
    """A file of the warehouse cannot be opened; the message says how to make it anew."""


@dataclass(frozen=True)
class DuckDBWarehouse:
    """The warehouse file, and the file that readers get."""

    path: Path
    published: Path
    scratch: Path

    def apply(self, stream: Stream, silver: Table, snapshot_id: int | None) -> Applied:
        with self._connection() as con:
            noted = con.execute("SELECT snapshot_id FROM platform.applied WHERE stream = ?", [stream.name]).fetchone()
            changed = noted != (snapshot_id,)
            if changed:
                paths = [path_of(file) for file in files_of(silver, snapshot_id=snapshot_id)] if snapshot_id else []
                con.execute("BEGIN")
                con.execute(f'CREATE OR REPLACE VIEW silver."{stream.name}" AS {view(silver.schema(), paths)}')
                con.execute("INSERT OR REPLACE INTO platform.applied VALUES (?, ?)", [stream.name, snapshot_id])
                con.execute("COMMIT")
            (rows,) = con.execute(f'SELECT count(*) FROM silver."{stream.name}"').fetchall()[0]
        return Applied(changed, rows)

    def applied(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        return self._noted("applied", patience_s)

    def released(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        return self._noted("released", patience_s)

    def facts(self, patience_s: float = PATIENCE_S) -> dict[str, str]:
        if not self.path.exists():
            return {}
        with self._connection(patience_s) as con:
            return dict(con.execute("SELECT name, value FROM platform.facts").fetchall())

    def begin(self, snapshots: Mapping[str, int | None]) -> None:
        with self._connection() as con:
            for stream, snapshot in snapshots.items():
                con.execute("INSERT INTO platform.begun VALUES (?, ?)", [stream, snapshot])

    def snapshots_in_gold(self, patience_s: float = PATIENCE_S) -> dict[str, frozenset[int | None]]:
        if not self.path.exists():
            return {}
        with self._connection(patience_s) as con:
            return {stream: frozenset(snapshots) for stream, snapshots in con.execute(_HELD).fetchall()}

    def release(
        self, schemas: Collection[str], snapshots: Mapping[str, int | None] | None, facts: Mapping[str, str]
    ) -> str:
        building = self.published.with_name(f".{self.published.name}.{os.getpid()}")
        try:
            with self._connection(attached=True) as con:
                con.execute(f"CHECKPOINT {NEXT}; DETACH {NEXT}")
                for left in self.published.parent.glob(f".{self.published.name}.*"):
                    left.unlink()  # whoever was building it is dead: this connection is exclusive
                shutil.copyfile(self._next, building)
                con.execute(f"ATTACH '{_quoted(building)}' AS gold")
                for kind, schema, name in con.execute(_UNRELEASED, [sorted(schemas)]).fetchall():
                    con.execute(f'DROP {kind} gold."{schema}"."{name}"')
                con.execute("CREATE TABLE gold.release (released_at TIMESTAMPTZ, snapshots JSON, facts JSON)")
                named = self._read(con, "released") if snapshots is None else snapshots
                ids = json.dumps({stream: str(snapshot) for stream, snapshot in named.items()})
                row = [dt.datetime.now(dt.UTC), ids, json.dumps(dict(facts))]
                con.execute("INSERT INTO gold.release VALUES (?, ?, ?)", row)
                con.execute("DETACH gold")
                os.replace(building, self.published)
                con.execute("BEGIN")
                con.execute("DELETE FROM platform.facts")
                for name, value in facts.items():
                    con.execute("INSERT INTO platform.facts VALUES (?, ?)", [name, value])
                for stream, snapshot in (snapshots or {}).items():
                    con.execute("INSERT OR REPLACE INTO platform.released VALUES (?, ?)", [stream, snapshot])
                if snapshots is not None:
                    con.execute("DELETE FROM platform.begun")
                con.execute("COMMIT")
        finally:
            building.unlink(missing_ok=True)
        return str(self.published)

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self._connection(attached=True) as con:
            return con.execute(sql).fetchall()

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        texts = {field.name for field in schema if pa.types.is_large_string(field.type)}
        columns = (f'CAST("{name}" AS VARCHAR) AS "{name}"' if name in texts else f'"{name}"' for name in schema.names)
        with self._connection(attached=True) as con:
            for batch in con.sql(f"SELECT {', '.join(columns)} FROM {relation}").to_arrow_reader(BATCH_ROWS):
                yield batch.cast(schema)

    def profile(self) -> dict[str, object]:
        profile = dbt.local(self.path.parent)
        settings = {**profile["settings"], "temp_directory": str(self.scratch)}
        return {**profile, "settings": settings, "config_options": _FILES}

    @property
    def _next(self) -> Path:
        return self.path.with_name(f"{NEXT}.duckdb")

    def _noted(self, table: str, patience_s: float) -> dict[str, int | None]:
        if not self.path.exists():
            return {}
        with self._connection(patience_s) as con:
            return self._read(con, table)

    def _read(self, con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int | None]:
        return dict(con.execute(f"SELECT stream, snapshot_id FROM platform.{table}").fetchall())

    @contextmanager
    def _connection(
        self, patience_s: float = PATIENCE_S, attached: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, once no other process has it open, and `attached` to it the one of what is public.

        Raises `WarehouseBusy` after waiting for that in vain, and `WarehouseUnreadable`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + patience_s
        while True:
            try:
                con = duckdb.connect(str(self.path), config={**_FILES})
                break
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise self._unreadable(self.path, error) from error
                if time.monotonic() > deadline:
                    raise WarehouseBusy(str(error)) from error
                time.sleep(0.2)
        try:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(f"SET temp_directory = '{_quoted(self.scratch)}'")
            con.execute(_NOTES)
            if attached:
                self._attach_next(con)
            yield con
        finally:
            con.close()

    def _attach_next(self, con: duckdb.DuckDBPyConnection) -> None:
        """Attach what is public. A file of a later storage version, which no release may have, is copied into one of
        ours first.
        """
        as_ours = f"(STORAGE_VERSION '{STORAGE_VERSION}')"
        attach = f"ATTACH IF NOT EXISTS '{_quoted(self._next)}' AS {NEXT} {as_ours}"
        try:
            con.execute(attach)
        except duckdb.IOException as error:
            raise self._unreadable(self._next, error) from error
        except duckdb.InvalidInputException as error:
            if "cannot be lowered" not in str(error):
                raise
            copy = self._next.with_name(f".{self._next.name}")
            copy.unlink(missing_ok=True)
            con.execute(f"ATTACH '{_quoted(self._next)}' AS later; ATTACH '{_quoted(copy)}' AS ours {as_ours}")
            con.execute("COPY FROM DATABASE later TO ours; DETACH later; DETACH ours")
            os.replace(copy, self._next)
            con.execute(attach)

    def _unreadable(self, path: Path, error: duckdb.Error) -> WarehouseUnreadable:
        return WarehouseUnreadable(
            f"{path} cannot be opened: {error}. If it is damaged, delete {self.path.name} and {self._next.name}, run "
            "the jobs `upkeep` and `gold`: both files are made from silver, and nothing else is in them."
        )


_HELD = """
SELECT stream, list(snapshot_id) FROM (FROM platform.released UNION ALL FROM platform.begun)
WHERE stream IN (SELECT stream FROM platform.released) GROUP BY stream
"""
_UNRELEASED = """
SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' ELSE 'TABLE' END, table_schema, table_name
FROM information_schema.tables
WHERE table_catalog = 'gold' AND NOT (
    table_schema IN (SELECT unnest(?)) AND table_type = 'BASE TABLE' AND NOT contains(table_name, '__dbt_')
)
"""


def view(schema: Schema, paths: Sequence[str]) -> str:
    """SQL of a relation of Parquet files with a table's columns, found by field id, so that older files do as well."""
    if not paths:
        nothing = ", ".join(f'NULL::{sql_type(f.field_type)} AS "{f.name}"' for f in schema.fields)
        return f"SELECT {nothing} WHERE false"
    columns = ", ".join(
        f"{f.field_id}: {{name: '{f.name}', type: '{sql_type(f.field_type)}', default_value: NULL}}"
        for f in schema.fields
    )
    files = ", ".join(f"'{_quoted(path)}'" for path in paths)
    return f"SELECT * FROM read_parquet([{files}], schema = MAP {{{columns}}})"


def sql_type(kind: IcebergType) -> str:
    """DuckDB's name of an Iceberg type. Raises `ValueError` for one that no contract can have."""
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


def _quoted(path: Path | str) -> str:
    return str(path).replace("'", "''")
