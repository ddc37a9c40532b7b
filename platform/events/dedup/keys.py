"""Keys: the date within which a key is unique, and the 64-bit hash by which it is looked up.

Belongs here: the scope and the hash. Not here: how a record gets its key (`events.conform`), looking keys up
(`bloom_filter`, `membership`), deciding who wins (`winners`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from contracts.stream import Scope
from events.dedup.bloom_filter import Hashes
from partitions import EPOCH_DATE

KEY = ["_key", "_scope"]
_KEY_BYTES = 16
_MIX = 0x9E3779B97F4A7C15  # gives the scopes of a key different hashes


def key_scope(scope: Scope) -> pl.Expr:
    """`_scope`, the date within which a key is unique: the event's date, or one date for all records."""
    return (pl.lit(EPOCH_DATE) if scope is Scope.EVER else pl.col("event_at").dt.date()).alias("_scope")


def key_hash() -> pl.Expr:
    """`_hash`, the hash of `KEY`. A key is a digest, so its first 8 bytes are as good as all 16."""
    leading = pl.col("_key").bin.slice(0, 8).bin.reinterpret(dtype=pl.UInt64, endianness="little")
    days = pl.col("_scope").to_physical().cast(pl.Int64).reinterpret(signed=False)
    return (leading ^ days * pl.lit(_MIX, dtype=pl.UInt64)).alias("_hash")


def hashes_of(records: pl.DataFrame) -> Hashes:
    """The hash of each record of a frame with `KEY`."""
    return records.select(key_hash()).to_series().to_numpy()


def key_hashes(keys: pa.Array, days: npt.NDArray[np.int64] | np.int64) -> Hashes:
    """The same hashes from a binary column of keys. `days` are the scopes in days since the epoch: one per key or one.

    Reads the keys' bytes in place. Raises `ValueError` if one is not 16 bytes long.
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
