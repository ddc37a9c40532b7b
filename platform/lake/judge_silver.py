"""Reconcile: silver and rejected are made to hold what bronze's records deserve, for some arrival hours.

Belongs here: which files of bronze want judging, which rows have to move, and the two commits. Not here: Dagster
(`silver`), what a verdict is (`events.dedup.verdicts`), how a record becomes a row (`events.conform`).

Rejected is committed first, then silver, whose snapshot names the bronze and rejected snapshots that belong to it.
Silver's snapshot is the truth: rejected is put back to the one it names before anything else is computed, so that a
crash between the two commits leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Stream
from events.conform import OLDEST, Conformed, Conformers
from events.decode import OVERSIZE
from events.dedup.verdicts import hashes_of, scope_of
from lake.aggregates import row_counts
from lake.contest import DEDUP_COLUMNS, LINEAGE, SOURCE, UTC, Contest, RowMoves, contested_by, texts
from lake.reading import WithoutFiles, as_frame, event_date, files_of, path_in, read, read_hours, rebatch
from lake.schemas import Layer
from lake.spool import Spool
from lake.tables import BRONZE_SNAPSHOT, Lake, commit, recompute, restore, rows_snapshot
from lake.writing import DataFileWriter

REJECTED_SNAPSHOT, CONTRACT_VERSION = "rejected-snapshot", "contract-version"
SAME, OTHER = "an earlier record has this key and content", "an earlier record has this key and other content"
LINES = list(LINEAGE)
ARRIVAL_DAY = pl.col("_arrival_hour").dt.date().alias("_scope")  # where a record without a key lies
CONFORM_BYTES = 20 << 20
SMALL_FILE, MANY_SMALL = 1 << 20, 6
BY_EVENT_DATE, BY_SCOPE = pl.col("event_at").dt.date(), pl.col("_scope")


@dataclass(frozen=True)
class SnapshotSet:
    """The snapshots that belong together: silver's, and the bronze and rejected ones that it names."""

    silver: int | None
    bronze: int | None
    rejected: int | None

    @classmethod
    def by(cls, silver: Table) -> SnapshotSet:
        snapshot = silver.current_snapshot()
        summary = snapshot.summary if snapshot and snapshot.summary else None
        ids = [summary.get(name) if summary else None for name in (BRONZE_SNAPSHOT, REJECTED_SNAPSHOT)]
        bronze, rejected = (int(value) if value else None for value in ids)
        return cls(snapshot.snapshot_id if snapshot else None, bronze, rejected)


class _Entered(NamedTuple):
    """Records that enter a contest: silver's rows as files hold them, with what a verdict needs besides (`BESIDES`).

    `scopes` are the dates within which their keys are unique.
    """

    conformed: Conformed
    rows: pa.Table
    scopes: set[dt.date]


Lost = Mapping[Layer, Sequence[DataFile]]


def judge_silver(
    lake: Lake,
    stream: Stream,
    conformers: Conformers,
    hours: Sequence[dt.datetime],
    now: dt.datetime,
    again: bool,
    lost: Lost = MappingProxyType({}),
) -> tuple[SnapshotSet, bool]:
    """Judge what bronze holds of some hours and silver does not, or holds under another contract version.

    Returns the snapshots that now belong together, and whether anything changed. `again` judges all of the hours'
    records anew, even where nothing says that they need it. `lost` are data files of silver and rejected that cannot be
    read: they are left out, and leave the tables with the same commits.
    """
    return recompute(lambda: _Attempt(lake, stream, conformers, hours, now, lost).run(again))


