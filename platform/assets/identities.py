"""Identities: how many rows a snapshot has of each arrival hour, and a digest of which ones these are.

Belongs here: reading them, in bounded memory. Not here: what has to hold of them (`checks`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from events.judge import IDENTITY
from resources.rows import read_hours

DIGESTS = 2**64  # there are so many, and sums of them are taken modulo that
Words = npt.NDArray[np.uint64]


class Counts(NamedTuple):
    """What a snapshot holds of an hour; `digest` is of the rows' identities, `newest` the newest event asked for.

    The digest is the sum of 64-bit hashes of (file, version, line), which are equal for equal multisets and for
    different ones with a chance of 2^-64; bronze's identities are distinct by construction.
    """

    rows: int = 0
    digest: int = 0
    newest: dt.datetime | None = None


def counts_of(
    table: Table, snapshot: int | None, hours: Sequence[dt.datetime], newest: str | None = None
) -> dict[dt.datetime, Counts]:
    """The counts of hours that have rows; `newest` names the column of event times."""
    found: dict[dt.datetime, Counts] = {}
    columns = [*IDENTITY, *([newest] if newest else [])]
    for batch in read_hours(table, hours, columns, snapshot):
        for hour, rows in _by_hour(batch):
            before = found.get(hour, Counts())
            digest = (before.digest + int(_digests(rows).sum())) % DIGESTS
            times = (before.newest, pc.max(rows.column(newest)).as_py() if newest else None)
            found[hour] = Counts(before.rows + len(rows), digest, max(filter(None, times), default=None))
    return found


def _by_hour(batch: pa.RecordBatch) -> Iterator[tuple[dt.datetime, pa.RecordBatch]]:
    arrivals = batch.column("_arrival_hour")
    hours = pc.unique(arrivals)
    for hour in hours:
        yield hour.as_py(), batch if len(hours) == 1 else batch.filter(pc.equal(arrivals, hour))


def _digests(rows: pa.RecordBatch) -> Words:
    """A hash of each row's file, version and line."""
    with np.errstate(over="ignore"):
        objects = _seeds(rows.column("_source_file")) + np.uint64(3) * _seeds(rows.column("_source_version"))
        lines = rows.column("_line").to_numpy().view(np.uint64)
        return _mixed(_mixed(objects) + lines * np.uint64(0x9E3779B97F4A7C15))


def _seeds(texts: pa.DictionaryArray) -> Words:
    """A hash of each text; few differ."""
    seeds = np.array([_seed(text) for text in texts.dictionary.to_pylist()], np.uint64)
    chosen: Words = seeds[texts.indices.to_numpy()]
    return chosen


@lru_cache(maxsize=10_000)
def _seed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def _mixed(words: Words) -> Words:
    """A permutation of all words, in which those that were near are far apart (SplitMix64's)."""
    found: Words = (words ^ words >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ found >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return found ^ found >> np.uint64(31)
