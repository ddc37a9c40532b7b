"""Flaws that records of several streams can have, as functions of the field and of what it holds instead.

What is a flaw of which stream is told in the stream's own `flaws`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulate.plan import Slot
from simulate.stream import Flaw, Record

BIGINT_END = 2**63  # one more than a 64-bit integer holds
TOO_MANY = 10**6 + 1  # pieces
Clock = Callable[[Record, datetime], None]
"""Writes a naive UTC time as the record's time of event."""


def _parent(record: Record, path: str) -> tuple[Record, str]:
    *above, name = path.split(".")
    for step in above:
        record = record[step]
    return record, name


def absent(path: str) -> Flaw:
    """The field at the dotted path is not sent."""

    def flaw(record: Record, random: Random, slot: Slot) -> None:
        parent, name = _parent(record, path)
        del parent[name]

    return flaw


def holds(path: str, value: Any) -> Flaw:
    """The field at the dotted path holds the value instead of its own."""

    def flaw(record: Record, random: Random, slot: Slot) -> None:
        parent, name = _parent(record, path)
        parent[name] = value

    return flaw


def negative(path: str) -> Flaw:
    """The amount at the dotted path is below zero."""

    def flaw(record: Record, random: Random, slot: Slot) -> None:
        parent, name = _parent(record, path)
        parent[name] = -random.randrange(1, 100_000) / 100

    return flaw


def too_much(path: str) -> Flaw:
    """The amount at the dotted path is more than anyone believes."""

    def flaw(record: Record, random: Random, slot: Slot) -> None:
        parent, name = _parent(record, path)
        parent[name] = 10**12 + random.randrange(1, 10**6)

    return flaw


def unbelievable(clock: Clock) -> tuple[Flaw, ...]:
    """The event happened years or hours after it arrived, or when a clock that was never set says."""

    def years_ahead(record: Record, random: Random, slot: Slot) -> None:
        clock(record, slot.end + timedelta(days=3_300, seconds=random.randrange(10**6)))

    def hours_ahead(record: Record, random: Random, slot: Slot) -> None:
        clock(record, slot.end + timedelta(hours=1, seconds=random.randrange(1, 36_000)))

    def unset(record: Record, random: Random, slot: Slot) -> None:
        clock(record, datetime(1970, 1, 1) + timedelta(seconds=random.randrange(600_000_000)))

    return years_ahead, hours_ahead, unset
