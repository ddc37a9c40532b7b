"""Mend: a stream's tables are made whole after data files of theirs were lost.

Belongs here: which rows are gone, where they come from again, and what is lost for good. Not here: Dagster (`repair`),
what makes a file damaged (`lake.damage`), or lost metadata.

Bronze is made whole from what still lies in the landing zone, silver and rejected from bronze. Each table loses its
damaged files with the commit that brings their rows back, so that a crash leaves either the damage or the mended table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Scope, Stream
from events.conform import Conformers
from lake.aggregates import row_counts
from lake.contest import LOSERS
from lake.damage import Damage, damaged
from lake.judge_silver import SnapshotSet, judge_silver
from lake.landing import Landing
from lake.ledger import LEDGER, LOST, OBJECT, ledger_rows
from lake.load_bronze import BY_HOUR, enter, enter_unentered, read_objects, replace
from lake.reading import UNIX, WithoutFiles, arrival_hour, event_date, files_of, read, span
from lake.schemas import Layer
from lake.tables import Lake, recompute, restore
from lake.writing import DataFileWriter

_HOUR = pl.Datetime("us", "UTC")
_SOURCES: dict[str, pl.DataType] = {
    "_arrival_hour": _HOUR, "_source_file": pl.String(), "_source_version": pl.String()
}  # fmt: skip
_OBJECTS = ["arrival_hour", *OBJECT]
_JUDGED = (Layer.SILVER, Layer.REJECTED)


@dataclass(frozen=True)
class LostRecords:
    """Records of a landed object that are in no file any more; of no object where nobody knows of which they were."""

    path: str | None
    version: str | None
    hour: dt.datetime
    records: int


@dataclass
class Mended:
    """What was found damaged, which objects were read again, which hours judged again, and what is lost for good.

    `forgotten` are days of the ledger whose refused, empty and earlier objects are known to nobody any more.
    """

    damage: dict[Layer, list[Damage]]
    read_again: list[str] = field(default_factory=list)
    judged_again: list[dt.datetime] = field(default_factory=list)
    lost: list[LostRecords] = field(default_factory=list)
    forgotten: list[dt.date] = field(default_factory=list)


def mend(
    lake: Lake, landing: Landing, stream: Stream, conformers: Conformers, now: dt.datetime, pages: bool = True
) -> Mended:
    """Find the damaged data files of a stream's four tables and bring their rows back.

    `pages`: every byte is looked at, not only whether files are there, whole in length, and their footers right.
    """
    mended = recompute(lambda: _mend_bronze(lake, landing, stream, now, pages))
    recompute(lambda: _mend_silver(lake, stream, conformers, now, mended))
    return mended


def _mend_bronze(lake: Lake, landing: Landing, stream: Stream, now: dt.datetime, pages: bool) -> Mended:
    tables = {layer: lake.table(layer, stream) for layer in Layer}
    tables[Layer.REJECTED] = restore(tables[Layer.REJECTED], SnapshotSet.by(tables[Layer.SILVER]).rejected)
    mended = Mended({layer: damaged(table, files_of(table), pages) for layer, table in tables.items()})
    lost = {layer: [damage.file for damage in found] for layer, found in mended.damage.items()}
    intact = {layer: WithoutFiles(table, lost[layer]) for layer, table in tables.items()}
    ledger, bronze = intact[Layer.LEDGER], intact[Layer.BRONZE]
    if not lost[Layer.LEDGER]:
        enter_unentered(ledger, bronze, landing, stream, now)
    told = ledger_rows(ledger, None).filter("current", pl.col("records").is_not_null())
    held = _counts([bronze])
    expected = _expected(told, held, _counts([intact[layer] for layer in _JUDGED]))
    both = expected.join(held, on=_OBJECTS, how="left").with_columns(pl.col("rows").fill_null(0))
    gone = both.filter(pl.col("rows") < pl.col("records"))
    again = _read_again(landing, stream, bronze, gone, lost[Layer.BRONZE], now)
    never = gone.join(again, on=_OBJECTS, how="anti")
    entries = pl.concat([again, _entries(never.with_columns(_loss()), now), _entries(_unknown(held, told, gone), now)])
    if lost[Layer.LEDGER] or not entries.is_empty():
        enter(ledger, entries, bronze, lost[Layer.LEDGER])
    mended.read_again = again["path"].sort().to_list()
    mended.lost = _lost(never, gone, lost[Layer.BRONZE])
    mended.forgotten = sorted({event_date(file) for file in lost[Layer.LEDGER]})
    return mended


def _counts(tables: Iterable[Table]) -> pl.DataFrame:
    """How many `rows` some tables have of each object (`_OBJECTS`)."""
    found = [row_counts(read(table, files_of(table), [*_SOURCES]), _SOURCES) for table in tables]
    summed = pl.concat(found).group_by(list(_SOURCES)).agg(pl.col("rows").sum().cast(pl.Int64))
    return summed.rename(dict(zip(_SOURCES, _OBJECTS, strict=True)))


def _expected(told: pl.DataFrame, held: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """The `records` that bronze ought to have of each object, and its `size`.

    As the ledger says; of what it does not know any more, as many as were judged, if no other version came since.
    """
    others = held.join(judged, on=_OBJECTS, how="anti")
    unknown = judged.join(told, on="path", how="anti").join(others, on="path", how="anti")
    counted = unknown.select(*_OBJECTS, pl.col("rows").alias("records"), pl.lit(None, pl.Int64).alias("size"))
    return pl.concat([told.select(*_OBJECTS, "records", "size"), counted])


def _unknown(held: pl.DataFrame, told: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """What bronze holds whole and the ledger does not know."""
    found = held.join(told, on=_OBJECTS, how="anti").join(gone, on=_OBJECTS, how="anti")
    return found.with_columns(records=pl.col("rows"), size=None, refused=None)


def _read_again(
    landing: Landing,
    stream: Stream,
    bronze: Table,
    gone: pl.DataFrame,
    lost: Sequence[DataFile],
    now: dt.datetime,
) -> pl.DataFrame:
    """Bring objects whose records are gone back into bronze, in place of its lost files; entries of those that lie in
    the landing zone as they were."""
    wanted = set(gone.select(OBJECT).iter_rows())
    hours = gone["arrival_hour"].unique().to_list()
    landed = [o for o in landing.objects(stream, hours) if (o.path, o.version) in wanted] if hours else []
    writer = DataFileWriter(bronze, BY_HOUR, threads=1)
    entries = [entry for entry in read_objects(landing, stream, landed, writer, now) if entry["records"] is not None]
    replace(bronze, entries, writer, lost)
    return pl.DataFrame(entries, schema=LEDGER)


def _loss() -> list[pl.Expr]:
    """What the ledger says of objects that have lost records: how many are left, and how many are not."""
    missing, all_of_them = (pl.col("records") - pl.col("rows")).cast(pl.String), pl.col("records").cast(pl.String)
    why = pl.concat_str(pl.lit(f"{LOST}: "), missing, pl.lit(" of "), all_of_them, pl.lit(" records, with a data file"))
    return [why.alias("refused"), pl.col("rows").alias("records")]


def _entries(objects: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    told = objects.with_columns(current=True, _ingested_at=pl.lit(now))
    return told.select(list(LEDGER)).cast(dict(LEDGER))  # type: ignore[arg-type]


def _lost(never: pl.DataFrame, gone: pl.DataFrame, files: Sequence[DataFile]) -> list[LostRecords]:
    """The records that are lost for good, by object; and those of lost files that nobody can tell the objects of."""
    found = [
        LostRecords(path, version, hour, records - rows)
        for hour, path, version, records, rows in never.sort(_OBJECTS).select(*_OBJECTS, "records", "rows").iter_rows()
    ]
    by_hour: dict[dt.datetime, int] = {}
    for file in files:
        by_hour[arrival_hour(file)] = by_hour.get(arrival_hour(file), 0) + file.record_count
    missing = gone.group_by("arrival_hour").agg((pl.col("records") - pl.col("rows")).sum())
    told = dict(missing.iter_rows())
    nameless = {hour: records - told.get(hour, 0) for hour, records in sorted(by_hour.items())}
    return found + [LostRecords(None, None, hour, records) for hour, records in nameless.items() if records > 0]


def _mend_silver(lake: Lake, stream: Stream, conformers: Conformers, now: dt.datetime, mended: Mended) -> None:
    """Judge again whatever bronze, silver and rejected do not agree on without the damaged files."""
    lost: Mapping[Layer, list[DataFile]] = {
        layer: [damage.file for damage in mended.damage[layer]] for layer in _JUDGED
    }
    silver, rejected = (WithoutFiles(lake.table(layer, stream), lost[layer]) for layer in _JUDGED)
    held, judged = _counts([lake.table(Layer.BRONZE, stream)]), _counts([silver, rejected])
    both = held.join(judged, on=_OBJECTS, how="full", coalesce=True, suffix="_judged")
    differ = both.filter(pl.col("rows").fill_null(0) != pl.col("rows_judged").fill_null(0))
    hours = {*differ["arrival_hour"], *_beaten(rejected, lost[Layer.SILVER], stream.scope)}
    for table, files in ((silver, lost[Layer.SILVER]), (rejected, lost[Layer.REJECTED])):
        hours |= {first for file in files for first, _ in [span(table, file) or (UNIX, UNIX)]}
    if hours:
        mended.judged_again = sorted(hours)
        judge_silver(lake, stream, conformers, mended.judged_again, now, True, lost)


def _beaten(rejected: Table, lost: Sequence[DataFile], scope: Scope) -> set[dt.datetime]:
    """The arrival hours of losers whose winner may have been in a lost file, and may be lost for good."""
    days = {event_date(file) for file in lost}
    chosen = [file for file in files_of(rejected) if days and (scope is Scope.EVER or event_date(file) in days)]
    batches = (pl.DataFrame(pl.from_arrow(batch)) for batch in read(rejected, chosen, ["_arrival_hour", "reason"]))
    return {hour for rows in batches for hour in rows.filter(pl.col("reason").is_in(LOSERS))["_arrival_hour"].unique()}
