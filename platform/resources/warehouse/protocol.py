"""What the platform asks of a warehouse; the rest of the code knows no more than this of any of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
from pyiceberg.table import Table

from contracts.stream import Stream

PATIENCE_S = 600.0
BATCH_ROWS = 65_536


class WarehouseBusy(Exception):
    """Another process has had the warehouse for itself for longer than one could wait."""


@dataclass(frozen=True)
class Applied:
    """What applying a snapshot did: whether anything had to be done, and how many rows the relation has."""

    changed: bool
    rows: int


class Warehouse(Protocol):
    """Follows silver's snapshots into schema `silver`, and keeps what gold has been released from."""

    def apply(self, stream: Stream, silver: Table, snapshot_id: int | None) -> Applied:
        """Make `silver.<stream>` hold a snapshot's rows, in one transaction with the note that it does."""
        ...

    def applied(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        """The snapshot that each stream's relation holds. Raises `WarehouseBusy` when patience ends."""
        ...

    def released(self, patience_s: float = PATIENCE_S) -> dict[str, int | None]:
        """The snapshots that gold's last release was computed from. Raises `WarehouseBusy` when patience ends."""
        ...

    def facts(self, patience_s: float = PATIENCE_S) -> dict[str, str]:
        """The facts of gold's last release; none before the first. Raises `WarehouseBusy` when patience ends."""
        ...

    def begin(self, snapshots: Mapping[str, int | None]) -> None:
        """Note that gold's tables are about to take rows of these snapshots, whether a release comes of it or not."""
        ...

    def snapshots_in_gold(self, patience_s: float = PATIENCE_S) -> dict[str, frozenset[int | None]]:
        """The snapshots whose rows gold's tables may hold, of streams that were released: that of the release, and
        those begun with since. Raises `WarehouseBusy` when patience ends.
        """
        ...

    def release(
        self, schemas: Collection[str], snapshots: Mapping[str, int | None] | None, facts: Mapping[str, str]
    ) -> str:
        """Publish the tables of some schemas as one release and note its facts; returns where readers find it.

        Its snapshots are noted as released.
        Without snapshots those noted before stay: not all tables were made.
        """
        ...

    def query(self, sql: str) -> Sequence[tuple[Any, ...]]:
        """The rows of a query."""
        ...

    def read(self, relation: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """All rows of a relation in batches, with a schema's columns and types; nested values as JSON text."""
        ...

    def profile(self) -> dict[str, object]:
        """dbt's target for this warehouse, as an output of a profile."""
        ...
