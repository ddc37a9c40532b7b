"""Judge: of all records of a key, one wins; the others are duplicates or conflicts.

Belongs here: the verdict and which keys need one. Not here: where records are stored or how they are fetched.
A verdict is a function of the set of records alone, so that no order of runs can change it.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import polars as pl
import pyarrow as pa

from contracts.stream import Scope
from events.recent import Recent

IDENTITY = ("_arrival_hour", "_source_file", "_source_version", "_line")
KEY = ("_key", "_scope")
EVER = pl.date(1970, 1, 1)


def scope_of(scope: Scope) -> pl.Expr:
    """The date within which a key is unique: the event's own, or one and the same for all."""
    return (EVER if scope is Scope.EVER else pl.col("event_at").dt.date()).alias("_scope")


def judge(records: pl.DataFrame) -> pl.DataFrame:
    """`records` (`IDENTITY`, `KEY`, `_content`, one row each) with a column `verdict`: winner, duplicate or conflict.

    The earliest of a key by (arrival hour, file, line) wins; another with its content is a duplicate of it, with
    other content in conflict with it.
    """
    ordered = records.sort("_arrival_hour", "_source_file", "_line", "_source_version")
    first = pl.int_range(pl.len()).over(KEY) == 0
    same = pl.col("_content") == pl.col("_content").first().over(KEY)
    verdict = pl.when(first).then(pl.lit("winner")).when(same).then(pl.lit("duplicate")).otherwise(pl.lit("conflict"))
    return ordered.with_columns(verdict.alias("verdict"))


class Census:
    """Which keys of new records occur more than once: among themselves, or in what is stored already.

    Counts 64-bit hashes out of core, so that memory stays bounded. A key that merely shares its hash with another is
    among the answers as well, which costs a verdict and changes none.
    """

    def __init__(self, memory: str = "768MB") -> None:
        self.con = duckdb.connect(":memory:", config={"threads": "2", "memory_limit": memory})
        self.con.execute("CREATE TABLE new (hash UBIGINT); CREATE TABLE leaving (hash UBIGINT)")
        self.con.execute("CREATE TABLE met (hash UBIGINT)")
        self.recent = Recent()

    def add(self, hashes: pl.Series) -> pl.Series:
        """Count the keys of new records, by their hashes; a mask of those that came before, as far as is remembered."""
        self._insert("new", hashes.to_frame("hash"))
        return pl.Series(self.recent.again(hashes.to_numpy()))

    def leave(self, frame: pl.DataFrame) -> None:
        """Note the `KEY`s of stored winners that go, so that a loser may take their place."""
        self._insert("leaving", frame.select(hashes()))

    def meet(self, stored: Iterator[pl.DataFrame], schema: pl.Schema) -> pl.DataFrame:
        """Of stored records those whose keys are new or leaving ones (all added before)."""
        empty = pl.DataFrame(schema=schema).with_columns(hashes()).to_arrow()
        batches = (
            batch for part in stored for batch in part.with_columns(hashes()).to_arrow().cast(empty.schema).to_batches()
        )
        self.con.register("reader", pa.RecordBatchReader.from_batches(empty.schema, batches))
        known = "(SELECT hash FROM new UNION ALL SELECT hash FROM leaving)"
        found = self.con.sql(f"SELECT * FROM reader WHERE hash IN {known}").to_arrow_table()
        self.con.unregister("reader")
        met = pl.DataFrame(pl.from_arrow(found))
        self._insert("met", met.select("hash"))
        return met.select(list(schema)).cast(dict(schema))  # type: ignore[arg-type]

    def repeated(self) -> pl.Series:
        """The hashes (as `hashes` makes them) of the keys that want a verdict."""
        query = "SELECT hash FROM new GROUP BY hash HAVING count(*) > 1 UNION SELECT hash FROM met"
        found = pl.Series("hash", self.con.sql(query).to_arrow_table().column("hash"), dtype=pl.UInt64)
        self.con.close()
        return found

    def _insert(self, table: str, frame: pl.DataFrame) -> None:
        self.con.register("batch", frame.to_arrow())
        self.con.execute(f"INSERT INTO {table} SELECT hash FROM batch")
        self.con.unregister("batch")


def hashes() -> pl.Expr:
    """A hash of `KEY`, good within one process."""
    return (pl.col("_key").hash(1) ^ pl.col("_scope").hash(2)).alias("hash")


def verdicts(new: pl.DataFrame, winners: pl.DataFrame, losers: pl.DataFrame) -> pl.DataFrame:
    """All records of the contested keys, judged: new ones, and stored ones from silver and from rejected.

    The inputs hold `IDENTITY`, `KEY`, `_content`; `losers` also `reason`. Adds `origin` (new, silver, rejected) and
    `verdict`; a record whose verdict is not what its origin says has to move.
    """
    parts = [
        new.with_columns(pl.lit("new").alias("origin"), pl.lit(None, dtype=pl.String).alias("reason")),
        winners.with_columns(pl.lit("silver").alias("origin"), pl.lit("winner").alias("reason")),
        losers.with_columns(pl.lit("rejected").alias("origin")),
    ]
    columns = [*IDENTITY, *KEY, "_content", "origin", "reason"]
    return judge(pl.concat([part.select(columns) for part in parts]))
