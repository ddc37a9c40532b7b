"""Stored keys: the records of some keys in silver and rejected.

Belongs here: finding them while reading as little as possible. Not here: which keys (`touched_keys`), who wins
(`events.dedup.winners`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from contracts.lineage import LINEAGE, SOURCE_OBJECT
from contracts.stream import Scope
from events.concurrency import parallel_map
from events.dedup.keys import KEY, hashes_of, key_hashes, key_scope
from events.dedup.winners import LOSERS, STORED
from lake.reading import as_frame, event_date, files_of, files_of_hours, path_of, read, read_columns
from lake.schemas import Layer
from lake.spool import compacted
from lake.touched_keys import TouchedKeys
from partitions import EPOCH_DATE

_KEYS = pa.schema([("_key", pa.large_binary()), ("_scope", pa.date32()), ("_file", pa.large_string())])


@dataclass(frozen=True)
class StoredKeys:
    """The records of one table that have a key: silver's winners, or rejected's losers.

    `stale` names landed objects (`SOURCE_OBJECT`) whose rows all leave the table.
    """

    table: Table
    layer: Layer
    scope: Scope
    stale: pl.DataFrame

    def leaving(self, hours: Sequence[dt.datetime]) -> Iterator[pl.DataFrame]:
        """The records (`STORED`) of stale objects, all from these arrival hours."""
        if not self.stale.is_empty():
            for part in self._records(files_of_hours(self.table, hours)):
                yield part.join(self.stale, on=SOURCE_OBJECT, how="semi")

    def staying(self, keys: TouchedKeys, scopes: Collection[dt.date]) -> pl.DataFrame:
        """The records (`STORED`) of all other objects whose key is touched, within these scopes.

        Any file of the scopes may hold such a record, but few do. So only the keys of most files are read.
        """
        ever = bool(scopes) and self.scope is Scope.EVER
        files = {path_of(f): f for f in files_of(self.table) if ever or event_date(f) in scopes}
        found = [*parallel_map(lambda file: self._candidates(file, keys), files.values())]
        candidates = pl.DataFrame(pl.from_arrow(pa.concat_tables([_KEYS.empty_table(), *found])))
        touched = candidates.filter(pl.Series(keys.contain(hashes_of(candidates))))
        holding = [files[path] for path in touched["_file"].unique()]
        records = (part.join(touched, on=KEY, how="semi") for part in self._records(holding))
        staying = (compacted(part.join(self.stale, on=SOURCE_OBJECT, how="anti")) for part in records)
        return pl.concat([pl.DataFrame(schema=STORED), *staying])

    def _candidates(self, file: DataFile, keys: TouchedKeys) -> pa.Table:
        """The keys of a data file that the Bloom filter lets pass, without those of stale objects (`_KEYS`)."""
        scope = EPOCH_DATE if self.layer is Layer.SILVER and self.scope is Scope.EVER else event_date(file)
        found = []
        for batch in read_columns(self.table, file, ["_key"] if self.stale.is_empty() else ["_key", *SOURCE_OBJECT]):
            rows = batch.drop_null() if batch.column("_key").null_count else batch
            hashes = key_hashes(rows.column("_key"), np.int64((scope - EPOCH_DATE).days))
            found.append(rows.take(pa.array(keys.might_contain(hashes).nonzero()[0])))
        kept = pa.Table.from_batches(found)
        if not self.stale.is_empty():
            kept = as_frame(kept).join(self.stale, on=SOURCE_OBJECT, how="anti").select("_key").to_arrow()
        constants = pa.scalar(scope, pa.date32()), pa.scalar(path_of(file), pa.large_string())
        columns = [kept["_key"].cast(pa.large_binary()), *(pa.repeat(value, len(kept)) for value in constants)]
        return pa.table(columns, schema=_KEYS)

    def _records(self, files: Sequence[DataFile]) -> Iterator[pl.DataFrame]:
        """The records (`STORED`) in some data files. Silver stores no content, so a winner's `_content` is null."""
        winners = self.layer is Layer.SILVER
        own = ["event_at"] if winners else ["_scope", "reason", "_content"]
        for batch in read(self.table, files, [*LINEAGE, "_key", *own, "__filename"]):
            rows = as_frame(batch).rename({"__filename": "_file"})
            if winners:
                nulls = [pl.lit(None, dtype=STORED[name]).alias(name) for name in ("reason", "_content")]
                rows = rows.with_columns(key_scope(self.scope), *nulls)
            else:
                rows = rows.filter(pl.col("reason").is_in(LOSERS))
            yield rows.select(list(STORED))
