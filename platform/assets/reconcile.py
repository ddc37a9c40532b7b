"""Reconcile: silver and rejected are made to hold what bronze's records deserve, for some arrival hours.

Belongs here: which files of bronze want judging, which rows have to move, and the two commits. Not here: Dagster
(`silver`), what a verdict is (`events.judge`), how a record becomes a row (`events.conform`).

Rejected is committed first, then silver, whose snapshot names the bronze and rejected snapshots that belong to it.
Silver's snapshot is the truth: rejected is put back to the one it names before anything else is computed, so that a
crash between the two commits leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from assets.spool import Spool
from contracts.stream import Scope, Stream
from events.conform import Conformed, Conformers
from events.decode import OVERSIZE
from events.judge import Census, hashes, scope_of, verdicts
from resources.datafiles import DataFileWriter
from resources.lake import Lake, commit, event_date, files_of, path_in, read, recompute, restore, rows_snapshot, within
from resources.schemas import Layer

BRONZE_SNAPSHOT, REJECTED_SNAPSHOT, CONTRACT_VERSION = "bronze-snapshot", "rejected-snapshot", "contract-version"
LOSERS = ("duplicate", "conflict")
SAME, OTHER = "an earlier record has this key and content", "an earlier record has this key and other content"
SOURCE = ["_source_file", "_source_version"]
UTC = pl.Datetime("us", "UTC")
LINEAGE = {"_arrival_hour": UTC, "_source_file": pl.String, "_source_version": pl.String, "_line": pl.Int64}
KEYED = {**LINEAGE, "_key": pl.Binary, "_scope": pl.Date, "_content": pl.Binary}
SMALL_FILE, MANY_SMALL = 1 << 20, 6
BY_EVENT_DATE, BY_SCOPE = pl.col("event_at").dt.date(), pl.col("_scope")


@dataclass(frozen=True)
class Named:
    """The snapshots that belong together: silver's, and the bronze and rejected ones that it names."""

    silver: int | None
    bronze: int | None
    rejected: int | None

    @classmethod
    def by(cls, silver: Table) -> Named:
        snapshot = silver.current_snapshot()
        summary = snapshot.summary if snapshot and snapshot.summary else None
        ids = [summary.get(name) if summary else None for name in (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT)]
        bronze, rejected = (int(value) if value else None for value in ids)
        return cls(snapshot.snapshot_id if snapshot else None, bronze, rejected)


@dataclass(frozen=True)
class Moves:
    """Rows that have to leave where they are, or may not go where they were going.

    `stale` names landed objects (file, version) all of whose stored rows go; the others are records with the
    `verdict` that they have now, and `_file`, the data file that holds them.
    """

    stale: pl.DataFrame
    lost: pl.DataFrame
    demoted: pl.DataFrame
    promoted: pl.DataFrame
    relabelled: pl.DataFrame


def reconcile(
    lake: Lake, stream: Stream, conformers: Conformers, hours: Sequence[dt.datetime], now: dt.datetime, again: bool
) -> tuple[Named, bool]:
    """Judge what bronze holds of some hours and silver does not, or holds under another contract version.

    Returns the snapshots that now belong together, and whether anything changed. `again` judges all of the hours'
    records anew, even where nothing says that they need it.
    """
    return recompute(lambda: _Attempt(lake, stream, conformers, hours, now).run(again))


