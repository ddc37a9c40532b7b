"""Read objects: landed objects become data files of bronze, and entries for the ledger.

Belongs here: reading and decoding whole objects, several at a time. Not here: which objects, and commits
(`load_bronze`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain, groupby
from typing import Any

import pyarrow as pa
from pyiceberg.table import Table

from contracts.stream import Framing, Stream
from events import decode
from events.compression import Unreadable, verify
from events.concurrency import parallel_map, prefetch
from lake.landing import LandedObject, Landing, Reader
from lake.ledger import OUTSIDE_HOUR
from lake.schemas import PARTITION_BY, Layer
from lake.writing import DataFileWriter

WAITING_BYTES = 64 << 20


def bronze_writer(bronze: Table) -> DataFileWriter:
    """A writer for `read_objects`. It has one thread, so that records stay in landing order."""
    return DataFileWriter(bronze, PARTITION_BY[Layer.BRONZE], threads=1)


def read_objects(
    landing: Landing, stream: Stream, objects: Sequence[LandedObject], writer: DataFileWriter, now: dt.datetime
) -> list[dict[str, Any]]:
    """Write the records of objects into data files of bronze; returns the objects' entries for the ledger."""
    entries: list[dict[str, Any]] = []
    ordered = sorted(objects, key=lambda o: (o.arrival_hour, o.path))
    if not ordered:
        return entries
    with (
        landing.reading(ordered) as reader,
        closing(parallel_map(lambda landed: (landed, _start(reader, landed, stream.decoding)), ordered)) as started,
    ):
        for hour, of_hour in groupby(started, key=lambda item: item[0].arrival_hour):
            entries += [_write(landed, records, writer, now) for landed, records in of_hour]
            writer.finish_partition(hour)
    return entries


def ledger_entry(
    landed: LandedObject,
    now: dt.datetime,
    *,
    records: int | None = None,
    refused: str | None = None,
    outside_window: bool = False,
) -> dict[str, Any]:
    """An object's row of the ledger (`schemas.LEDGER`)."""
    return {
        "path": landed.path,
        "version": landed.version,
        "size": landed.size,
        "arrival_hour": OUTSIDE_HOUR if outside_window else landed.arrival_hour,
        "records": records,
        "refused": refused,
        "current": True,
        "_ingested_at": now,
    }


def _start(
    reader: Reader, landed: LandedObject, decoding: tuple[Framing, ...]
) -> Iterator[pa.RecordBatch] | Unreadable:
    """An object's records, with the first batch decoded, or why it cannot be read. Runs in a thread."""
    records = _decode_whole(reader, landed, decoding)
    try:
        return chain([batch for batch in [next(records, None)] if batch], records)
    except Unreadable as reason:
        return reason


def _decode_whole(reader: Reader, landed: LandedObject, decoding: tuple[Framing, ...]) -> Iterator[pa.RecordBatch]:
    """The records of an object. Raises `Unreadable` before the first record unless the object is readable to its end.

    A small object waits in memory until its end has been decoded. A large one is read twice.
    """
    waiting: list[pa.RecordBatch] = []
    with reader.open(landed) as source:
        records = decode.records(source, landed.path, decoding)
        for batch in records:
            waiting.append(batch)
            if sum(part.nbytes for part in waiting) > WAITING_BYTES:
                with reader.open(landed) as again:
                    verify(again, landed.path)
                yield from waiting
                waiting = []
                yield from prefetch(records)
    yield from waiting


def _write(
    landed: LandedObject, records: Iterator[pa.RecordBatch] | Unreadable, writer: DataFileWriter, now: dt.datetime
) -> dict[str, Any]:
    """Write an object's records, or nothing if it is unreadable; returns its entry for the ledger."""
    if isinstance(records, Unreadable):
        return ledger_entry(landed, now, refused=str(records))
    total = 0
    for batch in records:
        total += batch.num_rows
        writer.write_arrow(landed.arrival_hour, _with_lineage(batch, landed, now).select(writer.columns))
    return ledger_entry(landed, now, records=total)


def _with_lineage(batch: pa.RecordBatch, landed: LandedObject, now: dt.datetime) -> pa.Table:
    """Decoded records with the lineage columns of bronze."""
    instant = pa.timestamp("us", "UTC")
    first = pa.repeat(pa.scalar(0, pa.int32()), batch.num_rows)
    constants = {
        "_arrival_hour": pa.repeat(pa.scalar(landed.arrival_hour, instant), batch.num_rows),
        "_source_file": pa.DictionaryArray.from_arrays(first, pa.array([landed.path], pa.large_string())),
        "_source_version": pa.DictionaryArray.from_arrays(first, pa.array([landed.version], pa.large_string())),
        "_ingested_at": pa.repeat(pa.scalar(now, instant), batch.num_rows),
    }
    rows = pa.Table.from_batches([batch])
    for name, value in constants.items():
        rows = rows.append_column(name, value)
    return rows
