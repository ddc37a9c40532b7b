"""Load: what lies in the landing zone and what bronze and its ledger hold are made to agree, hour by hour.

Belongs here: the reconciliation of bronze. Not here: Dagster (`bronze`), formats (`events.decode`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any

import polars as pl
import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Framing, Stream
from events import decode
from events.compression import Unreadable, verify
from events.concurrency import parallel_map, prefetch
from lake.landing import NOT_READABLE, LandedObject, Landing, Reader
from lake.ledger import ASTRAY, EMPTIED, LEDGER, OBJECT, days, entered, ledger_rows, of_hours, retried, unentered
from lake.reading import as_frame, files_of, files_within, frame, read
from lake.schemas import Layer
from lake.tables import BRONZE_SNAPSHOT, Lake, commit, recompute, rows_snapshot
from lake.writing import DataFileWriter

OUTSIDE = "outside the arrival hours that are partitions"
WAITING_BYTES = 64 << 20
BY_HOUR = pl.col("_arrival_hour")
BY_DAY = pl.col("arrival_hour").dt.date()


class StorageFailed(Exception):
    """The landing zone gives no object at all; the message names the first one and the reason."""


@dataclass
class Loaded:
    """What a load found: the ledger's current rows of the hours afterwards, and which objects it read or refused."""

    ledger: pl.DataFrame
    news: list[LandedObject] = field(default_factory=list)
    strays: list[LandedObject] = field(default_factory=list)
    snapshot_id: int | None = None


def load_bronze(
    lake: Lake,
    landing: Landing,
    stream: Stream,
    hours: Sequence[dt.datetime],
    window: tuple[dt.datetime, dt.datetime],
    now: dt.datetime,
) -> Loaded:
    """Bring bronze and ledger of some arrival hours in line with the landing zone.

    An object that is new or has changed replaces its rows; one that is unreadable is refused by name; one that has
    gone keeps its rows. Objects outside `window` (the hours that are partitions) are refused as well. Raises
    `StorageFailed` where none of the objects can be read.
    """
    return recompute(lambda: _attempt(lake, landing, stream, hours, window, now))


def _attempt(
    lake: Lake,
    landing: Landing,
    stream: Stream,
    hours: Sequence[dt.datetime],
    window: tuple[dt.datetime, dt.datetime],
    now: dt.datetime,
) -> Loaded:
    ledger, bronze = lake.table(Layer.LEDGER, stream), lake.table(Layer.BRONZE, stream)
    enter_unentered(ledger, bronze, landing, stream, now)
    known = ledger_rows(ledger, hours).filter("current")
    astray, landed = landing.strays(stream, window), landing.objects(stream, hours)
    strays = [o for o in astray if (o.path, o.version) not in entered(known, astray=True, retried=retried())]
    news = [o for o in landed if (o.path, o.version) not in entered(known, astray=False, retried=retried())]
    mended = _mended(known, hours, {o.path for o in (*astray, *landed)})
    if not (strays or news or mended):
        return Loaded(of_hours(known, hours), snapshot_id=rows_snapshot(bronze))
    entries = [_entry(o, now, refused=o.refused or OUTSIDE, astray=True) for o in strays]
    entries += [_entry(o, now, refused=o.refused) for o in news if o.refused]
    writer = DataFileWriter(bronze, BY_HOUR, threads=1)
    taken = read_objects(landing, stream, [o for o in news if not o.refused], writer, now)
    _demand_readable(taken, known)
    entries += taken
    replace(bronze, [entry for entry in entries if entry["records"] is not None], writer, [])
    entries = [*_not_told(entries, known, now), *mended]
    if entries:
        enter(ledger, pl.DataFrame(entries, schema=LEDGER), bronze)
    after = ledger_rows(ledger, hours).filter("current")
    return Loaded(of_hours(after, hours), news, strays, rows_snapshot(bronze))


