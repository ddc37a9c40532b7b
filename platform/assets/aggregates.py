"""Aggregates: what a snapshot's rows amount to, arrival hour by arrival hour, in bounded memory.

Belongs here: grouping in SQL as the rows stream by. Not here: what is asked of them (`checks`, `rejected`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import duckdb
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