class _Attempt:
    """One computation against the snapshots that are current when it starts."""

    def __init__(
        self, lake: Lake, stream: Stream, conformers: Conformers, hours: Sequence[dt.datetime], now: dt.datetime
    ) -> None:
        self.stream, self.conformers, self.now, self.scratch = stream, conformers, now, lake.scratch
        self.hours = sorted(hours)
        self.bronze = lake.table(Layer.BRONZE, stream)
        self.silver = lake.table(Layer.SILVER, stream)
        self.named = Named.by(self.silver)
        self.rejected = restore(lake.table(Layer.REJECTED, stream), self.named.rejected)
        self.silver_writer = DataFileWriter(self.silver, BY_EVENT_DATE)
        self.rejected_writer = DataFileWriter(self.rejected, BY_SCOPE)

    def run(self, again: bool) -> tuple[Named, bool]:
        pending, stale = self._differences(again)
        if pending.is_empty() and stale.is_empty():
            return self.named, False
        with Spool(self.scratch) as spool:
            census = Census()
            for conformed in self._conform(pending):
                accepted = conformed.accepted.with_columns(scope_of(self.stream.scope))
                spool.add(accepted)
                census.add(accepted)
                self._reject(conformed.refused)
            moves = self._judge(spool, census, stale)
            return self._write(spool, moves), True

    def _differences(self, again: bool) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Landed objects (file, version) of the hours whose records have to be judged, and whose rows have to go."""
        groups = ["_source_file", "_source_version"]
        landed = _counts(self._rows(self.bronze, groups), groups)
        columns = [*groups, "_contract_version"]
        judged = pl.concat([_counts(self._rows(t, columns), columns) for t in (self.silver, self.rejected)])
        version = pl.col("_contract_version") == self.stream.version
        totals = judged.group_by(groups).agg(pl.col("len").sum().alias("judged"), version.all().alias("current"))
        both = landed.join(totals, on=groups, how="full", coalesce=True)
        settled = (pl.col("len") == pl.col("judged")) & pl.col("current")
        unsettled = both.filter(pl.lit(again) | ~settled.fill_null(False))
        pending = unsettled.filter(pl.col("len").is_not_null()).select(groups)
        return pending, unsettled.filter(pl.col("judged").is_not_null()).select(groups)

    def _rows(self, table: Table, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The hours' rows of a table."""
        yield from read(table, files_of(table, within(self.hours)), columns, during(self.hours))

    def _conform(self, pending: pl.DataFrame) -> Iterator[Conformed]:
        sources = pc.field("_source_file").isin(pa.array(pending["_source_file"].to_list(), pa.string()))
        files = files_of(self.bronze, within(self.hours))
        columns = [*LINEAGE, "raw", "oversize"]
        yield from self.conformers.conform(read(self.bronze, files, columns, during(self.hours) & sources))

    def _reject(self, refused: pl.DataFrame) -> None:
        self.rejected_writer.write(self._stamped(refused.with_columns(pl.lit(None, pl.Date).alias("_scope"))))

    def _stamped(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(
            pl.lit(self.stream.version).alias("_contract_version"), pl.lit(self.now, UTC).alias("_ingested_at")
        )

    def _judge(self, spool: Spool, census: Census, stale: pl.DataFrame) -> Moves:
        """Verdicts for the keys that have more records than one, or whose winner leaves."""
        days = {day for part in spool for day in part["_scope"].unique()}
        if not stale.is_empty():
            for leaving in self._keyed(self.silver, files_of(self.silver, within(self.hours))):
                leaving = leaving.join(stale, on=SOURCE, how="semi")
                census.leave(leaving)
                days.update(leaving["_scope"].unique())
        winners, losers = (self._met(table, census, days, stale) for table in (self.silver, self.rejected))
        repeated = census.repeated().implode()
        new = [part.filter(hashes().is_in(repeated)).select(list(KEYED)) for part in spool]
        judged = verdicts(pl.concat([pl.DataFrame(schema=KEYED), *new]), winners, losers)
        stored = pl.concat([winners, losers]).select(*LINEAGE, "_file")
        moved = judged.filter(pl.col("verdict") != pl.col("reason").fill_null("winner")).join(
            stored, on=list(LINEAGE), how="left"
        )
        origin, wins = pl.col("origin"), pl.col("verdict") == "winner"
        return Moves(
            stale,
            lost=moved.filter(origin == "new"),
            demoted=moved.filter(origin == "silver"),
            promoted=moved.filter((origin == "rejected") & wins),
            relabelled=moved.filter((origin == "rejected") & ~wins),
        )

    def _met(self, table: Table, census: Census, days: set[dt.date], stale: pl.DataFrame) -> pl.DataFrame:
        """Records stored in one of the two tables, and not going, whose keys are among those of the run."""
        ever = self.stream.scope is Scope.EVER
        files = [f for f in files_of(table) if event_date(f) in days or (ever and event_date(f))]
        stored = (part.join(stale, on=SOURCE, how="anti") for part in self._keyed(table, files))
        return census.meet(stored, pl.Schema({**KEYED, "reason": pl.String, "_file": pl.String}))

    def _keyed(self, table: Table, files: list[DataFile]) -> Iterator[pl.DataFrame]:
        """The rows of silver, or rejected's losers, with what a verdict needs."""
        own = ["event_at"] if table is self.silver else ["_scope", "reason"]
        columns = [*LINEAGE, "_key", "_content", *own, "__filename"]
        for batch in read(table, files, columns):
            rows = pl.DataFrame(pl.from_arrow(batch)).rename({"__filename": "_file"})
            if table is self.silver:
                rows = rows.with_columns(scope_of(self.stream.scope), pl.lit(None, pl.String).alias("reason"))
            else:
                rows = rows.filter(pl.col("reason").is_in(LOSERS))
            yield rows.select(*KEYED, "reason", "_file")

    def _write(self, spool: Spool, moves: Moves) -> Named:
        for part in spool:
            winners = part if moves.lost.is_empty() else part.join(moves.lost, on=list(LINEAGE), how="anti")
            self.silver_writer.write(self._stamped(winners))
        for conformed in self._conform_again(moves.promoted):
            self.silver_writer.write(self._stamped(conformed.accepted))
            self._reject(conformed.refused)
        losers = pl.concat([moves.lost, moves.demoted, moves.relabelled])
        for rows in self._raw_of(losers):
            detail = pl.when(pl.col("verdict") == "duplicate").then(pl.lit(SAME)).otherwise(pl.lit(OTHER))
            self.rejected_writer.write(
                self._stamped(
                    rows.rename({"reason": "_"}).with_columns(pl.col("verdict").alias("reason"), detail.alias("detail"))
                )
            )
        gone = pl.concat([moves.promoted, moves.relabelled])
        rejected = self._replace(self.rejected, self.rejected_writer, moves.stale, gone, {})
        bronze = rows_snapshot(self.bronze)
        names = {BRONZE_SNAPSHOT: str(bronze), REJECTED_SNAPSHOT: str(rejected), CONTRACT_VERSION: self.stream.version}
        silver = self._replace(self.silver, self.silver_writer, moves.stale, moves.demoted, names)
        return Named(silver, bronze, rejected)

    def _raw_of(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Records together with their bytes, from bronze."""
        if records.is_empty():
            return
        hours = sorted(records["_arrival_hour"].unique())
        sources = pc.field("_source_file").isin(pa.array(records["_source_file"].unique().to_list(), pa.string()))
        hourly = [f for hour in _runs(hours) for f in files_of(self.bronze, within(hour))]
        for batch in read(self.bronze, hourly, [*LINEAGE, "raw"], during(hours) & sources):
            yield pl.DataFrame(pl.from_arrow(batch)).join(records, on=list(LINEAGE), how="inner")

    def _conform_again(self, records: pl.DataFrame) -> Iterator[Conformed]:
        batches = (
            rows.select(*LINEAGE, "raw").to_arrow().append_column("oversize", pa.nulls(len(rows), OVERSIZE))
            for rows in self._raw_of(records)
        )
        yield from self.conformers.conform(b for table in batches for b in table.combine_chunks().to_batches())

    def _replace(
        self, table: Table, writer: DataFileWriter, stale: pl.DataFrame, moved: pl.DataFrame, names: dict[str, str]
    ) -> int | None:
        """Commit what was written, without the rows that go; the snapshot that then holds the table's rows."""
        files = self._holding(table, stale, set(moved["_file"]))
        chosen = {f.file_path for f in files}
        files += [f for f in _many_small(table, writer.written) if f.file_path not in chosen]
        for batch in read(table, files):
            rows = pl.DataFrame(pl.from_arrow(batch)).join(stale, on=SOURCE, how="anti")
            writer.write(rows.join(moved, on=list(LINEAGE), how="anti"))
        added = writer.finish()
        if added or files or names:
            commit(table, added, files, names)
        return rows_snapshot(table)

    def _holding(self, table: Table, stale: pl.DataFrame, paths: set[str]) -> list[DataFile]:
        """The data files of a table that hold rows of stale objects, or are named."""
        if not stale.is_empty():
            for batch in self._rows(table, [*SOURCE, "__filename"]):
                rows = pl.DataFrame(pl.from_arrow(batch)).join(stale, on=SOURCE, how="semi")
                paths.update(rows["__filename"].unique())
        return [f for f in files_of(table) if path_in(f) in paths] if paths else []


def _many_small(table: Table, days: set[dt.date | None]) -> list[DataFile]:
    """Small files of days that are being written to and have many: they are taken into the new file."""
    small: dict[dt.date | None, list[DataFile]] = {}
    for file in files_of(table):
        if file.file_size_in_bytes < SMALL_FILE and event_date(file) in days:
            small.setdefault(event_date(file), []).append(file)
    return [file for files in small.values() if len(files) >= MANY_SMALL for file in files]


def _counts(batches: Iterable[pa.RecordBatch], columns: list[str]) -> pl.DataFrame:
    """How many rows there are of each combination of columns."""
    schema = {**dict.fromkeys(columns, pl.String), "len": pl.UInt32}
    parts = [pl.DataFrame(pl.from_arrow(batch)).group_by(columns).len() for batch in batches]
    return pl.concat([pl.DataFrame(schema=schema), *parts]).group_by(columns).agg(pl.col("len").sum())


def during(hours: Sequence[dt.datetime]) -> pc.Expression:
    return pc.field("_arrival_hour").isin(pa.array(list(hours), pa.timestamp("us", "UTC")))


def _runs(hours: list[dt.datetime]) -> Iterator[list[dt.datetime]]:
    """Sorted hours, cut where they are not consecutive."""
    run: list[dt.datetime] = []
    for hour in hours:
        if run and hour - run[-1] > dt.timedelta(hours=1):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run
