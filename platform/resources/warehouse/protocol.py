"""The warehouse protocol: all that the rest of the platform knows about any warehouse."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
from pyiceberg.table import Table

from contracts.stream import Stream
from resources.warehouse.query_history import Query

if TYPE_CHECKING:
    from resources.dbt import Mart  # which imports this module

LOCK_TIMEOUT_S = 600.0
BATCH_ROWS = 65_536


class WarehouseBusy(Exception):
    """Another process kept the warehouse locked for longer than the timeout, or loaded another snapshot meanwhile."""


@dataclass(frozen=True)
class ApplyResult:
    """Whether a relation changed, and how many rows it has now."""

    changed: bool
    rows: int


class Warehouse(Protocol):
    """Holds one relation of silver's rows per stream, gold's tables, and notes of the snapshots that these show.

    Snapshots are given as {stream name: snapshot id}; None stands for a silver table without any snapshot. Methods
    with a `timeout_s` raise `WarehouseBusy` when another process keeps the warehouse locked for longer.
    """

    def apply_snapshot(self, stream: Stream, silver: Table, snapshot_id: int | None) -> ApplyResult:
        """Make `silver.<stream>` hold the rows of a snapshot, and note the snapshot in the same transaction."""
        ...

    def applied_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        """The snapshot that each stream's relation holds."""
        ...

    def released_snapshots(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, int | None]:
        """The snapshots that gold's last release was computed from."""
        ...

    def release_facts(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, str]:
        """The facts of gold's last release: its run, code, event dates, contracts. Empty before the first release."""
        ...

    def begin_build(self, snapshots: Mapping[str, int | None]) -> None:
        """Note, before gold's tables change, which snapshots they are built from. The build may fail later."""
        ...

    def snapshots_in_gold(self, timeout_s: float = LOCK_TIMEOUT_S) -> dict[str, frozenset[int | None]]:
        """Every snapshot whose rows gold's tables may hold: the released one, and those of builds begun since.

        Only streams that have been released are listed.
        """
        ...

    def release(
        self,
        schemas: Collection[str],
        snapshots: Mapping[str, int | None] | None,
        facts: Mapping[str, str],
        large: Collection[str] = (),
    ) -> str:
        """Publish the tables of some schemas as one release, with its facts; returns where readers find it.

        Notes `snapshots` as released. None, after a build of some models only, keeps the snapshots noted before. Where
        a copy costs as much as its rows, the tables named in `large` are published as views on the tables that runs
        write, so their readers see new rows up to a run's length before the release.
        """
        ...

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query."""
        ...

    def released(self, mart: Mart) -> str:
        """A mart's relation in gold's last release, for `query_release`."""
        ...

    def query_release(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query of gold's last release. It never waits for a run that builds the next one."""
        ...

    def label_queries(self, label: str) -> None:
        """Label all later queries, also those of dbt by later profiles, for `labelled_queries`."""
        ...

    def labelled_queries(self) -> Sequence[Query]:
        """What the warehouse said of the queries with the current label; none where they run in this process."""
        ...

    def records(self, sql: str) -> Sequence[Mapping[str, Any]]:
        """The rows of a query, by the names of its columns."""
        ...

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows of a relation in batches, with the schema's columns and types; nested values as JSON text."""
        ...

    def profile(self) -> dict[str, object]:
        """This warehouse as an output of a dbt profile."""
        ...
