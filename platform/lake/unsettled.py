"""Unsettled objects: landed objects on which bronze and the two judged tables disagree.

Belongs here: the comparison, by row counts. Not here: judging them (`judge_silver`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
from pyiceberg.table import Table

from contracts.lineage import SOURCE_OBJECT
from lake.reading import read_hours
from lake.row_counts import count_rows


def find_unsettled(
    bronze: Table, judged: Sequence[Table], hours: Sequence[dt.datetime], version: str, again: bool
) -> pl.DataFrame:
    """The landed objects (`SOURCE_OBJECT`) of some hours that have to be judged: by row counts or contract version.

    `rows` is the number of an object's rows in bronze: these must be judged. `judged` is its number of rows in the
    `judged` tables (silver and rejected): these must leave. Null if there are none. `again` returns all objects of the
    hours.
    """
    landed = _count(bronze, hours, SOURCE_OBJECT)
    counts = pl.concat([_count(table, hours, [*SOURCE_OBJECT, "_contract_version"]) for table in judged])
    current = (pl.col("_contract_version") == version).all()
    totals = counts.group_by(SOURCE_OBJECT).agg(pl.col("rows").sum().alias("judged"), current.alias("current"))
    both = landed.join(totals, on=SOURCE_OBJECT, how="full", coalesce=True)
    settled = (pl.col("rows") == pl.col("judged")) & pl.col("current")
    return both.filter(pl.lit(again) | ~settled.fill_null(False)).cast({"rows": pl.Int64, "judged": pl.Int64})


def _count(table: Table, hours: Sequence[dt.datetime], columns: list[str]) -> pl.DataFrame:
    return count_rows(read_hours(table, hours, columns), dict.fromkeys(columns, pl.String()))
