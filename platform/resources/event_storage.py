"""Event storage: Dagster's event log in SQLite, with connections that stay open.

For each event, Dagster's own storage opens a file, writes, waits for the disk and closes the file, up to three times.
That takes most of the time of a run over many partitions. `dagster.yaml` names this class instead; the files are the
same. Belongs here: connections. Not here: what is stored. A deployment's event log is in PostgreSQL.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event, inspect

OPEN_FILES = 16  # one for all assets, one for each run


class EventStorage(SqliteEventLogStorage):
    """The event log in the folder of the Dagster instance."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> EventStorage:
        """The storage for an instance whose folder is `base_dir`. Its files are where Dagster has them by default."""
        return cls(os.path.join(config_value["base_dir"], "history", "runs"), inst_data)

    @cached_property
    def _engines(self) -> OrderedDict[str, Engine]:
        return OrderedDict()

    @cached_property
    def supports_asset_checks(self) -> bool:
        """Whether the tables for checks exist. Dagster asks before it stores each check."""
        return self.has_table("asset_check_executions")

    def has_table(self, table_name: str) -> bool:
        with self._engine(INDEX_SHARD_NAME).connect() as connection:  # without the lock, which the caller may hold
            return inspect(connection).has_table(table_name)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A transaction in one of the files: of one run, or of all assets."""
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
            )
            event.listen(self._engines[shard], "connect", _skip_waiting)
        self._engines.move_to_end(shard)
        while len(self._engines) > OPEN_FILES:
            _, unused = self._engines.popitem(last=False)
            unused.dispose()
        return self._engines[shard]

    def wipe(self) -> None:
        """Delete all events, and the files of runs, which must not be open."""
        self._close_files()
        super().wipe()

    def dispose(self) -> None:
        """End all work with the files."""
        super().dispose()
        self._close_files()

    def _close_files(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def _skip_waiting(connection: Any, _: object) -> None:
    """Let the disk write later. If the machine loses power, the last events may be missing; the files stay whole."""
    connection.execute("PRAGMA synchronous = NORMAL")
