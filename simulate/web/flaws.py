"""What can be wrong with one record of the web stream, one thing at a time.

A flaw spoils a record in place; everything else about it is good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import absent, holds, unbelievable
from simulate.plan import Slot
from simulate.stream import Flaw, Record

CLOCKS = ("occurred_at", "timestamp")


def _time(value: object) -> Flaw:
    def flaw(record: Record, random: Random, slot: Slot) -> None:
        for name in record.keys() & set(CLOCKS):
            record[name] = value

    return flaw


def _clock(record: Record, at: datetime) -> None:
    for name in record.keys() & set(CLOCKS):
        record[name] = at.isoformat(timespec="seconds") + "Z"


def _timeless(record: Record, random: Random, slot: Slot) -> None:
    for name in record.keys() & set(CLOCKS):
        del record[name]


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        absent("user_id"),
        holds("user_id", None),
        holds("user_id", ""),
        absent("event_type"),
        holds("event_type", ""),
        _timeless,
        _time(None),
    ),
    "type": (_time("soon"), _time("2026-02-30T25:61:00Z"), _time(True)),
    "clock": unbelievable(_clock),
}