def enter_unentered(ledger: Table, bronze: Table, landing: Landing, stream: Stream, now: dt.datetime) -> None:
    """Enter what bronze holds and the ledger does not know: a run has died between its two commits.

    The size of an object that has gone from the landing zone stays unknown.
    """
    missing = unentered(ledger, bronze)
    if not missing.is_empty():
        landed = landing.objects(stream, sorted(set(missing["arrival_hour"])))
        sizes = pl.DataFrame([(o.path, o.version, o.size) for o in landed], [*OBJECT, "size"], orient="row")
        told = {"refused": None, "current": True, "_ingested_at": now}
        entries = missing.with_columns(pl.lit(value, LEDGER[name]).alias(name) for name, value in told.items())
        entries = entries.join(sizes.cast({name: LEDGER[name] for name in sizes.columns}), on=OBJECT, how="left")
        enter(ledger, entries.select(list(LEDGER)), bronze)


def _demand_readable(taken: list[dict[str, Any]], known: pl.DataFrame) -> None:
    """Raise `StorageFailed` where the storage gave none of several objects, or the first one: that is not their fault.

    What the ledger knows to be unreadable is tried by the way, and proves nothing.
    """
    told = set(known.filter(pl.col("refused").is_not_null()).select(OBJECT).iter_rows())
    tried = [entry for entry in taken if (entry["path"], entry["version"]) not in told]
    failed = [entry for entry in tried if (entry["refused"] or "").startswith(NOT_READABLE)]
    if failed and len(failed) == len(tried):
        first = failed[0]
        raise StorageFailed(
            f"none of {len(failed)} objects can be read, so the storage or the permission to read it is at fault: "
            f"{first['path']}: {first['refused']}"
        )


def _mended(known: pl.DataFrame, hours: Sequence[dt.datetime], listed: set[str]) -> list[dict[str, Any]]:
    """The entries, no longer current, of refused folders that are not met any more: they can be listed, or are gone."""
    folders = pl.col("path").str.ends_with("/") & pl.col("refused").is_not_null() & ~pl.col("path").is_in(list(listed))
    return of_hours(known.filter(folders), [*hours, ASTRAY]).with_columns(current=False).to_dicts()


def _not_told(entries: list[dict[str, Any]], known: pl.DataFrame, now: dt.datetime) -> list[dict[str, Any]]:
    """Entries without the refusals that the ledger has, word for word, and that need not be told again yet."""
    young = known.filter(pl.col("refused").is_not_null() & ~retried(now))
    told = set(young.select(*OBJECT, "refused").iter_rows())
    return [entry for entry in entries if (entry["path"], entry["version"], entry["refused"]) not in told]


def read_objects(
    landing: Landing, stream: Stream, objects: Sequence[LandedObject], writer: DataFileWriter, now: dt.datetime
) -> list[dict[str, Any]]:
    """Write the records of objects into data files of bronze; their entries for the ledger."""
    entries: list[dict[str, Any]] = []
    ordered = sorted(objects, key=lambda o: (o.arrival_hour, o.path))
    if not ordered:
        return entries
    with (
        landing.reading(ordered) as reader,
        closing(parallel_map(lambda landed: (landed, _begun(reader, landed, stream.decoding)), ordered)) as begun,
    ):
        for hour, opened in groupby(begun, key=lambda item: item[0].arrival_hour):
            entries += [_take(landed, records, writer, now) for landed, records in opened]
            writer.finish_partition(hour)
    return entries


def _entry(
    landed: LandedObject,
    now: dt.datetime,
    *,
    records: int | None = None,
    refused: str | None = None,
    astray: bool = False,
) -> dict[str, Any]:
    return {
        "path": landed.path,
        "version": landed.version,
        "size": landed.size,
        "arrival_hour": ASTRAY if astray else landed.arrival_hour,
        "records": records,
        "refused": refused,
        "current": True,
        "_ingested_at": now,
    }


