"""What a stream must declare so that it can be simulated.

Only the contract between the generic parts and a stream belongs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from random import Random
from typing import Any, Protocol

import polars as pl

from simulate.plan import Plan, Slot
from simulate.tally import Tally

Record = dict[str, Any]
Flaw = Callable[[Record, Random, Slot], None]
"""Breaks exactly one rule of the stream's contract in the record, in place."""
Amendment = Callable[[Record, Random], None]
"""Changes the content of a good record, not its key nor its time; it stays a good record."""
Breakage = Callable[[str, Random], bytes]
"""Makes of a good record's text something that is no record of the stream."""


@dataclass(frozen=True)
class Batch:
    """The good records of one file in the order they land, each as its text, and what they add to gold's figures."""

    lines: pl.Series
    tally: Tally


@dataclass(frozen=True)
class Extra:
    """A record to be added before the good record number `position` (their count: at the end)."""

    position: int
    line: bytes
    reason: str


class Source(Protocol):
    """Where good records come from. All methods are pure: the same arguments, the same records."""

    def count(self, slot: Slot) -> int:
        """How many records `batch` has for the slot."""

    def batch(self, slot: Slot) -> Batch:
        """The good records of the slot's file."""

    def again(self, plan: Plan, picks: Sequence[tuple[Slot, float]]) -> list[str]:
        """For each pick a good record of that slot, chosen by the number in [0, 1); in any order, perhaps fewer."""

    def spare(self, slot: Slot, count: int) -> list[str]:
        """Good records that land nowhere, with ids of their own and every field a flaw could want."""


class Format(Protocol):
    """How a record is written, without a record separator."""

    @property
    def malformed(self) -> Sequence[Breakage]:
        """The ways in which a record's text can be broken."""

    def parse(self, line: str) -> Record:
        """The fields of a record's text."""

    def dump(self, record: Record) -> bytes:
        """The text of a record, perhaps with a value that the format does not have."""

    def redelivered(self, line: str, random: Random) -> bytes:
        """The same content once more, not always in the same bytes."""

    def plant(self, record: Record, path: str, value: str) -> bool:
        """Puts the value in place of the personal one at the path; False, and nothing done, where there is none.

        The record stays good and its person the same.
        """


class Transport(Protocol):
    """How records become objects of the landing zone."""

    def parts(self, plan: Plan) -> int:
        """How many objects an hour has."""

    def path(self, slot: Slot, records: int) -> PurePosixPath:
        """The object's path below the stream's folder; it is compressed when its name ends in `.gz`."""

    def body(self, slot: Slot, lines: pl.Series, extras: Sequence[Extra]) -> bytes:
        """The object's bytes: the good records, with the extras (sorted by position) between them."""


@dataclass(frozen=True)
class Stream:
    """A stream: its name is its folder of the landing zone.

    `flaws`: for `missing`, `type`, `rule` and `clock`, as far as the stream knows them, the ways in which a record can
    be wrong. `amendments`: none where the producer gives no id, so that other content is another record. `personal`:
    the paths of personal fields, and the kind of value each holds (`canaries.KINDS`).
    """

    name: str
    identity_space: str
    source: Source
    format: Format
    transport: Transport
    flaws: Mapping[str, Sequence[Flaw]]
    amendments: Sequence[Amendment] = ()
    personal: Mapping[str, str] = field(default_factory=dict)
