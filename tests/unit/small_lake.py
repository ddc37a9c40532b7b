"""A lake in a folder, and silver rows for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.commerce import COMMERCE
from lake.reading import files_of, read
from lake.tables import Lake
from lake.writing import DataFileWriter

HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


def silver_rows(*events: tuple[str, int], **columns: Any) -> pl.DataFrame:
    """One row per (event id, day of May 2024)."""
    rows = [
        {
            "event_id": event_id,
            "event_name": "page_view",
            "event_at": dt.datetime(2024, 5, day, 9, tzinfo=dt.UTC),
            "items": [{"product_id": event_id, "quantity": 1}],
            "_arrival_hour": HOUR,
            "_source_file": "f",
            "_source_version": "v",
            "_line": number,
            "_key": event_id.encode(),
            "_content": b"c",
            "_contract_version": "1",
            **columns,
        }
        for number, (event_id, day) in enumerate(events, 1)
    ]
    types = {name: COMMERCE.types[name] for name in ("event_id", "event_name", "event_at")}
    return pl.DataFrame(rows, schema_overrides={**types, "_arrival_hour": pl.Datetime("us", "UTC")}).with_columns(
        pl.col("items").cast(pl.List(pl.Struct({"product_id": pl.String, "quantity": pl.Int64})))
    )


@pytest.fixture(scope="session")
def silver() -> Callable[..., pl.DataFrame]:
    return silver_rows


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return new_lake(tmp_path)


def new_lake(folder: Path) -> Lake:
    return Lake({"uri": f"sqlite:///{folder}/catalog.db", "warehouse": f"file://{folder}"}, folder / "scratch")


@pytest.fixture(scope="session")
def write() -> Callable[..., list[DataFile]]:
    """Writes rows as data files of a table partitioned by event date."""

    def run(table: Table, rows: pl.DataFrame) -> list[DataFile]:
        wanted = table.schema().as_arrow()
        writer = DataFileWriter(table, pl.col("event_at").dt.date())
        items = pl.DataFrame(pl.from_arrow(wanted.empty_table())).schema["items"]
        if "items" in rows.columns:
            fields = [field.name for field in items.inner.fields]  # type: ignore[attr-defined]
            have = [field.name for field in rows.schema["items"].inner.fields]  # type: ignore[attr-defined]
            each = [pl.element().struct.field(n) if n in have else pl.lit(None).alias(n) for n in fields]
            rows = rows.with_columns(pl.col("items").list.eval(pl.struct(each)).cast(items))
        writer.write(rows)
        return writer.finish()

    return run


@pytest.fixture(scope="session")
def content() -> Callable[..., list[dict[str, Any]]]:
    """A table's rows, by event id."""

    def rows(table: Table, snapshot_id: int | None = None) -> list[dict[str, Any]]:
        batches = read(table, files_of(table, snapshot_id=snapshot_id))
        found = [row for batch in batches for row in batch.to_pylist()]
        return sorted(found, key=lambda row: str(row["event_id"]))

    return rows
