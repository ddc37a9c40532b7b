"""What a stream must offer so that it can be simulated.

Only the contract between the generic parts and a stream belongs here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any, Protocol

import polars as pl

from simulate.plan import Plan, Slot

Record = dict[str, Any]
Flaw = Callable[[Record, Random, Slot], None]
"""Breaks exactly one rule of the stream's contract in the record, in place."""


@dataclass(frozen=True)
class Batch:
    """The good records of one file, in the order of their lines.

    `lines`: JSON text without a line feed; `dates`: event date (UTC) → records; `orders`: completed orders whose first
    event is here; `revenue`: (date of the order's earliest event, currency) → cents.
    """

    lines: pl.Series
    dates: Mapping[date, int]
    orders: int = 0
    revenue: Mapping[tuple[date, str], int] = field(default_factory=dict)


class Stream(Protocol):
    """One stream's records. All methods are pure: the same arguments, the same records."""

    @property
    def name(self) -> str:
        """The folder of the landing zone."""

    @property
    def flaws(self) -> Mapping[str, Sequence[Flaw]]:
        """For `missing`, `type`, `rule` and `clock`: the ways in which a record can be wrong."""

    def batch(self, slot: Slot) -> Batch:
        """The good records of the slot's file."""

    def again(self, plan: Plan, picks: Sequence[tuple[Slot, float]]) -> list[str]:
        """For each pick a good record of that slot, chosen by the number in [0, 1); in any order, perhaps fewer."""

    def spare(self, slot: Slot, count: int) -> list[str]:
        """Good records that land nowhere, with ids of their own and every field a flaw could want."""

    def amend(self, record: Record, random: Random) -> None:
        """Changes the content of a good record, not its key nor its time; it stays a good record."""
