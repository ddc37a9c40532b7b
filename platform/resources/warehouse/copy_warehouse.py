"""Warehouses that copy silver's rows into tables of their own: what Snowflake and Redshift have in common.

Belongs here: the order of the steps, so that a relation and the note of its snapshot change in one transaction. Not
here: the dialect of each warehouse (their own modules), which files to load (`snapshot_diff`), the notes (`notes`).
"""

from __future__ import annotations

import datetime as dt
import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import DecimalType, IcebergType

from contracts.stream import Stream
from lake.schemas import NEW_LAKE_PAGE, IncompatibleContract
from resources import dbt
from resources.warehouse import notes
from resources.warehouse.protocol import BATCH_ROWS, LOCK_TIMEOUT_S, ApplyResult
from resources.warehouse.query_history import LabelledQueries
from resources.warehouse.snapshot_diff import NO_SNAPSHOT, plan_load

PUBLISHED = "gold"


class LoadFailed(Exception):
    """The warehouse loaded other rows or values than the data files hold; the message says which."""


class CopyingWarehouse(LabelledQueries):
    """A warehouse behind a DB-API driver whose connections commit each statement unless a transaction was begun.

    Releases are tables of schema `gold`. When two processes load a stream at once, the later one finds that the noted
    snapshot has changed, and fails with `WarehouseBusy`.
    """

    dbt_target: ClassVar[str]
    relation_options: ClassVar[str] = ""  # of CREATE TABLE
    staging_prefix: ClassVar[str] = ""  # of the names of temporary tables: empty, or a schema with its dot
    extra_columns: ClassVar[Mapping[str, str]] = {}  # of the relation, besides silver's: name to type

    @property
    @abstractmethod
    def published(self) -> str:
        """Where readers find the marts."""

    @abstractmethod
    def connect(self) -> Any:
        """A new DB-API connection that commits each statement."""

    @abstractmethod
    def is_missing(self, error: Exception) -> bool:
        """Whether an error means that a schema or table does not exist."""

    @abstractmethod
    def quoted(self, name: str) -> str:
        """A column's name in quotes, spelled so that dbt's unquoted names find it."""

    @abstractmethod
    def column_type(self, kind: IcebergType) -> str:
        """The warehouse's name of an Iceberg type. Raises `ValueError` for types that no contract can have."""

    @abstractmethod
    def widen_decimal(self, cursor: Any, relation: str, column: str, kind: str) -> None:
        """Change a decimal column to a type with more digits."""

    @abstractmethod
    def copy_files(self, cursor: Any, staged: str, silver: Table, files: Sequence[DataFile]) -> Sequence[str]:
        """COPY data files into a new temporary table, `staged`.

        Returns what to SELECT from it: an expression for each column of the relation.
        """

    @abstractmethod
    def publish(self, cursor: Any, tables: Sequence[tuple[str, str]], release: str, large: Collection[str]) -> None:
        """Make schema `gold` hold these tables, given as (schema, name), and table `release`, given as a SELECT.

        Readers see all of the new release or all of the old one; but see `Warehouse.release` about `large`.
        """

    def columns(self, schema: Schema) -> dict[str, str]:
        """The relation's columns and their types."""
        return {field.name: self.column_type(field.field_type) for field in schema.fields} | dict(self.extra_columns)

    def apply_snapshot(self, stream: Stream, silver: Table, snapshot_id: int | None) -> ApplyResult:
        relation = f"silver.{stream.name}"
        with self.session() as cursor:
            loaded = self._ensure_relation(cursor, stream, silver.schema())
            changed = loaded != (snapshot_id or NO_SNAPSHOT)
            if changed:
                self._load(cursor, stream, silver, loaded, snapshot_id)
            cursor.execute(f"SELECT count(*) FROM {relation}")
            ((rows,),) = cursor.fetchall()
        return ApplyResult(changed, rows)

    def applied_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        return dict(self._noted_snapshots("applied"))

    def released_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        return dict(self._noted_snapshots("released"))

    def release_facts(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, str]:
        return dict(self._query_notes("SELECT name, value FROM platform.facts"))

    def begin_build(self, snapshots: Mapping[str, int | None]) -> None:
        with self.session() as cursor:
            notes.create_schemas(cursor)
            notes.note_begun(cursor, snapshots)

    def snapshots_in_gold(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, frozenset[int | None]]:
        found = {stream: {snapshot} for stream, snapshot in self.released_snapshots().items()}
        for stream, snapshot in self._noted_snapshots("begun"):
            if stream in found:
                found[stream].add(snapshot)
        return {stream: frozenset(snapshots) for stream, snapshots in found.items()}

    def release(
        self,
        schemas: Collection[str],
        snapshots: Mapping[str, int | None] | None,
        facts: Mapping[str, str],
        large: Collection[str] = (),
    ) -> str:
        shown = self.released_snapshots() if snapshots is None else snapshots
        ids = json.dumps({stream: str(snapshot) for stream, snapshot in shown.items()})
        texts = [dt.datetime.now(dt.UTC).isoformat(), ids, json.dumps(dict(facts))]
        at, of, about = ("'" + text.replace("'", "''") + "'" for text in texts)
        columns = f"CAST({at} AS TIMESTAMPTZ) AS released_at, CAST({of} AS VARCHAR(65535)) AS snapshots"
        with self.session() as cursor:
            notes.create_schemas(cursor)
            tables = _public_tables(cursor, schemas)
            self.publish(cursor, tables, f"SELECT {columns}, CAST({about} AS VARCHAR(65535)) AS facts", large)
            with transaction(cursor):
                notes.note_release(cursor, snapshots, facts)
        return self.published

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self.session() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def released(self, mart: dbt.Mart) -> str:
        return f"{PUBLISHED}.{mart.name}"

    def query_release(self, sql: str) -> Sequence[tuple[Any, ...]]:
        return self.query(sql)

    def records(self, sql: str) -> Sequence[Mapping[str, Any]]:
        with self.session() as cursor:
            cursor.execute(sql)
            names = [name.lower() for name, *_ in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self.session() as cursor:
            cursor.execute(f"SELECT {', '.join(map(self.quoted, schema.names))} FROM {relation}")
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = zip(schema.types, zip(*rows, strict=True), strict=True)
                arrays = [pa.array(map(_nested_as_text, values), kind) for kind, values in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def profile(self) -> dict[str, object]:
        return {**dbt.output(self.dbt_target), **self.labelled_profile}

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A cursor of an idle or new connection, which is kept for the next session unless something failed on it."""
        connection = self._idle.pop() if self._idle else self.connect()
        try:
            with connection.cursor() as cursor:
                self.begin_labels(cursor)
                yield cursor
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    @cached_property
    def _idle(self) -> list[Any]:
        return []

    def _noted_snapshots(self, table: str) -> list[tuple[str, int | None]]:
        rows = self._query_notes(f"SELECT stream, snapshot_id FROM platform.{table} WHERE snapshot_id IS NOT NULL")
        return [(stream, None if snapshot == NO_SNAPSHOT else snapshot) for stream, snapshot in rows]

    def _query_notes(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a table of notes; none when it does not exist. Sensors ask often, so this creates nothing."""
        try:
            return self.query(sql)
        except Exception as error:
            if self.is_missing(error):
                return []
            raise

    def _ensure_relation(self, cursor: Any, stream: Stream, schema: Schema) -> int | None:
        """Create the stream's relation, or add what silver's schema has gained; returns the snapshot noted for it."""
        notes.create_schemas(cursor)
        columns = {name: f"{self.quoted(name)} {kind}" for name, kind in self.columns(schema).items()}
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS silver.{stream.name} ({', '.join(columns.values())}){self.relation_options}"
        )
        self._evolve(cursor, stream, schema)
        return notes.applied_snapshot(cursor, stream.name)

    def _evolve(self, cursor: Any, stream: Stream, schema: Schema) -> None:
        """Add columns that silver has gained, and digits that its decimals have gained, as the lake does.

        Raises `IncompatibleContract` when a decimal's scale differs: values would be rounded.
        """
        relation = f"silver.{stream.name}"
        cursor.execute(
            "SELECT lower(column_name), numeric_precision, numeric_scale FROM information_schema.columns "
            f"WHERE lower(table_schema) = 'silver' AND lower(table_name) = '{stream.name}'"
        )
        present = {name: (precision, scale) for name, precision, scale in cursor.fetchall()}
        for name, kind in self.columns(schema).items():
            if name not in present:
                cursor.execute(f"ALTER TABLE {relation} ADD COLUMN {self.quoted(name)} {kind}")
        for column in schema.fields:
            wanted = column.field_type
            if isinstance(wanted, DecimalType) and column.name in present:
                precision, scale = present[column.name]
                if scale != wanted.scale:
                    raise IncompatibleContract(
                        f"relation {relation}, column {column.name}: it holds decimal({precision}, {scale}), silver "
                        f"{wanted}; give the new lake a new database: see {NEW_LAKE_PAGE}"
                    )
                if precision < wanted.precision:
                    self.widen_decimal(cursor, relation, self.quoted(column.name), self.column_type(wanted))

    def _load(self, cursor: Any, stream: Stream, silver: Table, loaded: int | None, snapshot_id: int | None) -> None:
        """Copy the files first, outside the transaction; then change the rows and the noted snapshot together."""
        plan = plan_load(silver, loaded, snapshot_id)
        staged = f"{self.staging_prefix}staged_{stream.name}"
        columns = ", ".join(map(self.quoted, self.columns(silver.schema())))
        if plan.files:
            expressions = ", ".join(self.copy_files(cursor, staged, silver, plan.files))
            cursor.execute(f"SELECT count(*) FROM {staged}")
            ((rows,),) = cursor.fetchall()
            if rows != plan.rows:
                raise LoadFailed(f"{stream.name}: COPY loaded {rows} rows from data files that hold {plan.rows}")
        with transaction(cursor):
            notes.note_applied(cursor, stream.name, loaded, snapshot_id)
            if plan.dates_to_empty is None:
                cursor.execute(f"DELETE FROM silver.{stream.name}")
            elif plan.dates_to_empty:
                dates = " OR ".join(_on_date(self.quoted("event_at"), date) for date in plan.dates_to_empty)
                cursor.execute(f"DELETE FROM silver.{stream.name} WHERE {dates}")
            if plan.files:
                cursor.execute(f"INSERT INTO silver.{stream.name} ({columns}) SELECT {expressions} FROM {staged}")
        if plan.files:
            cursor.execute(f"DROP TABLE {staged}")


def _public_tables(cursor: Any, schemas: Collection[str]) -> list[tuple[str, str]]:
    """The tables to publish, as (schema, name). Raises `ValueError` when two of them have the same name."""
    listed = ", ".join(f"'{schema}'" for schema in sorted(schemas))
    cursor.execute(
        "SELECT lower(table_schema), lower(table_name) FROM information_schema.tables "
        f"WHERE lower(table_schema) IN ({listed}) AND table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    tables = [(schema, name) for schema, name in cursor.fetchall() if "__dbt_" not in name]
    names = Counter(name for _, name in tables)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise ValueError(f"schema {PUBLISHED} cannot hold two tables called {', '.join(twice)}")
    return tables


def _nested_as_text(value: Any) -> Any:
    """Nested values as JSON text: some drivers return them as objects, others as text already."""
    return json.dumps(value) if isinstance(value, (dict, list)) else value


@contextmanager
def transaction(cursor: Any) -> Iterator[None]:
    """Run the statements inside as one transaction: all of them take effect, or none."""
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _on_date(column: str, date: dt.date) -> str:
    """The condition that a timestamp is on a UTC date. A range, as a function of the column would prevent pruning."""
    first, end = (f"CAST('{day.isoformat()} 00:00:00+00:00' AS TIMESTAMPTZ)" for day in (date, date + dt.timedelta(1)))
    return f"({column} >= {first} AND {column} < {end})"
