"""Raw records: the bytes of some records, from bronze.

Belongs here: finding records in bronze by their lineage. Not here: which records, and what is done with the bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import polars as pl
from pyiceberg.table import Table

from contracts.lineage import LINEAGE
from events.concurrency import prefetch
from lake.reading import files_of_hours, read, with_texts


def read_raw(bronze: Table, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Some records (columns `LINEAGE` and any others), batch by batch, each with its `raw` bytes and `header`."""
    if records.is_empty():
        return
    hours = sorted(records["_arrival_hour"].unique())
    files = [file for run in _consecutive(hours) for file in files_of_hours(bronze, run)]
    lines = records["_line"].unique().implode()
    for batch in prefetch(read(bronze, files, [*LINEAGE, "raw", "header"])):
        near = pl.DataFrame(pl.from_arrow(batch)).filter(pl.col("_line").is_in(lines))
        found = with_texts(near).join(records, on=list(LINEAGE), how="inner")
        if not found.is_empty():
            yield found


def _consecutive(hours: list[dt.datetime]) -> Iterator[list[dt.datetime]]:
    """Sorted hours as runs of consecutive ones."""
    run: list[dt.datetime] = []
    for hour in hours:
        if run and hour - run[-1] > dt.timedelta(hours=1):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run
