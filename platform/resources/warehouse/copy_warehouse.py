"""A warehouse that holds copies of silver's rows: what Snowflake and Redshift have in common.

Belongs here: the order of things, so that a relation and the note of its snapshot change in one transaction. Not here:
what a statement looks like in one of them (their own modules), or which files are to be loaded (`following`).
"""

from __future__ import annotations

import datetime as dt
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, ClassVar

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.types import DecimalType, IcebergType

from contracts.stream import Stream
from lake.schemas import NEW_LAKE_PAGE, IncompatibleContract
from resources import dbt
from resources.warehouse.protocol import BATCH_ROWS, PATIENCE_S, Applied, WarehouseBusy
from resources.warehouse.snapshot_diff import EMPTY, Step, step

PUBLISHED = "gold"
_NOTES = ("applied", "released", "begun")
_SETUP = (
    "CREATE SCHEMA IF NOT EXISTS silver",
    "CREATE SCHEMA IF NOT EXISTS platform",
    *(f"CREATE TABLE IF NOT EXISTS platform.{note} (stream VARCHAR(255), snapshot_id BIGINT)" for note in _NOTES),
    "CREATE TABLE IF NOT EXISTS platform.facts (name VARCHAR(255), value VARCHAR(65535))",
)


class LoadFailed(Exception):
    """The warehouse did not take over the data files as they are; the message says what is different."""