def _begun(
    reader: Reader, landed: LandedObject, decoding: tuple[Framing, ...]
) -> Iterator[pa.RecordBatch] | Unreadable:
    """An object's records, of which the beginning has been read, or why there are none."""
    records = _whole(reader, landed, decoding)
    try:
        return chain([batch for batch in [next(records, None)] if batch], records)
    except Unreadable as reason:
        return reason


def _take(
    landed: LandedObject,
    records: Iterator[pa.RecordBatch] | Unreadable,
    writer: DataFileWriter,
    now: dt.datetime,
) -> dict[str, Any]:
    """Write an object's records and return its ledger row; nothing of it is written when it cannot be read whole."""
    if isinstance(records, Unreadable):
        return _entry(landed, now, refused=str(records))
    total = 0
    for batch in records:
        total += batch.num_rows
        writer.write_arrow(landed.arrival_hour, _lineage(batch, landed, now).select(writer.columns))
    return _entry(landed, now, records=total)


def _whole(reader: Reader, landed: LandedObject, decoding: tuple[Framing, ...]) -> Iterator[pa.RecordBatch]:
    """The records of an object that is known to be readable to its end. Raises `Unreadable` before the first one.

    A small object waits in memory until its end has been seen; a large one is read twice.
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


def _lineage(batch: pa.RecordBatch, landed: LandedObject, now: dt.datetime) -> pa.Table:
    """Records with the lineage columns of bronze."""
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


def replace(
    bronze: Table, entries: Sequence[Mapping[str, Any]], writer: DataFileWriter, lost: Sequence[DataFile]
) -> None:
    """Commit the written records in place of all earlier ones of the same objects, and without some data files."""
    paths = {entry["path"] for entry in entries}
    removed = _holding(bronze, sorted({entry["arrival_hour"] for entry in entries}), paths)
    before: set[str] = set()
    for batch in read(bronze, removed):
        rows = as_frame(batch)
        replaced = pl.col("_source_file").is_in(list(paths))
        before.update(rows.filter(replaced)["_source_file"].unique())
        writer.write(rows.filter(~replaced))
    emptied = [(e["path"], e["version"]) for e in entries if not e["records"] and e["path"] in before]
    added = writer.finish()
    if added or removed or lost:
        commit(bronze, added, [*removed, *lost], {EMPTIED: json.dumps(emptied)} if emptied else {})


def _holding(bronze: Table, hours: Sequence[dt.datetime], paths: set[str]) -> list[DataFile]:
    """Bronze's data files that hold rows of some landed objects."""
    found = []
    for file in files_within(bronze, hours) if hours else []:
        batches = read(bronze, [file], ["_source_file"])
        if paths & {path for batch in batches for path in batch.column(0).unique().to_pylist()}:
            found.append(file)
    return found


def enter(ledger: Table, entries: pl.DataFrame, bronze: Table, lost: Sequence[DataFile] = ()) -> None:
    """Write the entries into the ledger, which then agrees with bronze as it is; some data files leave it.

    Earlier versions of the same objects stay, no longer current.
    """
    files = files_of(ledger, days([hour for hour in entries["arrival_hour"] if hour != ASTRAY]))
    before = frame(read(ledger, files), LEDGER)
    again = before.join(entries, on=OBJECT, how="anti")
    loaded = entries.filter(pl.col("records").is_not_null())["path"].implode()
    refused_again = pl.col("refused").is_not_null() & pl.col("path").is_in(entries["path"].implode())
    current = pl.col("current") & ~pl.col("path").is_in(loaded) & ~refused_again  # a refusal replaces no rows
    writer = DataFileWriter(ledger, BY_DAY)
    writer.write(pl.concat([again.with_columns(current), entries]))
    snapshot = rows_snapshot(bronze)
    commit(ledger, writer.finish(), [*files, *lost], {BRONZE_SNAPSHOT: str(snapshot)} if snapshot else {})
