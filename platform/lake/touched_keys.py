"""Touched keys: the keys of a run's new records, and of stored winners that leave.

Belongs here: remembering them as hashes, in bounded memory. Not here: where hashes come from (`events.dedup.keys`),
which stored records have such a key (`stored_keys`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from events.dedup.bloom_filter import BloomFilter, Hashes
from events.dedup.membership import exact_membership
from lake.spool import Spool


class TouchedKeys:
    """At most `count` keys, as a Bloom filter in memory and as a spool of all hashes, which is deleted on exit.

    `new_scopes` and `left_scopes` are the scopes of the keys of new records and of those that leave. `repeated` are the
    hashes of new records whose key came before in this run, and of a few others.
    """

    def __init__(self, count: int, scratch: Path) -> None:
        self.bloom_filter = BloomFilter(count)
        self.spool = Spool(scratch)
        self.new_scopes: set[dt.date] = set()
        self.left_scopes: set[dt.date] = set()
        self.repeated: list[Hashes] = []

    def add_new(self, hashes: Hashes, scopes: Iterable[dt.date]) -> npt.NDArray[np.bool_]:
        """Add the keys of new records; a mask of the `repeated` ones."""
        self.new_scopes.update(scopes)
        repeated = self._add(hashes)
        self.repeated.append(hashes[repeated])
        return repeated

    def add_leaving(self, hashes: Hashes, scopes: Iterable[dt.date]) -> None:
        """Add the keys of stored winners that leave."""
        self.left_scopes.update(scopes)
        self._add(hashes)

    def might_contain(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """A mask of the hashes that may be among the added ones; about 1 % of the others are in it too."""
        return self.bloom_filter.might_contain(hashes)

    def contain(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """A mask of the hashes that are among the added ones."""
        return exact_membership(hashes, (part["_hash"].to_numpy() for part in self.spool))

    def contested(self, stored: Hashes) -> BloomFilter:
        """The keys that more than one record may have, given the hashes of the stored records that were found."""
        return BloomFilter.of(np.concatenate([*self.repeated, stored]))

    def _add(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        self.spool.add(pa.table({"_hash": hashes}))
        return self.bloom_filter.add(hashes)

    def __enter__(self) -> TouchedKeys:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.spool.__exit__(kind, error, trace)
