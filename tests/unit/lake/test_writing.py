"""Data files: their statistics in manifests, and writing many partitions at once."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile

from contracts.commerce import COMMERCE
from lake.reading import event_date, read
from lake.schemas import Layer
from lake.writing import DataFileWriter

EVENT_DATE = pl.col("event_at").dt.date()


def said(file: DataFile) -> dict[str, Any]:
    return {name: value for name, value in vars(file).items() if name != "_data"} | dict(enumerate(file._data))


def test_a_file_is_described_as_a_reader_of_it_would(lake: Any, write: Any, silver: Any) -> None:
    """Sizes, counts, bounds and offsets are taken from the footer as it is written; the file is not read again."""
    table = lake.table(Layer.SILVER, COMMERCE)
    files = write(table, silver(("a", 1), ("b", 2), ("c", 1)))
    assert [said(file) for file in files] == [
        said(parquet_file_to_data_file(table.io, table.metadata, file.file_path)) for file in files
    ]


@pytest.mark.parametrize("days", [[1, 1, 1, 2], [1, 2, 3, 4], [2, 2, 2, 2]])
@pytest.mark.parametrize("lost", [set(), {0}, {3}, {1, 2}, {0, 1, 2, 3}])
def test_rows_that_lost_are_left_out_wherever_they_lie(lake: Any, silver: Any, days: list[int], lost: set[int]) -> None:
    """The mask refers to the prepared rows. A partition without any kept row gets no file."""
    table = lake.table(Layer.SILVER, COMMERCE)
    writer = DataFileWriter(table, EVENT_DATE)
    rows = silver(*((f"e{place}", day) for place, day in enumerate(days))).drop("items")
    writer.take(writer.prepared(rows), pl.Series([place not in lost for place in range(4)]))
    files = writer.finish()
    held = [row for batch in read(table, files, ["event_id"]) for row in batch.column(0).to_pylist()]
    assert sorted(held) == [f"e{place}" for place in range(4) if place not in lost]
    assert {event_date(file).day for file in files} == {days[place] for place in range(4) if place not in lost}


def test_few_rows_do_not_hold_on_to_many(lake: Any, silver: Any) -> None:
    """A late event waits for others of its day. It must not keep its whole batch in memory meanwhile."""
    table = lake.table(Layer.SILVER, COMMERCE)
    writer = DataFileWriter(table, EVENT_DATE)
    days = [*[1] * 5_000, *[2] * 500, 3]
    rows = writer.prepared(silver(*((f"e{place}", day) for place, day in enumerate(days))).drop("items"))
    writer.take(rows)
    (few,) = writer.few
    assert len(few) == 501
    assert _held(few) < rows.nbytes / 5
    writer._share_out()
    ((late, _),) = writer.partitions[rows.column("event_at")[-1].as_py().date()].waiting
    assert len(late) == 1
    assert _held(late) < _held(few) / 10
    assert sum(file.record_count for file in writer.finish()) == len(days)


def _held(rows: pa.Table) -> int:
    """The bytes that rows keep in memory, including those of other rows."""
    return sum(buffer.size for column in rows.columns for buffer in _buffers(column))


def _buffers(column: pa.ChunkedArray) -> list[pa.Buffer]:
    return [buffer for chunk in column.chunks for buffer in chunk.buffers() if buffer is not None]
