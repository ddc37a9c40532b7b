"""The flaws of web records. Each spoils one thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import with_value, with_wrong_time, without
from simulate.plan import PlannedFile
from simulate.stream import Flaw, Record

TIME_FIELDS = ("occurred_at", "timestamp")  # a record has one of them


def _with_time(value: object) -> Flaw:
    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        for name in record.keys() & set(TIME_FIELDS):
            record[name] = value

    return flaw


def _set_time(record: Record, at: datetime) -> None:
    for name in record.keys() & set(TIME_FIELDS):
        record[name] = at.isoformat(timespec="seconds") + "Z"


def _without_time(record: Record, random: Random, file: PlannedFile) -> None:
    for name in record.keys() & set(TIME_FIELDS):
        del record[name]


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        without("user_id"),
        with_value("user_id", None),
        with_value("user_id", ""),
        without("event_type"),
        with_value("event_type", ""),
        _without_time,
        _with_time(None),
    ),
    "type": (_with_time("soon"), _with_time("2026-02-30T25:61:00Z"), _with_time(True)),
    "clock": with_wrong_time(_set_time),
}
