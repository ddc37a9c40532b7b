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

import numpy as np
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
GATHERED_BYTES = 256 << 10


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
            gathering = _Gathering(writer, hour, now)
            entries += [_write(landed, records, gathering, now) for landed, records in of_hour]
            gathering.flush()
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
    landed: LandedObject, records: Iterator[pa.RecordBatch] | Unreadable, gathering: _Gathering, now: dt.datetime
) -> dict[str, Any]:
    """Write an object's records, or nothing if it is unreadable; returns its entry for the ledger."""
    if isinstance(records, Unreadable):
        return ledger_entry(landed, now, refused=str(records))
    total = 0
    for batch in records:
        total += batch.num_rows
        gathering.add(landed, batch)
    return ledger_entry(landed, now, records=total)


class _Gathering:
    """Records of an hour on their way to the writer. Small objects go together, as each write has a fixed cost."""

    def __init__(self, writer: DataFileWriter, hour: dt.datetime | None, now: dt.datetime) -> None:
        self.writer, self.hour, self.now = writer, hour, now
        self.parts: list[tuple[LandedObject, pa.RecordBatch]] = []
        self.bytes = 0

    def add(self, landed: LandedObject, batch: pa.RecordBatch) -> None:
        """Take a batch of an object, in landing order."""
        self.parts.append((landed, batch))
        self.bytes += batch.nbytes
        if self.bytes >= GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write all that was taken, with the lineage columns of bronze."""
        if not self.parts:
            return
        objects = list(dict.fromkeys(landed for landed, _ in self.parts))
        index = {landed: number for number, landed in enumerate(objects)}
        rows = pa.Table.from_batches([batch for _, batch in self.parts]).combine_chunks()
        of_object = np.repeat([index[landed] for landed, _ in self.parts], [len(batch) for _, batch in self.parts])
        numbers = pa.array(of_object.astype(np.int32))
        instant = pa.timestamp("us", "UTC")
        columns = {
            "_arrival_hour": pa.repeat(pa.scalar(self.hour, instant), len(rows)),
            "_source_file": _dictionary(numbers, [landed.path for landed in objects]),
            "_source_version": _dictionary(numbers, [landed.version for landed in objects]),
            "_ingested_at": pa.repeat(pa.scalar(self.now, instant), len(rows)),
        }
        for name, values in columns.items():
            rows = rows.append_column(name, values)
        self.parts, self.bytes = [], 0
        self.writer.write_arrow(self.hour, rows.select(self.writer.columns))


def _dictionary(numbers: pa.Array, texts: list[str]) -> pa.DictionaryArray:
    """The texts with these numbers. Equal texts are one entry, as a dictionary must have it."""
    entries = list(dict.fromkeys(texts))
    if len(entries) < len(texts):
        places = {text: place for place, text in enumerate(entries)}
        numbers = pa.array([places[text] for text in texts], pa.int32()).take(numbers)
    return pa.DictionaryArray.from_arrays(numbers, pa.array(entries, pa.large_string()))
