"""Contest: the records of a run's keys, new and stored, get their verdicts together.

Belongs here: which stored records share keys with new ones, their bytes and content, and what has to move because of
the verdicts. Not here: what a verdict is (`events.dedup.verdicts`), or moving anything (`judge_silver`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.stream import Scope, Stream
from events.concurrency import prefetch
from events.conform import Conformers
from events.dedup.bloom_filter import BloomFilter, Hashes
from events.dedup.membership import exact_membership
from events.dedup.verdicts import KEY, UNIX, hashes, hashes_of, scope_of, verdicts
from lake.reading import as_frame, event_date, files_of, files_within, path_in, read, read_columns
from lake.spool import Spool, compacted

THREADS = 2
LOSERS = ("duplicate", "conflict")
SOURCE = ["_source_file", "_source_version"]
UTC = pl.Datetime("us", "UTC")
LINEAGE: dict[str, pl.DataType] = {
    "_arrival_hour": UTC,
    "_source_file": pl.String(),
    "_source_version": pl.String(),
    "_line": pl.Int64(),
}
KEYS = pa.schema([("_key", pa.large_binary()), ("_scope", pa.date32()), ("_file", pa.large_string())])
NEW: dict[str, pl.DataType] = {**LINEAGE, "_key": pl.Binary(), "_scope": pl.Date(), "_content": pl.Binary()}
DEDUP_COLUMNS = ["_hash", "_content"]  # what comes with silver's rows to a contest, and is not stored
STORED: dict[str, pl.DataType] = {**NEW, "reason": pl.String(), "_file": pl.String()}


@dataclass(frozen=True)
class RowMoves:
    """Rows that have to leave where they are, or may not go where they were going.

    `stale` names landed objects (file, version) all of whose stored rows go; the others are records with the
    `verdict` that they have now, and `_file`, the data file that holds them. `contested` keeps the hashes of all
    contested keys, and few others.
    """

    stale: pl.DataFrame
    contested: BloomFilter
    lost: pl.DataFrame
    demoted: pl.DataFrame
    promoted: pl.DataFrame
    relabelled: pl.DataFrame


class Contest:
    """One run's contest."""

    def __init__(
        self,
        stream: Stream,
        conformers: Conformers,
        tables: tuple[Table, Table, Table],
        hours: Sequence[dt.datetime],
        scratch: Path,
    ) -> None:
        self.stream, self.conformers, self.hours, self.scratch = stream, conformers, hours, scratch
        self.bronze, self.silver, self.rejected = tables
        self.bloom_filter = BloomFilter(0)
        self.again: list[Hashes] = []
        self.days: set[dt.date] = set()

    def expect(self, count: int) -> None:
        """So many records, at most, are new or leave."""
        self.bloom_filter = BloomFilter(count)

    def enter(self, rows: pa.Table, scopes: set[dt.date]) -> pl.Series:
        """Take note of new records: silver's rows with `BESIDES`, and the scopes of their keys.

        A mask of those whose keys came before, and of a few others.
        """
        self.days |= scopes
        keys = rows["_hash"].to_numpy()
        again = self.bloom_filter.add(keys)
        self.again.append(keys[again])
        return pl.Series(again)

    def decide(self, spool: Spool, raws: Spool, stale: pl.DataFrame) -> RowMoves:
        """The moves that the new records of `spool`, and the leaving of `stale` objects' rows, bring about.

        `raws` takes the bytes of stored winners that are contested, as some of them lose.
        """
        left: set[dt.date] = set()
        with Spool(self.scratch) as leaving:
            for part in self._leaving(stale):
                leaving.add_frame(part.select(hashes()))
                self.bloom_filter.add(part.select(hashes()).to_series().to_numpy())
                left.update(part["_scope"].unique())
            known = partial(_hashes, spool, leaving)
            winners = self._met(self.silver, self.days | left, stale, known)
            beaten = left.union(winners["_scope"].unique())  # a loser has a winner, which is in silver, or was
            losers = self._met(self.rejected, beaten, stale, known)
        met = pl.concat([winners, losers]).select(hashes()).to_series().to_numpy()
        contested = BloomFilter.of(np.concatenate([*self.again, met]))
        new = [self._new(part, contested_by(contested, part)) for part in spool]
        contents = self._contents(winners, raws)
        judged = verdicts(
            pl.concat([pl.DataFrame(schema=NEW), *new]),
            winners.drop("_content").join(contents, on=list(LINEAGE), how="left"),
            losers,
        )
        stored = pl.concat([winners, losers]).select(*LINEAGE, "_file")
        moved = judged.filter(pl.col("verdict") != pl.col("reason").fill_null("winner"))
        return _moves(stale, contested, moved.join(stored, on=list(LINEAGE), how="left"))

    def _new(self, rows: pa.Table, places: pa.Array) -> pl.DataFrame:
        """What a verdict needs (`NEW`) of some of silver's rows and what comes with them."""
        chosen = rows.select([*LINEAGE, "event_at", "_key", "_content"]).take(places)
        known = texts(pl.DataFrame(pl.from_arrow(chosen)))
        return known.with_columns(scope_of(self.stream.scope)).select(list(NEW))

    def raw_of(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Records together with their bytes, from bronze."""
        if records.is_empty():
            return
        hours = sorted(records["_arrival_hour"].unique())
        files = [file for run in _runs(hours) for file in files_within(self.bronze, run)]
        lines = records["_line"].unique().implode()
        for batch in prefetch(read(self.bronze, files, [*LINEAGE, "raw", "header"])):
            near = pl.DataFrame(pl.from_arrow(batch)).filter(pl.col("_line").is_in(lines))
            found = texts(near).join(records, on=list(LINEAGE), how="inner")
            if not found.is_empty():
                yield found

    def _leaving(self, stale: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Stored winners that go."""
        if not stale.is_empty():
            for part in self._keyed(self.silver, files_within(self.silver, self.hours)):
                yield part.join(stale, on=SOURCE, how="semi")

    def _met(
        self, table: Table, days: set[dt.date], stale: pl.DataFrame, known: Callable[[], Iterator[Hashes]]
    ) -> pl.DataFrame:
        """Records stored in one of the two tables, and not going, whose keys, of some scopes, are among the run's.

        Few are, but any file of the days may hold them: all that is read of most files is their keys.
        """
        ever = bool(days) and self.stream.scope is Scope.EVER
        files = {path_in(f): f for f in files_of(table) if ever or event_date(f) in days}
        with ThreadPoolExecutor(THREADS) as pool:
            found = pool.map(lambda file: self._keys(table, file, stale), files.values())
            keys = pl.DataFrame(pl.from_arrow(pa.concat_tables([KEYS.empty_table(), *found])))
        met = keys.filter(pl.Series(exact_membership(keys.select(hashes()).to_series().to_numpy(), known())))
        holding = [files[path] for path in met["_file"].unique()]
        stored = (part.join(met, on=KEY, how="semi") for part in self._keyed(table, holding))
        empty = pl.DataFrame(schema=STORED)
        return pl.concat([empty, *(compacted(part.join(stale, on=SOURCE, how="anti")) for part in stored)])

    def _keys(self, table: Table, file: DataFile, stale: pl.DataFrame) -> pa.Table:
        """The keys in a data file that the sieve keeps, of rows that are not going; `KEYS`."""
        ever = table is self.silver and self.stream.scope is Scope.EVER
        scope = UNIX if ever else event_date(file)
        found = []
        for batch in read_columns(table, file, ["_key"] if stale.is_empty() else ["_key", *SOURCE]):
            rows = batch.drop_null() if batch.column("_key").null_count else batch
            keys = hashes_of(rows.column("_key"), np.int64((scope - UNIX).days))
            found.append(rows.take(pa.array(self.bloom_filter.might_contain(keys).nonzero()[0])))
        kept = pa.Table.from_batches(found)
        if not stale.is_empty():
            kept = texts(pl.DataFrame(pl.from_arrow(kept))).join(stale, on=SOURCE, how="anti").select("_key").to_arrow()
        place = pa.scalar(scope, pa.date32()), pa.scalar(path_in(file), pa.large_string())
        return pa.table(
            [kept["_key"].cast(pa.large_binary()), *(pa.repeat(value, len(kept)) for value in place)], schema=KEYS
        )

    def _keyed(self, table: Table, files: list[DataFile]) -> Iterator[pl.DataFrame]:
        """The rows of silver, or rejected's losers, with what a verdict needs."""
        own = ["event_at"] if table is self.silver else ["_scope", "reason", "_content"]
        for batch in read(table, files, [*LINEAGE, "_key", *own, "__filename"]):
            rows = as_frame(batch).rename({"__filename": "_file"})
            if table is self.silver:
                nothing = [pl.lit(None, dtype=STORED[name]).alias(name) for name in ("reason", "_content")]
                rows = rows.with_columns(scope_of(self.stream.scope), *nothing)
            else:
                rows = rows.filter(pl.col("reason").is_in(LOSERS))
            yield rows.select(list(STORED))

    def _contents(self, records: pl.DataFrame, raws: Spool) -> pl.DataFrame:
        """The content of records by `LINEAGE`; silver keeps none, as few are ever asked for theirs."""
        found = [pl.DataFrame(schema={**LINEAGE, "_content": pl.Binary})]
        for rows in self.raw_of(records):
            known = rows.with_columns(self.conformers.contents(rows.select("raw", "header").to_arrow()))
            raws.add_frame(known.select(*LINEAGE, "raw"))
            found.append(compacted(known.select(*LINEAGE, "_content")))
        return pl.concat(found)


def _hashes(*spools: Spool) -> Iterator[Hashes]:
    """The `_hash` of all rows of some spools."""
    for part in chain.from_iterable(spools):
        yield part["_hash"].to_numpy()


def contested_by(bloom_filter: BloomFilter, rows: pa.Table) -> pa.Array:
    """The places of the rows whose `_hash` a sieve keeps."""
    return pa.array(bloom_filter.might_contain(rows["_hash"].to_numpy()).nonzero()[0])


def texts(rows: pl.DataFrame) -> pl.DataFrame:
    """The same rows with their coded columns as text."""
    return rows.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _moves(stale: pl.DataFrame, contested: BloomFilter, moved: pl.DataFrame) -> RowMoves:
    origin, wins = pl.col("origin"), pl.col("verdict") == "winner"
    return RowMoves(
        stale,
        contested,
        lost=moved.filter(origin == "new"),
        demoted=moved.filter(origin == "silver"),
        promoted=moved.filter((origin == "rejected") & wins),
        relabelled=moved.filter((origin == "rejected") & ~wins),
    )


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
