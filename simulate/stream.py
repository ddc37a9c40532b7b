"""What a stream has to declare so that it can be simulated.

A stream is a `Stream`: where its good records come from (`Source`), how one is written (`Format`), how they become
files (`Transport`), and what can be wrong with them (`Flaw`, `Corruption`, `Amendment`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from random import Random
from typing import Any, Protocol

import polars as pl

from simulate.counts import DateCounts
from simulate.plan import Plan, PlannedFile

Record = dict[str, Any]
Flaw = Callable[[Record, Random, PlannedFile], None]
"""Breaks exactly one rule of the stream's contract, in the record itself."""
Amendment = Callable[[Record, Random], None]
"""Changes the content of a good record but neither its key nor its time. The record stays good."""
Corruption = Callable[[str, Random], bytes]
"""Turns the text of a good record into bytes that are no record of the stream."""


@dataclass(frozen=True)
class Batch:
    """The good records of one file, as texts in the order in which they land, and their counts.

    `earlier`: some records of earlier files of the same hour.
    """

    lines: pl.Series
    earlier: pl.Series
    counts: DateCounts


@dataclass(frozen=True)
class Defect:
    """A record that the platform must reject for `reason`.

    It lands before the good record number `position`; the number of good records means at the end.
    """

    position: int
    line: bytes
    reason: str


class Source(Protocol):
    """Makes good records. All methods are pure: the same arguments give the same records."""

    def count(self, file: PlannedFile) -> int:
        """How many records `batch` makes for the file."""

    def batch(self, file: PlannedFile) -> Batch:
        """The good records of the file."""

    def repeat(self, plan: Plan, picks: Sequence[tuple[int, float]]) -> list[str]:
        """For each pick, one good record of that hour, chosen by the number in [0, 1).

        Records come in any order, and there may be fewer than picks.
        """

    def spares(self, file: PlannedFile, count: int) -> list[str]:
        """Good records that land nowhere else. Their ids are their own, and they have every field a flaw needs."""


class Format(Protocol):
    """Writes one record, without a separator."""

    @property
    def corruptions(self) -> Sequence[Corruption]:
        """The ways in which a record's text can be malformed."""

    def parse(self, line: str) -> Record:
        """The fields of a record's text."""

    def dump(self, record: Record) -> bytes:
        """The text of a record, which may hold values that the format does not allow."""

    def redelivered(self, line: str, random: Random) -> bytes:
        """The same content again, not always in the same bytes."""

    def plant(self, record: Record, path: str, value: str) -> bool:
        """Replace the personal value at a path. Where there is none, change nothing and return False.

        The record stays good and its person the same.
        """


class Transport(Protocol):
    """Turns records into files of the landing zone."""

    def parts(self, plan: Plan) -> int:
        """How many files an hour has."""

    def path(self, file: PlannedFile, records: int) -> PurePosixPath:
        """The file's path below the stream's folder. A name that ends in `.gz` means gzip."""

    def body(self, file: PlannedFile, lines: pl.Series, defects: Sequence[Defect]) -> bytes:
        """The file's bytes before compression: good records, with the defects (sorted by position) among them."""


@dataclass(frozen=True)
class Stream:
    """A stream. `name` is also the name of its folder in the landing zone.

    `flaws`: the ways in which a record can be wrong, by reason (`missing`, `type`, `rule`, `clock`). `amendments` is
    empty where the producer gives no id, since other content is then another record. `personal`: the paths of personal
    fields, and the kind of value that each holds (a key of `canaries.CANARY_KINDS`).
    """

    name: str
    source: Source
    format: Format
    transport: Transport
    flaws: Mapping[str, Sequence[Flaw]]
    amendments: Sequence[Amendment] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
