"""Ledger by days: the ledger's rows for a process that asks again and again, such as a sensor.

Belongs here: keeping rows by snapshot. Not here: what they mean (`ledger`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from lake.ledger import OBJECT
from lake.reading import concatenated, event_date, files_of, read
from lake.schemas import LEDGER

KEPT_FILES = 4
_COLUMNS = [*OBJECT, "arrival_hour", "refused", "current", "_ingested_at"]
_SCHEMA = {name: LEDGER[name] for name in _COLUMNS}


class LedgerDays:
    """A stream's current rows of the ledger, by day. A data file is read once; those read last are kept.

    Data files never change. So the names of a day's files are its version: as long as they are the same, so are its
    rows.
    """

    def __init__(self) -> None:
        self.table: Table | None = None
        self.by_day: dict[dt.date, list[DataFile]] = {}
        self.kept: dict[str, pl.DataFrame] = {}

    def follow(self, table: Table | None) -> None:
        """Go on to the table's current snapshot; None if there is no ledger yet. Reads manifests, no data."""
        same = table and self.table and table.metadata.current_snapshot_id == self.table.metadata.current_snapshot_id
        self.table = table
        if same:
            return
        by_day = defaultdict(list)
        for file in files_of(table) if table else []:
            by_day[event_date(file)].append(file)
        self.by_day = dict(by_day)

    def version(self, days: Iterable[dt.date]) -> frozenset[str]:
        """The names of the data files of some days."""
        return frozenset(file.file_path for day in days for file in self.by_day.get(day, []))

    def rows(self, days: Iterable[dt.date]) -> pl.DataFrame:
        """The current rows of some days, without sizes and counts."""
        files = [file for day in sorted(set(days)) for file in self.by_day.get(day, [])]
        return pl.concat([pl.DataFrame(schema=_SCHEMA), *map(self._rows_of, files)])

    def _rows_of(self, file: DataFile) -> pl.DataFrame:
        assert self.table is not None
        rows = self.kept.pop(file.file_path, None)
        if rows is None:
            rows = concatenated(read(self.table, [file], _COLUMNS), _SCHEMA).filter("current")
        self.kept[file.file_path] = rows  # now the last one
        while len(self.kept) > KEPT_FILES:
            del self.kept[next(iter(self.kept))]
        return rows