class CopyingWarehouse(ABC):
    """Reached by SQL through a driver whose connections commit each statement unless one says BEGIN.

    Publishes the marts as tables of schema `gold`. Two processes that apply at once do not mix: the later one finds
    that the note has changed, and fails.
    """

    target: ClassVar[str]  # of dbt's profile
    relation_options: ClassVar[str] = ""
    staging: ClassVar[str] = ""  # what stands before the name of a table of one session
    own_columns: ClassVar[Mapping[str, str]] = {}  # of the relation, besides silver's

    @property
    @abstractmethod
    def published(self) -> str:
        """Where readers find the marts."""

    @abstractmethod
    def connect(self) -> Any:
        """A new DB-API connection that commits each statement."""

    @abstractmethod
    def is_missing(self, error: Exception) -> bool:
        """Whether an error says that a schema or a table is not there."""

    @abstractmethod
    def quoted(self, name: str) -> str:
        """A column's name as dbt's models find it when they do not quote it."""

    @abstractmethod
    def column_type(self, kind: IcebergType) -> str:
        """The name of an Iceberg type. Raises `ValueError` for one that no contract can have."""

    @abstractmethod
    def widen(self, cursor: Any, relation: str, column: str, kind: str) -> None:
        """Give a decimal column more digits."""

    @abstractmethod
    def stage(self, cursor: Any, staged: str, silver: Table, load: Step) -> Sequence[str]:
        """Make the session's table `staged` of the rows of data files; the expressions of the relation's columns."""

    @abstractmethod
    def publish(self, cursor: Any, tables: Sequence[tuple[str, str]], release: str) -> None:
        """Make schema `gold` hold these tables (schema, name) and `release`, a SELECT of one row, all at once."""

    def columns(self, schema: Schema) -> dict[str, str]:
        """The relation's columns and their types."""
        return {field.name: self.column_type(field.field_type) for field in schema.fields} | dict(self.own_columns)

    def apply(self, stream: Stream, silver: Table, snapshot_id: int | None) -> Applied:
        relation = f"silver.{stream.name}"
        with self.session() as cursor:
            noted = self._prepare(cursor, stream, silver.schema())
            changed = noted != (snapshot_id or EMPTY)
            if changed:
                self._follow(cursor, stream, silver, noted, snapshot_id)
            cursor.execute(f"SELECT count(*) FROM {relation}")
            ((rows,),) = cursor.fetchall()
        return Applied(changed, rows)

    def applied(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        return self._noted("applied")

    def released(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        return self._noted("released")

    def facts(self, patience_s: float = PATIENCE_S) -> dict[str, str]:
        return dict(self._asked("SELECT name, value FROM platform.facts"))

    def begin(self, snapshots: Mapping[str, int | None]) -> None:
        with self.session() as cursor:
            self._set_up(cursor)
            for stream, snapshot in snapshots.items():
                cursor.execute("INSERT INTO platform.begun VALUES (%s, %s)", [stream, snapshot or EMPTY])

    def snapshots_in_gold(self, patience_s: float = PATIENCE_S) -> dict[str, frozenset[int | None]]:
        found = {stream: {snapshot} for stream, snapshot in self.released().items()}
        for stream, snapshot in self._notes("begun"):
            if stream in found:
                found[stream].add(snapshot)
        return {stream: frozenset(snapshots) for stream, snapshots in found.items()}

    def release(
        self, schemas: Collection[str], snapshots: Mapping[str, int | None] | None, facts: Mapping[str, str]
    ) -> str:
        named = self.released() if snapshots is None else snapshots
        ids = json.dumps({stream: str(snapshot) for stream, snapshot in named.items()})
        texts = [dt.datetime.now(dt.UTC).isoformat(), ids, json.dumps(dict(facts))]
        at, of, about = ("'" + text.replace("'", "''") + "'" for text in texts)
        columns = f"CAST({at} AS TIMESTAMPTZ) AS released_at, CAST({of} AS VARCHAR(65535)) AS snapshots"
        with self.session() as cursor:
            self._set_up(cursor)
            listed = ", ".join(f"'{schema}'" for schema in sorted(schemas))
            cursor.execute(
                "SELECT lower(table_schema), lower(table_name) FROM information_schema.tables "
                f"WHERE lower(table_schema) IN ({listed}) AND table_type = 'BASE TABLE' ORDER BY 1, 2"
            )
            tables = [(schema, name) for schema, name in cursor.fetchall() if "__dbt_" not in name]
            if twice := {name for _, name in tables if [each for _, each in tables].count(name) > 1}:
                raise ValueError(f"schema {PUBLISHED} cannot hold two tables called {', '.join(sorted(twice))}")
            self.publish(cursor, tables, f"SELECT {columns}, CAST({about} AS VARCHAR(65535)) AS facts")
            with transaction(cursor):
                cursor.execute("DELETE FROM platform.facts")
                for name, value in facts.items():
                    cursor.execute("INSERT INTO platform.facts VALUES (%s, %s)", [name, value])
                for stream, snapshot in (snapshots or {}).items():
                    cursor.execute("DELETE FROM platform.released WHERE stream = %s", [stream])
                    cursor.execute("INSERT INTO platform.released VALUES (%s, %s)", [stream, snapshot or EMPTY])
                if snapshots is not None:
                    cursor.execute("DELETE FROM platform.begun")
        return self.published

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with self.session() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self.session() as cursor:
            cursor.execute(f"SELECT {', '.join(map(self.quoted, schema.names))} FROM {relation}")
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = zip(schema.types, zip(*rows, strict=True), strict=True)
                arrays = [pa.array(map(_flat, values), kind) for kind, values in columns]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def profile(self) -> dict[str, object]:
        return dbt.output(self.target)

    @contextmanager
    def session(self) -> Iterator[Any]:
        """A cursor of a connection that is kept for the next one, unless something failed on it."""
        connection = self._idle.pop() if self._idle else self.connect()
        try:
            with connection.cursor() as cursor:
                yield cursor
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    @cached_property
    def _idle(self) -> list[Any]:
        return []

    def _set_up(self, cursor: Any) -> None:
        for statement in _SETUP:
            cursor.execute(statement)

    def _noted(self, note: str) -> dict[str, int | None]:
        return dict(self._notes(note))

    def _notes(self, note: str) -> list[tuple[str, int | None]]:
        rows = self._asked(f"SELECT stream, snapshot_id FROM platform.{note} WHERE snapshot_id IS NOT NULL")
        return [(stream, None if snapshot == EMPTY else snapshot) for stream, snapshot in rows]

    def _asked(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """Rows of a table of notes; none where it is not there yet. One statement, as sensors ask all the time."""
        try:
            return self.query(sql)
        except Exception as error:
            if self.is_missing(error):
                return []
            raise

    def _prepare(self, cursor: Any, stream: Stream, schema: Schema) -> int | None:
        """Make the relation with all its columns where it is not there yet, and say what is noted of it."""
        self._set_up(cursor)
        columns = {name: f"{self.quoted(name)} {kind}" for name, kind in self.columns(schema).items()}
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS silver.{stream.name} ({', '.join(columns.values())}){self.relation_options}"
        )
        self._evolve(cursor, stream, schema)
        cursor.execute("SELECT snapshot_id FROM platform.applied WHERE stream = %s", [stream.name])
        found = cursor.fetchall()
        if not found:
            cursor.execute("INSERT INTO platform.applied VALUES (%s, NULL)", [stream.name])
        return found[0][0] if found else None

    def _evolve(self, cursor: Any, stream: Stream, schema: Schema) -> None:
        """Add to the relation the columns that silver has gained, and digits to decimals, as the lake does.

        Raises `IncompatibleContract` where a decimal has another number of decimals: values would be rounded.
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
                    self.widen(cursor, relation, self.quoted(column.name), self.column_type(wanted))

    def _follow(self, cursor: Any, stream: Stream, silver: Table, noted: int | None, snapshot_id: int | None) -> None:
        load = step(silver, noted, snapshot_id)
        staged = f"{self.staging}staged_{stream.name}"
        columns = ", ".join(map(self.quoted, self.columns(silver.schema())))
        if load.files:
            expressions = ", ".join(self.stage(cursor, staged, silver, load))
            cursor.execute(f"SELECT count(*) FROM {staged}")
            ((rows,),) = cursor.fetchall()
            if rows != load.rows:
                raise LoadFailed(f"{stream.name}: {rows} rows came of data files that hold {load.rows}")
        with transaction(cursor):
            self._claim(cursor, stream, noted, snapshot_id)
            if load.emptied is None:
                cursor.execute(f"DELETE FROM silver.{stream.name}")
            elif load.emptied:
                dates = " OR ".join(_on(self.quoted("event_at"), date) for date in load.emptied)
                cursor.execute(f"DELETE FROM silver.{stream.name} WHERE {dates}")
            if load.files:
                cursor.execute(f"INSERT INTO silver.{stream.name} ({columns}) SELECT {expressions} FROM {staged}")
        if load.files:
            cursor.execute(f"DROP TABLE {staged}")

    def _claim(self, cursor: Any, stream: Stream, noted: int | None, snapshot_id: int | None) -> None:
        """Replace the note that the step was computed from. Raises `WarehouseBusy` when it is no longer there."""
        same = "snapshot_id IS NULL" if noted is None else f"snapshot_id = {noted}"
        cursor.execute(
            f"UPDATE platform.applied SET snapshot_id = {snapshot_id or EMPTY} WHERE stream = %s AND {same}",
            [stream.name],
        )
        if cursor.rowcount < 1:
            raise WarehouseBusy(f"{stream.name}: another process has applied another snapshot meanwhile")


def _flat(value: Any) -> Any:
    """A value as Arrow takes it: some drivers give nested ones as objects, and others as JSON text."""
    return json.dumps(value) if isinstance(value, (dict, list)) else value


@contextmanager
def transaction(cursor: Any) -> Iterator[None]:
    """All of the statements inside, or none of them."""
    cursor.execute("BEGIN")
    try:
        yield
    except BaseException:
        cursor.execute("ROLLBACK")
        raise
    cursor.execute("COMMIT")


def _on(column: str, date: dt.date) -> str:
    """The condition that an instant lies on a UTC date, without a function that would keep the engine from pruning."""
    first, end = (f"CAST('{day.isoformat()} 00:00:00+00:00' AS TIMESTAMPTZ)" for day in (date, date + dt.timedelta(1)))
    return f"({column} >= {first} AND {column} < {end})"
