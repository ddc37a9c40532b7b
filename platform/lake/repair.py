"""Repair: a stream's tables get back the rows of lost and damaged data files.

Belongs here: which rows are gone, where they come from again, and what is lost for good. Not here: Dagster
(`assets.repair`), what makes a file damaged (`damage`), lost metadata (`recover`).

Bronze is repaired from the landing zone, silver and rejected from bronze. The commit that brings a table's rows back
also removes its damaged files. So a crash leaves either the damage or the repaired table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Scope, Stream
from events.conform import Conformers
from events.dedup.winners import LOSERS
from lake.commits import restore_rows, retry_on_conflict
from lake.damage import Damage, find_damage
from lake.judge_silver import judge_silver
from lake.landing import Landing
from lake.ledger import LEDGER_NAMES, LOST, OBJECT, count_objects, ledger_rows
from lake.load_bronze import add_missing_entries, replace_objects, with_landed_sizes, write_entries
from lake.read_objects import bronze_writer, read_objects
from lake.reading import WithoutFiles, arrival_hour, event_date, files_of, hour_bounds, read
from lake.schemas import LEDGER, Layer
from lake.snapshots import SnapshotSet
from lake.tables import Lake
from partitions import EPOCH, key_of

_OBJECT = [*LEDGER_NAMES.values()]
_JUDGED = (Layer.SILVER, Layer.REJECTED)


@dataclass(frozen=True)
class LostRecords:
    """How many records of a landed object are lost for good; path and version are None if the object is unknown."""

    path: str | None
    version: str | None
    hour: dt.datetime
    records: int


@dataclass
class Repaired:
    """What was damaged, which objects were read again, which hours judged again, and what is lost for good.

    `forgotten` are days whose entries the ledger has lost. No other table knows their refused, empty and earlier
    objects.
    """

    damage: dict[Layer, list[Damage]]
    read_again: list[str] = field(default_factory=list)
    judged_again: list[dt.datetime] = field(default_factory=list)
    lost: list[LostRecords] = field(default_factory=list)
    forgotten: list[dt.date] = field(default_factory=list)

    def lines(self, stream: str) -> Iterator[str]:
        """The report of a stream for the log; no lines if nothing was damaged."""
        for layer, found in self.damage.items():
            yield from (f"{layer}.{stream}: {damage.file.file_path}: {damage.why}" for damage in found)
        yield from (f"read again into bronze: {path}" for path in self.read_again)
        if hours := self.judged_again:
            yield f"judged again: {len(hours):,} arrival hours from {key_of(hours[0])} to {key_of(hours[-1])}"
        for lost in self.lost:
            of = f"of {lost.path}, version {lost.version}" if lost.path else "of unknown objects"
            yield f"lost for good: {lost.records:,} records {of}, arrival hour {key_of(lost.hour)}"
        for day in self.forgotten:
            yield f"forgotten: which objects of {day} were refused, empty or replaced"


def repair_stream(
    lake: Lake, landing: Landing, stream: Stream, conformers: Conformers, now: dt.datetime, pages: bool = True
) -> Repaired:
    """Find the damaged data files of a stream's four tables and bring their rows back.

    With `pages` every byte is read. Without, only existence, size and footer of each file are checked.
    """
    repaired = retry_on_conflict(lambda: _repair_bronze(lake, landing, stream, now, pages))
    retry_on_conflict(lambda: _repair_silver(lake, stream, conformers, now, repaired))
    return repaired


def _repair_bronze(lake: Lake, landing: Landing, stream: Stream, now: dt.datetime, pages: bool) -> Repaired:
    tables = {layer: lake.table(layer, stream) for layer in Layer}
    tables[Layer.REJECTED] = restore_rows(tables[Layer.REJECTED], SnapshotSet.of(tables[Layer.SILVER]).rejected)
    repaired = Repaired({layer: find_damage(table, files_of(table), pages) for layer, table in tables.items()})
    lost = {layer: [damage.file for damage in found] for layer, found in repaired.damage.items()}
    intact = {layer: WithoutFiles(table, lost[layer]) for layer, table in tables.items()}
    ledger, bronze = intact[Layer.LEDGER], intact[Layer.BRONZE]
    if not lost[Layer.LEDGER]:
        add_missing_entries(ledger, bronze, landing, stream, now)
    entered = ledger_rows(ledger, None).filter("current", pl.col("records").is_not_null())
    held = _count([bronze])
    expected = _expected(entered, held, _count([intact[layer] for layer in _JUDGED]))
    both = expected.join(held, on=_OBJECT, how="left").with_columns(pl.col("rows").fill_null(0))
    gone = both.filter(pl.col("rows") < pl.col("records"))
    known = {*entered["path"], *held["path"], *gone["path"]}
    read_again = _read_again(landing, stream, bronze, gone, known, lost[Layer.BRONZE], now)
    never = gone.join(read_again, on=_OBJECT, how="anti")
    unknown = with_landed_sizes(_unknown(held, entered, gone), landing, stream)
    entries = pl.concat([read_again, _entries(never.with_columns(_loss()), now), _entries(unknown, now)])
    if lost[Layer.LEDGER] or not entries.is_empty():
        write_entries(ledger, entries, bronze, lost[Layer.LEDGER])
    repaired.read_again = read_again["path"].sort().to_list()
    repaired.lost = _lost(never, gone, read_again, lost[Layer.BRONZE])
    repaired.forgotten = sorted({event_date(file) for file in lost[Layer.LEDGER]})
    return repaired


def _count(tables: Iterable[Table]) -> pl.DataFrame:
    """The number of `rows` of each object (`_OBJECT`) in all these tables together."""
    found = [count_objects(read(table, files_of(table), [*LEDGER_NAMES])) for table in tables]
    return pl.concat(found).group_by(_OBJECT).agg(pl.col("rows").sum())


def _expected(entered: pl.DataFrame, held: pl.DataFrame, judged: pl.DataFrame) -> pl.DataFrame:
    """How many `records` bronze should hold of each object, and the object's `size`.

    By the ledger. If it has lost the object: the number of judged records, unless bronze now holds another version.
    """
    others = held.join(judged, on=_OBJECT, how="anti")
    unknown = judged.join(entered, on="path", how="anti").join(others, on="path", how="anti")
    counted = unknown.select(*_OBJECT, pl.col("rows").alias("records"), pl.lit(None, pl.Int64).alias("size"))
    return pl.concat([entered.select(*_OBJECT, "records", "size"), counted])


def _unknown(held: pl.DataFrame, entered: pl.DataFrame, gone: pl.DataFrame) -> pl.DataFrame:
    """Objects that bronze holds whole and that the ledger has lost."""
    found = held.join(entered, on=_OBJECT, how="anti").join(gone, on=_OBJECT, how="anti")
    return found.with_columns(records=pl.col("rows"), refused=None)


def _read_again(
    landing: Landing,
    stream: Stream,
    bronze: Table,
    gone: pl.DataFrame,
    known: Collection[str],
    lost: Sequence[DataFile],
    now: dt.datetime,
) -> pl.DataFrame:
    """Load objects whose records are gone into bronze again, in place of its lost files.

    These are the `gone` ones that the landing zone still has in the same version. In the hours of lost files they are
    also the objects that no table knows any more (`known` are the paths that some table knows). Returns the ledger's
    entries of the loaded objects.
    """
    wanted = set(gone.select(OBJECT).iter_rows())
    hours = sorted({*gone["arrival_hour"], *map(arrival_hour, lost)})
    found = landing.objects(stream, hours) if hours else []
    landed = [o for o in found if not o.refused and ((o.path, o.version) in wanted or o.path not in known)]
    writer = bronze_writer(bronze)
    entries = [entry for entry in read_objects(landing, stream, landed, writer, now) if entry["records"] is not None]
    replace_objects(bronze, entries, writer, lost)
    return pl.DataFrame(entries, schema=LEDGER)


def _loss() -> list[pl.Expr]:
    """`refused` and `records` of the ledger, for objects that have lost records for good."""
    missing, all_of_them = (pl.col("records") - pl.col("rows")).cast(pl.String), pl.col("records").cast(pl.String)
    why = pl.concat_str(pl.lit(f"{LOST}: "), missing, pl.lit(" of "), all_of_them, pl.lit(" records, with a data file"))
    return [why.alias("refused"), pl.col("rows").alias("records")]


def _entries(objects: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    entries = objects.with_columns(current=True, _ingested_at=pl.lit(now))
    return entries.select(list(LEDGER)).cast(dict(LEDGER))  # type: ignore[arg-type]


def _lost(
    never: pl.DataFrame, gone: pl.DataFrame, read_again: pl.DataFrame, files: Sequence[DataFile]
) -> list[LostRecords]:
    """The records that are lost for good: by object, then by hour where the objects are unknown."""
    found = [
        LostRecords(path, version, hour, records - rows)
        for hour, path, version, records, rows in never.sort(_OBJECT).select(*_OBJECT, "records", "rows").iter_rows()
    ]
    by_hour: dict[dt.datetime, int] = {}
    for file in files:
        by_hour[arrival_hour(file)] = by_hour.get(arrival_hour(file), 0) + file.record_count
    missing = gone.select("arrival_hour", records=pl.col("records") - pl.col("rows"))
    others = read_again.join(gone, on=_OBJECT, how="anti").select("arrival_hour", "records")
    accounted = dict(pl.concat([missing, others]).group_by("arrival_hour").agg(pl.col("records").sum()).iter_rows())
    unknown = {hour: records - accounted.get(hour, 0) for hour, records in sorted(by_hour.items())}
    return found + [LostRecords(None, None, hour, records) for hour, records in unknown.items() if records > 0]


def _repair_silver(lake: Lake, stream: Stream, conformers: Conformers, now: dt.datetime, repaired: Repaired) -> None:
    """Judge again the hours in which bronze disagrees with silver and rejected, with damaged files left out."""
    lost: Mapping[Layer, list[DataFile]] = {
        layer: [damage.file for damage in repaired.damage[layer]] for layer in _JUDGED
    }
    silver, rejected = (WithoutFiles(lake.table(layer, stream), lost[layer]) for layer in _JUDGED)
    held, judged = _count([lake.table(Layer.BRONZE, stream)]), _count([silver, rejected])
    both = held.join(judged, on=_OBJECT, how="full", coalesce=True, suffix="_judged")
    differ = both.filter(pl.col("rows").fill_null(0) != pl.col("rows_judged").fill_null(0))
    hours = {*differ["arrival_hour"], *_hours_of_losers(rejected, lost[Layer.SILVER], stream.scope)}
    for table, files in ((silver, lost[Layer.SILVER]), (rejected, lost[Layer.REJECTED])):
        hours |= {first for file in files for first, _ in [hour_bounds(table, file) or (EPOCH, EPOCH)]}
    if hours:
        repaired.judged_again = sorted(hours)
        judge_silver(lake, stream, conformers, repaired.judged_again, now, True, lost)


def _hours_of_losers(rejected: Table, lost: Sequence[DataFile], scope: Scope) -> set[dt.datetime]:
    """The arrival hours of losers whose winner may have been in a lost file of silver, and may be lost for good."""
    days = {event_date(file) for file in lost}
    chosen = [file for file in files_of(rejected) if days and (scope is Scope.EVER or event_date(file) in days)]
    batches = (pl.DataFrame(pl.from_arrow(batch)) for batch in read(rejected, chosen, ["_arrival_hour", "reason"]))
    return {hour for rows in batches for hour in rows.filter(pl.col("reason").is_in(LOSERS))["_arrival_hour"].unique()}
