"""Judge: of all records of a key, one wins; the others are duplicates or conflicts.

Belongs here: the verdict, and hashes that stand for keys. Not here: which keys need one (`membership`, `bloom_filter`),
where records are stored or how they are fetched.
A verdict is a function of the set of records alone, so that no order of runs can change it.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from contracts.stream import Scope
from events.dedup.bloom_filter import Hashes

IDENTITY = ("_arrival_hour", "_source_file", "_source_version", "_line")
KEY = ("_key", "_scope")
UNIX = dt.date(1970, 1, 1)
_KEY_BYTES = 16
_MIX = 0x9E3779B97F4A7C15  # tells the scopes of a key apart


def scope_of(scope: Scope) -> pl.Expr:
    """The date within which a key is unique: the event's own, or one and the same for all."""
    return (pl.lit(UNIX) if scope is Scope.EVER else pl.col("event_at").dt.date()).alias("_scope")


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


def hashes() -> pl.Expr:
    """A hash of `KEY`; keys are digests, of which any part is as good as another."""
    leading = pl.col("_key").bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64, endianness="little")
    days = pl.col("_scope").to_physical().cast(pl.Int64).reinterpret(signed=False)
    return (leading ^ days * pl.lit(_MIX, dtype=pl.UInt64)).alias("_hash")


def hashes_of(keys: pa.Array, days: npt.NDArray[np.int64] | np.int64) -> Hashes:
    """The same of a binary column of keys, and of their scopes as days of the epoch, one for each or one for all.

    Raises `ValueError` where one is no key.
    """
    if not len(keys):
        return np.empty(0, np.uint64)
    _, offsets, data = keys.buffers()
    kind = np.int64 if pa.types.is_large_binary(keys.type) else np.int32
    borders = np.frombuffer(offsets, kind)[keys.offset : keys.offset + len(keys) + 1]
    if keys.null_count or (np.diff(borders) != _KEY_BYTES).any():
        raise ValueError(f"keys are digests, which have {_KEY_BYTES} bytes")
    leading: Hashes = np.frombuffer(data, "<u8", 2 * len(keys), int(borders[0]))[::2]
    return leading ^ np.asarray(days).astype(np.uint64) * np.uint64(_MIX)


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
