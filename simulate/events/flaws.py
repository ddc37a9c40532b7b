"""The flaws of the app's events. Each spoils one thing in the record of a purchase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import BIGINT_END, TOO_MANY, with_huge, with_value, with_wrong_time, without
from simulate.plan import PlannedFile
from simulate.stream import Flaw, Record


def _with_quantity(quantity: object) -> Flaw:
    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        record["items"][0]["quantity"] = quantity

    return flaw


def _set_time(record: Record, at: datetime) -> None:
    record["time"] = at.isoformat(timespec="milliseconds") + "Z"


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        without("event"),
        with_value("event", None),
        without("time"),
        with_value("time", ""),
    ),
    "type": (
        with_value("time", "soon"),
        with_value("time", 1_700_000_000),
        with_value("value", "free"),
        with_value("user_id", {"id": 1}),
        with_value("items", "none"),
        _with_quantity(BIGINT_END),
    ),
    "rule": (with_value("currency", "eur"), without("currency"), with_huge("value"), _with_quantity(TOO_MANY)),
    "clock": with_wrong_time(_set_time),
}


def amend(record: Record, random: Random) -> None:
    """Change the content but neither the key nor the time. The record stays good."""
    record["page"] = "/elsewhere"
