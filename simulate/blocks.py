"""A source that makes the records of a whole block at once, which is far faster than file by file for small files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache

import polars as pl

from simulate.counts import DateCounts
from simulate.plan import PlannedFile
from simulate.stream import Batch


class BlockSource(ABC):
    """The part of `stream.Source` that cuts blocks into files."""

    names: Sequence[Sequence[str]]
    """By event number, the names of the events that a record reports."""

    @abstractmethod
    def count_block(self, block: PlannedFile) -> int:
        """How many records a block has."""

    @abstractmethod
    def make_block(self, block: PlannedFile) -> pl.DataFrame:
        """The records of a block in the order in which they land: `at` (ms), `event` and `line`."""

    def count(self, file: PlannedFile) -> int:
        """See `Source`."""
        return len(file.rows(self.count_block(file.block)))

    def batch(self, file: PlannedFile) -> Batch:
        """See `Source`."""
        records = _make_block(self, file.block)
        rows = file.rows(len(records))
        own = records[rows.start : rows.stop]
        return Batch(own["line"], records["line"][: rows.start], DateCounts.of(own, self.names))


@lru_cache(maxsize=4)  # as many as there are threads: the files of a block follow each other
def _make_block(source: BlockSource, block: PlannedFile) -> pl.DataFrame:
    return source.make_block(block)
