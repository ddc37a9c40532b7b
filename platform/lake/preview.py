"""Preview: a few rows of silver that people may look at.

Belongs here: which rows and columns are shown. Not here: how Dagster shows them (`assets.ui`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
from pyiceberg.table import Table

from contracts.stream import Stream
from lake.printable import printable
from lake.reading import as_frame, files_of_hours, hours_filter, read

ROWS, COLUMNS, CHARACTERS = 10, 6, 20


def shown_columns(stream: Stream) -> list[str]:
    """The columns of silver that may be shown, the time first: those that the contract does not class as personal."""
    return ["event_at", *(name for name in stream.types if name != "event_at" and not _is_personal(stream, name))]


def _is_personal(stream: Stream, name: str) -> bool:
    """Whether a column, or one that it is computed from, is classed as personal."""
    source = stream.source_of(name)
    computed_from = [] if source["compute"] is None else source["compute"].meta.root_names()
    return source["personal"] is not None or any(_is_personal(stream, other) for other in computed_from)


def first_rows(silver: Table, stream: Stream, snapshot: int | None, hour: dt.datetime) -> list[dict[str, str]]:
    """Up to ten rows of an arrival hour in a snapshot, as texts: the first six columns that have a value in them."""
    parts: list[pl.DataFrame] = []
    for batch in _batches(silver, shown_columns(stream), snapshot, hour):
        parts.append(batch)
        if sum(map(len, parts)) >= ROWS:
            break
    if not parts:
        return []
    rows = pl.concat(parts).head(ROWS)
    filled = [column.name for column in rows if column.null_count() < len(rows)][:COLUMNS]
    return [{name: _text(value) for name, value in row.items()} for row in rows.select(filled).iter_rows(named=True)]


def _batches(silver: Table, columns: list[str], snapshot: int | None, hour: dt.datetime) -> Iterator[pl.DataFrame]:
    for file in files_of_hours(silver, [hour], snapshot) if snapshot else []:
        for batch in read(silver, [file], columns, hours_filter([hour]), batch_rows=1024):
            yield as_frame(batch.slice(0, ROWS))


def _text(value: object) -> str:
    text = f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, dt.datetime) else str("" if value is None else value)
    return printable(text if len(text) <= CHARACTERS else text[: CHARACTERS - 3] + "...")
