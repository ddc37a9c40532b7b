"""Flaws that records of several streams can have: functions that take a field's path and give a `stream.Flaw`.

Paths are dotted (`order.currency`). Which field of a stream can have which flaw is in the stream's own `flaws`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

from simulate.plan import PlannedFile
from simulate.stream import Flaw, Record

BIGINT_END = 2**63  # one more than a 64-bit integer holds
TOO_MANY = 10**6 + 1  # pieces
SetTime = Callable[[Record, datetime], None]
"""Writes a naive UTC time as the record's event time."""


def _parent(record: Record, path: str) -> tuple[Record, str]:
    """The object that holds the field, and the field's name in it."""
    *parents, name = path.split(".")
    for parent in parents:
        record = record[parent]
    return record, name


def without(path: str) -> Flaw:
    """The field is absent."""

    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        parent, name = _parent(record, path)
        del parent[name]

    return flaw


def with_value(path: str, value: Any) -> Flaw:
    """The field holds this value instead of its own."""

    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        parent, name = _parent(record, path)
        parent[name] = value

    return flaw


def with_negative(path: str) -> Flaw:
    """The amount is below zero."""

    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        parent, name = _parent(record, path)
        parent[name] = -random.randrange(1, 100_000) / 100

    return flaw


def with_huge(path: str) -> Flaw:
    """The amount is above the largest that is allowed, 10^12."""

    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        parent, name = _parent(record, path)
        parent[name] = 10**12 + random.randrange(1, 10**6)

    return flaw


def with_wrong_time(set_time: SetTime) -> tuple[Flaw, ...]:
    """The event time is years or hours after the arrival, or in the 1970s or 1980s, as from a clock never set."""

    def years_ahead(record: Record, random: Random, file: PlannedFile) -> None:
        set_time(record, file.hour_end + timedelta(days=3_300, seconds=random.randrange(10**6)))

    def hours_ahead(record: Record, random: Random, file: PlannedFile) -> None:
        set_time(record, file.hour_end + timedelta(hours=1, seconds=random.randrange(1, 36_000)))

    def never_set(record: Record, random: Random, file: PlannedFile) -> None:
        set_time(record, datetime(1970, 1, 1) + timedelta(seconds=random.randrange(600_000_000)))

    return years_ahead, hours_ahead, never_set
