"""Rewriting: which data files a commit replaces, and which of their rows stay.

Belongs here: copying rows from old files into new ones. Not here: which rows leave (`judge_silver`), merging files for
its own sake (`upkeep`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.lineage import LINEAGE, SOURCE_OBJECT
from lake.reading import as_frame, event_date, files_of, path_of, read, read_hours
from lake.writing import DataFileWriter

MERGED_BELOW_BYTES, MERGED_FROM_FILES = 1 << 20, 6


def rewrite(
    table: Table, writer: DataFileWriter, hours: Sequence[dt.datetime], stale: pl.DataFrame, moved: pl.DataFrame
) -> list[DataFile]:
    """Copy the rows that stay from data files that lose rows. Returns these files, for the commit to remove.

    The rows of `stale` objects (of these arrival hours) and the `moved` rows (`LINEAGE`, `_file`) leave. Merges the
    small files of a day as well, if the day is written to and has many of them.
    """
    files = _files_holding(table, hours, stale, moved["_file"].unique())
    chosen = {file.file_path for file in files}
    files += [file for file in _small_files(table, writer.written) if file.file_path not in chosen]
    for batch in read(table, files):
        rows = as_frame(batch).join(stale, on=SOURCE_OBJECT, how="anti")
        writer.write(rows.join(moved, on=list(LINEAGE), how="anti"))
    return files


def _files_holding(
    table: Table, hours: Sequence[dt.datetime], stale: pl.DataFrame, named: Collection[str]
) -> list[DataFile]:
    """The data files that hold rows of stale objects, and the named ones."""
    paths = set(named)
    if not stale.is_empty():
        for batch in read_hours(table, hours, [*SOURCE_OBJECT, "__filename"]):
            rows = as_frame(batch).join(stale, on=SOURCE_OBJECT, how="semi")
            paths.update(rows["__filename"].unique())
    return [file for file in files_of(table) if path_of(file) in paths] if paths else []


def _small_files(table: Table, days: set[dt.date]) -> list[DataFile]:
    """The small files of those days that have many."""
    small: dict[dt.date, list[DataFile]] = {}
    for file in files_of(table):
        if file.file_size_in_bytes < MERGED_BELOW_BYTES and event_date(file) in days:
            small.setdefault(event_date(file), []).append(file)
    return [file for files in small.values() if len(files) >= MERGED_FROM_FILES for file in files]
