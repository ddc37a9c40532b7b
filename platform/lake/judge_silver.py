"""Judge silver: bring silver and rejected in line with bronze, for some arrival hours.

Belongs here: the steps, in their order: find unsettled objects, conform, look up, resolve, write, commit. Not here:
Dagster (`assets.silver`), how a record becomes a row (`events.conform`), who wins (`events.dedup.winners`).

Rejected is committed first, then silver, whose snapshot names the snapshots of bronze and rejected that belong to it.
Silver's snapshot is the truth: a run first restores rejected to the snapshot that silver names. So a crash between the
two commits leaves nothing behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.manifest import DataFile

from contracts.lineage import INSTANT, LINEAGE
from contracts.stream import Stream
from events.concurrency import parallel_map
from events.conform import OLDEST, Conformed, Conformers
from events.decode import OVERSIZE
from events.dedup.bloom_filter import BloomFilter
from events.dedup.keys import hashes_of, key_hashes, key_scope
from events.dedup.winners import NEW, STORED, RowMoves, dedup
from lake.commits import commit, restore_rows, retry_on_conflict
from lake.raw_records import read_raw
from lake.reading import WithoutFiles, as_frame, read_hours, rebatch, with_texts
from lake.rewriting import rewrite
from lake.schemas import PARTITION_BY, Layer
from lake.snapshots import BRONZE_SNAPSHOT, CONTRACT_VERSION, REJECTED_SNAPSHOT, SnapshotSet, rows_snapshot
from lake.spool import Spool, compacted
from lake.stored_keys import StoredKeys
from lake.tables import Lake
from lake.touched_keys import TouchedKeys
from lake.unsettled import find_unsettled
from lake.writing import DataFileWriter

DEDUP_COLUMNS = ["_hash", "_content"]  # spooled with silver's rows until the winners are known; not stored in silver
CONFORM_BYTES = 20 << 20
SAME, OTHER = "an earlier record has this key and content", "an earlier record has this key and other content"
ARRIVAL_DAY = pl.col("_arrival_hour").dt.date().alias("_scope")  # where rejected stores a record without a key
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
    """Judge those records of some hours that silver lacks, or holds under another contract version.

    Returns the snapshots that now belong together, and whether anything changed. `again` judges all records of the
    hours anew. `lost` are data files of silver and rejected that cannot be read: the commits remove them.
    """
    return retry_on_conflict(lambda: _Run(lake, stream, conformers, hours, now, lost).run(again))


class _Batch(NamedTuple):
    """A conformed batch; `rows` are the accepted records as silver's files hold them, with `DEDUP_COLUMNS`.

    `scopes` are the dates within which their keys are unique.
    """

    conformed: Conformed
    rows: pa.Table
    scopes: list[dt.date]


class _Run:
    """One run, against the snapshots that are current when it starts."""

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
        self.hours, self.lost = sorted(hours), lost
        self.bronze = lake.table(Layer.BRONZE, stream)
        silver = lake.table(Layer.SILVER, stream)
        self.named = SnapshotSet.of(silver)
        rejected = restore_rows(lake.table(Layer.REJECTED, stream), self.named.rejected)
        self.silver = WithoutFiles(silver, lost.get(Layer.SILVER, ()))
        self.rejected = WithoutFiles(rejected, lost.get(Layer.REJECTED, ()))
        self.silver_writer = DataFileWriter(self.silver, PARTITION_BY[Layer.SILVER])
        self.rejected_writer = DataFileWriter(self.rejected, PARTITION_BY[Layer.REJECTED])

    def run(self, again: bool) -> tuple[SnapshotSet, bool]:
        """Judge all unsettled objects, step by step; see `judge_silver`."""
        unsettled = find_unsettled(self.bronze, (self.silver, self.rejected), self.hours, self.stream.version, again)
        if unsettled.is_empty() and not any(self.lost.values()):
            return self.named, False
        pending, stale = (unsettled.filter(pl.col(name).is_not_null()) for name in ("rows", "judged"))
        most_keys = unsettled.select(pl.sum_horizontal("rows", "judged")).sum().item()
        scratch = self.scratch
        with Spool(scratch) as rows, Spool(scratch) as raws, TouchedKeys(most_keys, scratch) as keys:
            self._conform(pending, keys, rows, raws)
            stored = self._look_up(keys, stale, raws)
            contested = keys.contested(hashes_of(stored))
            moves = dedup(self._contested_records(rows, contested), stored)
            self._write_winners(rows, contested, moves.lost)
            self._write_promoted(moves.promoted)
            self._write_losers(moves, raws)
            return self._commit(stale, moves), True

    # Conform

    def _conform(self, pending: pl.DataFrame, keys: TouchedKeys, rows: Spool, raws: Spool) -> None:
        """Conform bronze's records of the pending objects.

        Spools accepted rows. Spools the bytes of rows with a repeated key too, because some of them will lose. Rejects
        the refused ones.
        """
        for batch in parallel_map(self._conform_batch, self._pending_records(pending)):
            repeated = pl.Series(keys.add_new(batch.rows["_hash"].to_numpy(), batch.scopes))
            accepted = batch.conformed.accepted.select(list(LINEAGE)).filter(repeated)
            rows.add(batch.rows)
            raws.add_frame(with_texts(accepted).with_columns(batch.conformed.raw(repeated)))
            self._reject(batch.conformed.refused)

    def _pending_records(self, pending: pl.DataFrame) -> Iterator[pa.Table]:
        """Bronze's records of the pending objects, in tables of about `CONFORM_BYTES`."""
        files = pa.array(pending["_source_file"].to_list(), pa.large_string())
        batches = read_hours(self.bronze, self.hours, [*LINEAGE, "raw", "header", "oversize"])
        yield from rebatch((_of_files(batch, files) for batch in batches), CONFORM_BYTES, lambda part: part.nbytes)

    def _conform_batch(self, records: pa.Table) -> _Batch:
        """Conform records, and prepare the accepted ones for writing. Runs in a worker thread."""
        conformed = self.conformers.conform(records)
        rows = self.silver_writer.prepared(self._stamped(conformed.accepted))
        known = conformed.accepted.select("_content", key_scope(self.stream.scope))
        days = known["_scope"].to_physical().cast(pl.Int64).to_numpy()
        hashes = pa.array(key_hashes(rows.column("_key").combine_chunks(), days))
        for name, column in zip(DEDUP_COLUMNS, (hashes, known["_content"].to_arrow(compat_level=OLDEST)), strict=True):
            rows = rows.append_column(name, column)
        return _Batch(conformed, rows, known["_scope"].unique().to_list())

    # Look up

    def _look_up(self, keys: TouchedKeys, stale: pl.DataFrame, raws: Spool) -> pl.DataFrame:
        """The stored records (`STORED`) of touched keys, without those of stale objects, which leave."""
        stored_winners = StoredKeys(self.silver, Layer.SILVER, self.stream.scope, stale)
        stored_losers = StoredKeys(self.rejected, Layer.REJECTED, self.stream.scope, stale)
        for part in stored_winners.leaving(self.hours):
            keys.add_leaving(hashes_of(part), part["_scope"].unique())
        winners = stored_winners.staying(keys, keys.new_scopes | keys.left_scopes)
        # Every loser has a winner: either it stays in silver, or it leaves.
        losers = stored_losers.staying(keys, keys.left_scopes.union(winners["_scope"].unique()))
        return pl.concat([self._with_contents(winners, raws), losers])

    def _with_contents(self, winners: pl.DataFrame, raws: Spool) -> pl.DataFrame:
        """Stored winners with their content, from bronze's bytes. Spools these bytes, because some winners will lose.

        Silver stores no content, because few winners are ever asked for it.
        """
        contents = [pl.DataFrame(schema={**LINEAGE, "_content": pl.Binary()})]
        for rows in read_raw(self.bronze, winners):
            known = rows.with_columns(self.conformers.contents(rows.select("raw", "header").to_arrow()))
            raws.add_frame(known.select(*LINEAGE, "raw"))
            contents.append(compacted(known.select(*LINEAGE, "_content")))
        known = winners.drop("_content").join(pl.concat(contents), on=list(LINEAGE), how="left")
        return known.select(list(STORED))

    # Resolve

    def _contested_records(self, rows: Spool, contested: BloomFilter) -> pl.DataFrame:
        """The new records (`NEW`) of contested keys."""
        found = [pl.DataFrame(schema=NEW)]
        for part in rows:
            chosen = part.select([*LINEAGE, "event_at", "_key", "_content"]).take(_contested_rows(contested, part))
            found.append(as_frame(chosen).with_columns(key_scope(self.stream.scope)).select(list(NEW)))
        return pl.concat(found)

    # Write

    def _write_winners(self, rows: Spool, contested: BloomFilter, lost: pl.DataFrame) -> None:
        """Write the new records into silver, without those that have lost."""
        for part in rows:
            self.silver_writer.take(part.drop_columns(DEDUP_COLUMNS), _not_lost(part, contested, lost))

    def _write_promoted(self, promoted: pl.DataFrame) -> None:
        """Conform stored losers that have become winners, and write them into silver."""
        batches = (
            rows.select(*LINEAGE, "raw", "header").to_arrow().append_column("oversize", pa.nulls(len(rows), OVERSIZE))
            for rows in read_raw(self.bronze, promoted)
        )
        for conformed in parallel_map(self.conformers.conform, batches):
            self.silver_writer.write(self._stamped(conformed.accepted))
            self._reject(conformed.refused)

    def _write_losers(self, moves: RowMoves, raws: Spool) -> None:
        """Write losers into rejected, with their bytes: from the spool, or from bronze."""
        losers = pl.concat([moves.lost, moves.demoted])
        for spooled in raws.frames():
            self._lose(spooled.join(losers, on=list(LINEAGE)))
            losers = losers.join(spooled, on=list(LINEAGE), how="anti")
        for rows in read_raw(self.bronze, pl.concat([losers, moves.reason_changed])):
            self._lose(rows)

    def _lose(self, rows: pl.DataFrame) -> None:
        detail = pl.when(pl.col("verdict") == "duplicate").then(pl.lit(SAME)).otherwise(pl.lit(OTHER))
        labelled = rows.drop("reason").with_columns(pl.col("verdict").alias("reason"), detail.alias("detail"))
        self.rejected_writer.write(self._stamped(labelled))

    def _reject(self, refused: pl.DataFrame) -> None:
        self.rejected_writer.write(self._stamped(refused.with_columns(ARRIVAL_DAY)))

    def _stamped(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(
            pl.lit(self.stream.version).alias("_contract_version"), pl.lit(self.now, INSTANT).alias("_ingested_at")
        )

    # Commit

    def _commit(self, stale: pl.DataFrame, moves: RowMoves) -> SnapshotSet:
        """Commit rejected, then silver, each without the rows that left it."""
        left_rejected = pl.concat([moves.promoted, moves.reason_changed])
        replaced = rewrite(self.rejected, self.rejected_writer, self.hours, stale, left_rejected)
        added, removed = self.rejected_writer.finish(), [*replaced, *self.lost.get(Layer.REJECTED, ())]
        if added or removed:
            commit(self.rejected, added, removed, {})
        bronze, rejected = rows_snapshot(self.bronze), rows_snapshot(self.rejected)
        ids = {BRONZE_SNAPSHOT: bronze, REJECTED_SNAPSHOT: rejected}
        properties = {name: str(snapshot) for name, snapshot in ids.items() if snapshot is not None}
        properties[CONTRACT_VERSION] = self.stream.version
        replaced = rewrite(self.silver, self.silver_writer, self.hours, stale, moves.demoted)
        removed = [*replaced, *self.lost.get(Layer.SILVER, ())]
        commit(self.silver, self.silver_writer.finish(), removed, properties)
        return SnapshotSet(rows_snapshot(self.silver), bronze, rejected)


def _of_files(batch: pa.RecordBatch, wanted: pa.Array) -> pa.RecordBatch:
    """The rows of some landed files; not copied if these are all rows."""
    files = batch.column("_source_file")
    mask = pc.is_in(files.dictionary, wanted).take(files.indices)
    return batch if pc.all(mask).as_py() else batch.filter(mask)


def _contested_rows(contested: BloomFilter, rows: pa.Table) -> pa.Array:
    """The places of the rows whose key may be contested."""
    return pa.array(contested.might_contain(rows["_hash"].to_numpy()).nonzero()[0])


def _not_lost(rows: pa.Table, contested: BloomFilter, lost: pl.DataFrame) -> pl.Series:
    """A mask of the rows that have not lost. Only the few contested ones are compared with the lost."""
    places = _contested_rows(contested, rows)
    near = as_frame(rows.select(list(LINEAGE)).take(places)).with_columns(pl.Series("_place", places))
    lost_places = near.join(lost, on=list(LINEAGE), how="semi")["_place"]
    return pl.repeat(True, len(rows), eager=True).scatter(lost_places, False)
