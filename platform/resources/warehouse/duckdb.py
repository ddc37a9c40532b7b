"""DuckDB as the warehouse: a file with gold's tables, and views on silver's own Parquet files.

Silver is not copied: `silver.<stream>` is a view on the data files of one snapshot. dbt builds the public tables in a
second file, `gold_next`. A release is a copy of that file, renamed into place: readers may keep the old one open.
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
from pyiceberg.table import Table

from contracts.stream import Stream
from lake.reading import files_of, path_of
from resources import dbt
from resources.warehouse.duckdb_views import escaped, view
from resources.warehouse.protocol import BATCH_ROWS, LOCK_TIMEOUT_S, ApplyResult, WarehouseBusy
from resources.warehouse.query_history import Query

NEXT_DATABASE = "gold_next"  # the name in dbt's profile
STORAGE_VERSION = "v1.2.0"  # DuckDB 1.2 and later read it; BI tools bundle old versions
_FILE_CONFIG = {"storage_compatibility_version": STORAGE_VERSION}
_NOTES = """
CREATE SCHEMA IF NOT EXISTS silver;
CREATE SCHEMA IF NOT EXISTS platform;
CREATE TABLE IF NOT EXISTS platform.applied (stream VARCHAR PRIMARY KEY, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.released (stream VARCHAR PRIMARY KEY, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.begun (stream VARCHAR, snapshot_id BIGINT);
CREATE TABLE IF NOT EXISTS platform.facts (name VARCHAR PRIMARY KEY, value VARCHAR);
"""


class WarehouseUnreadable(Exception):
    """A file of the warehouse cannot be opened; the message says how to rebuild it."""


@dataclass(frozen=True)
class DuckDBWarehouse:
    """The warehouse is the file `path`; releases are the file `published`; DuckDB spills into `scratch`."""

    path: Path
    published: Path
    scratch: Path

    def apply_snapshot(self, stream: Stream, silver: Table, snapshot_id: int | None) -> ApplyResult:
        with self._connection() as con:
            loaded = con.execute("SELECT snapshot_id FROM platform.applied WHERE stream = ?", [stream.name]).fetchone()
            changed = loaded != (snapshot_id,)
            if changed:
                paths = [path_of(file) for file in files_of(silver, snapshot_id=snapshot_id)] if snapshot_id else []
                con.execute("BEGIN")
                con.execute(f'CREATE OR REPLACE VIEW silver."{stream.name}" AS {view(silver.schema(), paths)}')
                con.execute("INSERT OR REPLACE INTO platform.applied VALUES (?, ?)", [stream.name, snapshot_id])
                con.execute("COMMIT")
            (rows,) = con.execute(f'SELECT count(*) FROM silver."{stream.name}"').fetchall()[0]
        return ApplyResult(changed, rows)

    def applied_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        return self._snapshots("applied", timeout_s)

    def released_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        return self._snapshots("released", timeout_s)

    def release_facts(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, str]:
        if not self.path.exists() or not self.published.exists():  # somebody has deleted the release: make another
            return {}
        with self._connection(timeout_s) as con:
            return dict(con.execute("SELECT name, value FROM platform.facts").fetchall())

    def begin_build(self, snapshots: Mapping[str, int | None]) -> None:
        with self._connection() as con:
            for stream, snapshot in snapshots.items():
                con.execute("INSERT INTO platform.begun VALUES (?, ?)", [stream, snapshot])

    def snapshots_in_gold(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, frozenset[int | None]]:
        if not self.path.exists():
            return {}
        with self._connection(timeout_s) as con:
            return {stream: frozenset(snapshots) for stream, snapshots in con.execute(_GOLD_MAY_HOLD).fetchall()}

    def release(
        self,
        schemas: Collection[str],
        snapshots: Mapping[str, int | None] | None,
        facts: Mapping[str, str],
        large: Collection[str] = (),
    ) -> str:
        building = self.published.with_name(f".{self.published.name}.{os.getpid()}")
        try:
            with self._connection(with_next=True) as con:
                con.execute(f"CHECKPOINT {NEXT_DATABASE}; DETACH {NEXT_DATABASE}")
                for left in self.published.parent.glob(f".{self.published.name}.*"):
                    left.unlink()  # left by a process that died: this connection is exclusive
                shutil.copyfile(self._next_file, building)
                shown = _noted_snapshots(con, "released") if snapshots is None else snapshots
                _make_release(con, building, schemas, shown, facts)
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
        with self._connection(with_next=True) as con:
            return con.execute(sql).fetchall()

    def released(self, mart: dbt.Mart) -> str:
        return mart.relation.partition(".")[2]

    def query_release(self, sql: str) -> Sequence[tuple[Any, ...]]:
        with duckdb.connect(str(self.published), read_only=True, config={"enable_external_access": False}) as con:
            return con.execute(sql).fetchall()

    def label_queries(self, label: str) -> None:
        """DuckDB runs in this process, whose own numbers say what its queries took."""

    def labelled_queries(self) -> Sequence[Query]:
        return []

    def records(self, sql: str) -> Sequence[Mapping[str, Any]]:
        with self._connection(with_next=True) as con:
            found = con.execute(sql)
            names = [name for name, *_ in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        texts = {field.name for field in schema if pa.types.is_large_string(field.type)}
        columns = (f'CAST("{name}" AS VARCHAR) AS "{name}"' if name in texts else f'"{name}"' for name in schema.names)
        with self._connection(with_next=True) as con:
            for batch in con.sql(f"SELECT {', '.join(columns)} FROM {relation}").to_arrow_reader(BATCH_ROWS):
                yield batch.cast(schema)

    def profile(self) -> dict[str, object]:
        profile = dbt.local(self.path.parent)
        settings = {**profile["settings"], "temp_directory": str(self.scratch)}
        return {**profile, "settings": settings, "config_options": _FILE_CONFIG}

    @property
    def _next_file(self) -> Path:
        return self.path.with_name(f"{NEXT_DATABASE}.duckdb")

    def _snapshots(self, table: str, timeout_s: float) -> dict[str, int | None]:
        if not self.path.exists():
            return {}
        with self._connection(timeout_s) as con:
            return _noted_snapshots(con, table)

    @contextmanager
    def _connection(
        self, timeout_s: float = LOCK_TIMEOUT_S, with_next: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the warehouse file, which no other process has open; `with_next` attaches `gold_next` too.

        Raises `WarehouseBusy` when another process keeps the file open for longer than the timeout, and
        `WarehouseUnreadable`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.scratch.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                con = duckdb.connect(str(self.path), config={**_FILE_CONFIG})
                break
            except duckdb.IOException as error:
                if "lock" not in str(error):
                    raise self._unreadable(self.path, error) from error
                if time.monotonic() > deadline:
                    raise WarehouseBusy(str(error)) from error
                time.sleep(0.2)
        try:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(f"SET temp_directory = '{escaped(self.scratch)}'")
            con.execute(_NOTES)
            if with_next:
                self._attach_next(con)
            yield con
        finally:
            con.close()

    def _attach_next(self, con: duckdb.DuckDBPyConnection) -> None:
        """Attach `gold_next`. If its storage version is later than a release may have, it is rewritten first."""
        in_our_version = f"(STORAGE_VERSION '{STORAGE_VERSION}')"
        attach = f"ATTACH IF NOT EXISTS '{escaped(self._next_file)}' AS {NEXT_DATABASE} {in_our_version}"
        try:
            con.execute(attach)
        except duckdb.IOException as error:
            raise self._unreadable(self._next_file, error) from error
        except duckdb.InvalidInputException as error:
            if "cannot be lowered" not in str(error):
                raise
            copy = self._next_file.with_name(f".{self._next_file.name}")
            copy.unlink(missing_ok=True)
            con.execute(
                f"ATTACH '{escaped(self._next_file)}' AS later; ATTACH '{escaped(copy)}' AS ours {in_our_version}"
            )
            con.execute("COPY FROM DATABASE later TO ours; DETACH later; DETACH ours")
            os.replace(copy, self._next_file)
            con.execute(attach)

    def _unreadable(self, path: Path, error: duckdb.Error) -> WarehouseUnreadable:
        return WarehouseUnreadable(
            f"{path} cannot be opened: {error}. If it is damaged, delete {self.path.name} and {self._next_file.name}, "
            "run the jobs `upkeep` and `gold`: both files are built from silver and hold nothing else."
        )


_GOLD_MAY_HOLD = """
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


def _make_release(
    con: duckdb.DuckDBPyConnection,
    file: Path,
    schemas: Collection[str],
    snapshots: Mapping[str, int | None],
    facts: Mapping[str, str],
) -> None:
    """Turn a copy of `gold_next` into a release: drop what is not public, add table `release`."""
    con.execute(f"ATTACH '{escaped(file)}' AS gold")
    for kind, schema, name in con.execute(_UNRELEASED, [sorted(schemas)]).fetchall():
        con.execute(f'DROP {kind} gold."{schema}"."{name}"')
    con.execute("CREATE TABLE gold.release (released_at TIMESTAMPTZ, snapshots JSON, facts JSON)")
    ids = json.dumps({stream: str(snapshot) for stream, snapshot in snapshots.items()})
    con.execute("INSERT INTO gold.release VALUES (?, ?, ?)", [dt.datetime.now(dt.UTC), ids, json.dumps(dict(facts))])
    con.execute("DETACH gold")


def _noted_snapshots(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int | None]:
    return dict(con.execute(f"SELECT stream, snapshot_id FROM platform.{table}").fetchall())
