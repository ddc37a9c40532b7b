"""Aggregates: what a snapshot's rows amount to, in bounded memory.

Belongs here: grouping as the rows stream by. Not here: what is asked of them (`checks`, `reconcile`, `rejected`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from pyiceberg.table import Table

from resources.rows import read_hours
from resources.schemas import coded


def grouped(
    table: Table, snapshot: int | None, hours: Sequence[dt.datetime], columns: list[str], what: str, by: str = ""
) -> pl.DataFrame:
    """Aggregates (`what`, SQL over `columns`) of a snapshot's rows by arrival hour (`hour`) and perhaps more (`by`)."""
    names = ["_arrival_hour", *columns]
    schema = coded(pa.schema([table.schema().as_arrow().field(name).remove_metadata() for name in names]))
    batches = (batch.cast(schema) for batch in read_hours(table, hours, names, snapshot))
    with duckdb.connect(":memory:", config={"threads": "2"}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.register("rows", pa.RecordBatchReader.from_batches(schema, batches))
        more = f", {by}" if by else ""
        query = f"SELECT _arrival_hour AS hour{more}, {what} FROM rows GROUP BY _arrival_hour{more}"
        result = pl.DataFrame(pl.from_arrow(con.sql(query).to_arrow_table()))
    return result.with_columns(pl.col("hour").cast(pl.Datetime("us", "UTC")))


def row_counts(batches: Iterable[pa.RecordBatch], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """How many `rows` there are of each combination of columns, which have few values and no nulls."""
    found: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        coded = [column.dictionary_encode() for column in map(batch.column, columns)]
        sizes = [len(column.dictionary) for column in coded]
        places = np.ravel_multi_index([column.indices.to_numpy() for column in coded], sizes)
        for place, count in zip(*np.unique(places, return_counts=True), strict=True):
            codes = np.unravel_index(place, sizes)
            values = (column.dictionary[int(code)].as_py() for column, code in zip(coded, codes, strict=True))
            found[tuple(values)] += int(count)
    rows = [(*values, count) for values, count in found.items()]
    return pl.DataFrame(rows, {**columns, "rows": pl.UInt32()}, orient="row")
