"""Load bronze: new and changed objects of the landing zone are loaded into bronze and entered in the ledger.

Belongs here: what to load for some arrival hours, and the two commits: bronze first, then the ledger. Not here: Dagster
(`assets.bronze`), formats (`events.decode`), how objects become data files (`read_objects`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Stream
from lake.commits import commit, retry_on_conflict
from lake.landing import NOT_READABLE, LandedObject, Landing
from lake.ledger import (
    EMPTIED,
    OBJECT,
    OUTSIDE_HOUR,
    days_filter,
    known_objects,
    ledger_rows,
    missing_entries,
    rows_of_hours,
    to_retry,
)
from lake.read_objects import bronze_writer, ledger_entry, read_objects
from lake.reading import as_frame, concatenated, files_of, files_of_hours, read
from lake.schemas import LEDGER, PARTITION_BY, Layer
from lake.snapshots import BRONZE_SNAPSHOT, rows_snapshot
from lake.tables import Lake
from lake.writing import DataFileWriter
from partitions import Window

OUTSIDE = "outside the arrival hours that are partitions"


class StorageFailed(Exception):
    """No object of the landing zone can be read; the message names the first one and the reason."""


@dataclass
class Loaded:
    """What a load did: the hours' current rows of the ledger afterwards, and which objects it found new.

    `new` are objects of the hours, `outside` objects outside the window.
    """

    ledger: pl.DataFrame
    new: list[LandedObject] = field(default_factory=list)
    outside: list[LandedObject] = field(default_factory=list)
    snapshot_id: int | None = None


def load_bronze(
    lake: Lake, landing: Landing, stream: Stream, hours: Sequence[dt.datetime], window: Window, now: dt.datetime
) -> Loaded:
    """Load the new and changed objects of some arrival hours into bronze, and record them in the ledger.

    A changed object replaces its earlier rows. An unreadable one is refused, with the reason in the ledger, and so
    is a new one outside `window`, the hours that are partitions. An object that is gone keeps its rows. Raises
    `StorageFailed` if none of the objects can be read.
    """
    return retry_on_conflict(lambda: _attempt(lake, landing, stream, hours, window, now))


def _attempt(
    lake: Lake, landing: Landing, stream: Stream, hours: Sequence[dt.datetime], window: Window, now: dt.datetime
) -> Loaded:
    ledger, bronze = lake.table(Layer.LEDGER, stream), lake.table(Layer.BRONZE, stream)
    add_missing_entries(ledger, bronze, landing, stream, now)
    known = ledger_rows(ledger, hours).filter("current")
    all_outside, landed = landing.objects_outside(stream, window), landing.objects(stream, hours)
    outside = _unknown(all_outside, known_objects(known, outside_window=True, retry=to_retry()))
    outside = _unknown(outside, _loaded_earlier(ledger, outside))
    new = _unknown(landed, known_objects(known, outside_window=False, retry=to_retry()))
    listable = _listable_folders(known, hours, {o.path for o in (*all_outside, *landed)})
    if not (outside or new or listable):
        return Loaded(rows_of_hours(known, hours), snapshot_id=rows_snapshot(bronze))
    entries = [ledger_entry(o, now, refused=o.refused or OUTSIDE, outside_window=True) for o in outside]
    entries += [ledger_entry(o, now, refused=o.refused) for o in new if o.refused]
    writer = bronze_writer(bronze)
    read_now = read_objects(landing, stream, [o for o in new if not o.refused], writer, now)
    _require_some_readable(read_now, known)
    entries += read_now
    replace_objects(bronze, [entry for entry in entries if entry["records"] is not None], writer, [])
    entries = [*_without_known_refusals(entries, known, now), *listable]
    if entries:
        write_entries(ledger, pl.DataFrame(entries, schema=LEDGER), bronze)
    after = ledger_rows(ledger, hours).filter("current")
    return Loaded(rows_of_hours(after, hours), new, outside, rows_snapshot(bronze))


def _unknown(landed: Sequence[LandedObject], known: set[tuple[str, str]]) -> list[LandedObject]:
    return [landed_object for landed_object in landed if (landed_object.path, landed_object.version) not in known]


def _loaded_earlier(ledger: Table, outside: Sequence[LandedObject]) -> set[tuple[str, str]]:
    """The objects that were loaded when the window began earlier. They stay as they are."""
    hours = [landed.arrival_hour for landed in outside if landed.arrival_hour]
    if not hours:
        return set()
    loaded = ledger_rows(ledger, hours).filter("current", pl.col("records").is_not_null())
    return set(loaded.select(OBJECT).iter_rows())


def add_missing_entries(ledger: Table, bronze: Table, landing: Landing, stream: Stream, now: dt.datetime) -> None:
    """Enter the objects that bronze holds and the ledger lacks, because a run died between its two commits.

    The size of an object that is gone from the landing zone stays unknown.
    """
    missing = missing_entries(ledger, bronze)
    if missing.is_empty():
        return
    constants = {"refused": None, "current": True, "_ingested_at": now}
    entries = missing.with_columns(pl.lit(value, LEDGER[name]).alias(name) for name, value in constants.items())
    write_entries(ledger, with_landed_sizes(entries, landing, stream).select(list(LEDGER)), bronze)


def with_landed_sizes(objects: pl.DataFrame, landing: Landing, stream: Stream) -> pl.DataFrame:
    """Objects (`OBJECT` and arrival hour) with a column `size`; null if the landing zone lacks that version."""
    hours = sorted(set(objects["arrival_hour"]))
    landed = landing.objects(stream, hours) if hours else []
    schema = {name: LEDGER[name] for name in (*OBJECT, "size")}
    sizes = pl.DataFrame([(o.path, o.version, o.size) for o in landed], schema, orient="row")
    return objects.join(sizes, on=OBJECT, how="left")


def _require_some_readable(read_now: list[dict[str, Any]], known: pl.DataFrame) -> None:
    """Raise `StorageFailed` if the storage gave none of the objects: then the objects are not at fault.

    Objects that the ledger already knows as unreadable do not count.
    """
    refused = set(known.filter(pl.col("refused").is_not_null()).select(OBJECT).iter_rows())
    tried = [entry for entry in read_now if (entry["path"], entry["version"]) not in refused]
    failed = [entry for entry in tried if (entry["refused"] or "").startswith(NOT_READABLE)]
    if failed and len(failed) == len(tried):
        first = failed[0]
        raise StorageFailed(
            f"none of {len(failed)} objects can be read, so the storage or the permission to read it is at fault: "
            f"{first['path']}: {first['refused']}"
        )


def _listable_folders(known: pl.DataFrame, hours: Sequence[dt.datetime], listed: set[str]) -> list[dict[str, Any]]:
    """Entries of refused folders that are no longer reported, as they can be listed now or are gone. Not current."""
    folders = pl.col("path").str.ends_with("/") & pl.col("refused").is_not_null() & ~pl.col("path").is_in(list(listed))
    return rows_of_hours(known.filter(folders), [*hours, OUTSIDE_HOUR]).with_columns(current=False).to_dicts()


def _without_known_refusals(
    entries: list[dict[str, Any]], known: pl.DataFrame, now: dt.datetime
) -> list[dict[str, Any]]:
    """The entries, without refusals that the ledger already has in the same words and that are not due for a retry."""
    recent = known.filter(pl.col("refused").is_not_null() & ~to_retry(now))
    same = set(recent.select(*OBJECT, "refused").iter_rows())
    return [entry for entry in entries if (entry["path"], entry["version"], entry["refused"]) not in same]


def replace_objects(
    bronze: Table, entries: Sequence[Mapping[str, Any]], writer: DataFileWriter, lost: Sequence[DataFile]
) -> None:
    """Commit the written records in place of all earlier ones of the same objects; lost data files are removed too."""
    paths = {entry["path"] for entry in entries}
    removed = _files_holding(bronze, sorted({entry["arrival_hour"] for entry in entries}), paths)
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


def _files_holding(bronze: Table, hours: Sequence[dt.datetime], paths: set[str]) -> list[DataFile]:
    """Bronze's data files that hold rows of some landed objects."""
    found = []
    for file in files_of_hours(bronze, hours) if hours else []:
        batches = read(bronze, [file], ["_source_file"])
        if paths & {path for batch in batches for path in batch.column(0).unique().to_pylist()}:
            found.append(file)
    return found


def write_entries(ledger: Table, entries: pl.DataFrame, bronze: Table, lost: Sequence[DataFile] = ()) -> None:
    """Commit entries (`LEDGER`) into the ledger, which then agrees with bronze; lost data files are removed.

    Earlier versions of the same objects stay, no longer current.
    """
    files = files_of(ledger, days_filter([hour for hour in entries["arrival_hour"] if hour != OUTSIDE_HOUR]))
    before = concatenated(read(ledger, files), LEDGER)
    others = before.join(entries, on=OBJECT, how="anti")
    loaded = entries.filter(pl.col("records").is_not_null())["path"].implode()
    refused_again = pl.col("refused").is_not_null() & pl.col("path").is_in(entries["path"].implode())
    current = pl.col("current") & ~pl.col("path").is_in(loaded) & ~refused_again  # a refusal replaces no rows
    writer = DataFileWriter(ledger, PARTITION_BY[Layer.LEDGER])
    writer.write(pl.concat([others.with_columns(current), entries]))
    snapshot = rows_snapshot(bronze)
    commit(ledger, writer.finish(), [*files, *lost], {BRONZE_SNAPSHOT: str(snapshot)} if snapshot else {})