class _Attempt:
    """One computation against the snapshots that are current when it starts."""

    def __init__(
        self,
        lake: Lake,
        stream: Stream,
        conformers: Conformers,
        hours: Sequence[dt.datetime],
        now: dt.datetime,
        lost: Lost,
    ) -> None:
        self.stream, self.conformers, self.now, self.scratch = stream, conformers, now, lake.scratch
        self.hours = sorted(hours)
        self.bronze = lake.table(Layer.BRONZE, stream)
        silver = lake.table(Layer.SILVER, stream)
        self.named = SnapshotSet.by(silver)
        rejected = restore(lake.table(Layer.REJECTED, stream), self.named.rejected)
        self.silver_lost, self.rejected_lost = (lost.get(layer, ()) for layer in (Layer.SILVER, Layer.REJECTED))
        self.silver, self.rejected = WithoutFiles(silver, self.silver_lost), WithoutFiles(rejected, self.rejected_lost)
        self.contest = Contest(stream, conformers, (self.bronze, self.silver, self.rejected), self.hours, self.scratch)
        self.silver_writer = DataFileWriter(self.silver, BY_EVENT_DATE)
        self.rejected_writer = DataFileWriter(self.rejected, BY_SCOPE)

    def run(self, again: bool) -> tuple[SnapshotSet, bool]:
        unsettled = self._unsettled(again)
        if unsettled.is_empty() and not (self.silver_lost or self.rejected_lost):
            return self.named, False
        self.contest.expect(unsettled.select(pl.sum_horizontal("rows", "judged")).sum().item())
        pending, stale = (unsettled.filter(pl.col(name).is_not_null()).select(SOURCE) for name in ("rows", "judged"))
        with Spool(self.scratch) as rows, Spool(self.scratch) as raws:
            for conformed, batch, scopes in self.conformers.conform(self._records(pending), self._entered):
                rows.add(batch)
                before = self.contest.enter(batch, scopes)
                repeated = texts(conformed.accepted.select(LINES).filter(before))
                raws.add_frame(repeated.with_columns(conformed.raw(before)))
                self._reject(conformed.refused)
            moves = self.contest.decide(rows, raws, stale)
            return self._write(rows, raws, moves), True

    def _unsettled(self, again: bool) -> pl.DataFrame:
        """Landed objects (file, version) of the hours whose `rows` in bronze have to be judged, or whose `judged` ones
        have to go; null where there are none."""
        landed = self._row_counts(self.bronze, SOURCE)
        judged = pl.concat([self._row_counts(t, [*SOURCE, "_contract_version"]) for t in (self.silver, self.rejected)])
        version = pl.col("_contract_version") == self.stream.version
        totals = judged.group_by(SOURCE).agg(pl.col("rows").sum().alias("judged"), version.all().alias("current"))
        both = landed.join(totals, on=SOURCE, how="full", coalesce=True)
        settled = (pl.col("rows") == pl.col("judged")) & pl.col("current")
        return both.filter(pl.lit(again) | ~settled.fill_null(False)).cast({"rows": pl.Int64, "judged": pl.Int64})

    def _row_counts(self, table: Table, columns: list[str]) -> pl.DataFrame:
        return row_counts(self._rows(table, columns), dict.fromkeys(columns, pl.String()))

    def _rows(self, table: Table, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """The hours' rows of a table."""
        yield from read_hours(table, self.hours, columns)

    def _records(self, pending: pl.DataFrame) -> Iterator[pa.Table]:
        """Bronze's records of some landed objects."""
        wanted = pa.array(pending["_source_file"].to_list(), pa.large_string())
        batches = self._rows(self.bronze, [*LINES, "raw", "header", "oversize"])
        yield from rebatch((_of_sources(batch, wanted) for batch in batches), CONFORM_BYTES, lambda part: part.nbytes)

    def _entered(self, conformed: Conformed) -> _Entered:
        rows = self.silver_writer.prepared(self._stamped(conformed.accepted))
        beside = conformed.accepted.select("_content", scope_of(self.stream.scope))
        days = beside["_scope"].to_physical().cast(pl.Int64).to_numpy()
        found = pa.array(hashes_of(rows.column("_key").combine_chunks(), days))
        for name, column in zip(DEDUP_COLUMNS, (found, beside["_content"].to_arrow(compat_level=OLDEST)), strict=True):
            rows = rows.append_column(name, column)
        return _Entered(conformed, rows, set(beside["_scope"].unique()))

    def _reject(self, refused: pl.DataFrame) -> None:
        self.rejected_writer.write(self._stamped(refused.with_columns(ARRIVAL_DAY)))

    def _lose(self, rows: pl.DataFrame) -> None:
        """Reject records that another of their key has beaten."""
        detail = pl.when(pl.col("verdict") == "duplicate").then(pl.lit(SAME)).otherwise(pl.lit(OTHER))
        told = rows.drop("reason").with_columns(pl.col("verdict").alias("reason"), detail.alias("detail"))
        self.rejected_writer.write(self._stamped(told))

    def _stamped(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(
            pl.lit(self.stream.version).alias("_contract_version"), pl.lit(self.now, UTC).alias("_ingested_at")
        )

    def _write(self, rows: Spool, raws: Spool, moves: RowMoves) -> SnapshotSet:
        for batch in rows:
            self.silver_writer.take(batch.drop_columns(DEDUP_COLUMNS), _not_lost(batch, moves))
        for conformed in self._conform_again(moves.promoted):
            self.silver_writer.write(self._stamped(conformed.accepted))
            self._reject(conformed.refused)
        losers = pl.concat([moves.lost, moves.demoted])
        for lost in raws.frames():
            self._lose(lost.join(losers, on=LINES))
            losers = losers.join(lost, on=LINES, how="anti")
        for lost in self.contest.raw_of(pl.concat([losers, moves.relabelled])):
            self._lose(lost)
        gone = pl.concat([moves.promoted, moves.relabelled])
        rejected = self._replace(self.rejected, self.rejected_writer, moves.stale, gone, self.rejected_lost, {})
        bronze = rows_snapshot(self.bronze)
        ids = {BRONZE_SNAPSHOT: bronze, REJECTED_SNAPSHOT: rejected}
        names = {name: str(snapshot) for name, snapshot in ids.items() if snapshot is not None}
        names[CONTRACT_VERSION] = self.stream.version
        silver = self._replace(self.silver, self.silver_writer, moves.stale, moves.demoted, self.silver_lost, names)
        return SnapshotSet(silver, bronze, rejected)

    def _conform_again(self, records: pl.DataFrame) -> Iterator[Conformed]:
        batches = (
            rows.select(*LINES, "raw", "header").to_arrow().append_column("oversize", pa.nulls(len(rows), OVERSIZE))
            for rows in self.contest.raw_of(records)
        )
        yield from self.conformers.conform(batches, lambda conformed: conformed)

    def _replace(
        self,
        table: Table,
        writer: DataFileWriter,
        stale: pl.DataFrame,
        moved: pl.DataFrame,
        lost: Sequence[DataFile],
        names: dict[str, str],
    ) -> int | None:
        """Commit what was written, without the rows that go; the snapshot that then holds the table's rows."""
        files = self._holding(table, stale, set(moved["_file"]))
        chosen = {f.file_path for f in files}
        files += [f for f in _many_small(table, writer.written) if f.file_path not in chosen]
        for batch in read(table, files):
            rows = as_frame(batch).join(stale, on=SOURCE, how="anti")
            writer.write(rows.join(moved, on=LINES, how="anti"))
        added = writer.finish()
        if added or files or lost or names:
            commit(table, added, [*files, *lost], names)
        return rows_snapshot(table)

    def _holding(self, table: Table, stale: pl.DataFrame, paths: set[str]) -> list[DataFile]:
        """The data files of a table that hold rows of stale objects, or are named."""
        if not stale.is_empty():
            for batch in self._rows(table, [*SOURCE, "__filename"]):
                rows = as_frame(batch).join(stale, on=SOURCE, how="semi")
                paths.update(rows["__filename"].unique())
        return [f for f in files_of(table) if path_in(f) in paths] if paths else []


def _not_lost(rows: pa.Table, moves: RowMoves) -> pl.Series:
    """A mask of the rows that have not lost a contest; only few are in one."""
    contested = contested_by(moves.contested, rows)
    places = texts(pl.DataFrame(pl.from_arrow(rows.select(LINES).take(contested)))).with_columns(
        pl.Series("_place", contested)
    )
    lost = places.join(moves.lost, on=LINES, how="semi")["_place"]
    return pl.repeat(True, len(rows), eager=True).scatter(lost, False)


def _of_sources(batch: pa.RecordBatch, wanted: pa.Array) -> pa.RecordBatch:
    """The rows of some landed objects; no copy where these are all."""
    files = batch.column("_source_file")
    mask = pc.is_in(files.dictionary, wanted).take(files.indices)
    return batch if pc.all(mask).as_py() else batch.filter(mask)


def _many_small(table: Table, days: set[dt.date]) -> list[DataFile]:
    """Small files of days that are being written to and have many: they are taken into the new file."""
    small: dict[dt.date, list[DataFile]] = {}
    for file in files_of(table):
        if file.file_size_in_bytes < SMALL_FILE and event_date(file) in days:
            small.setdefault(event_date(file), []).append(file)
    return [file for files in small.values() if len(files) >= MANY_SMALL for file in files]
