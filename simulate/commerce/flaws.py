"""The flaws of commerce records, and their amendments. Each flaw spoils one thing in the record of an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import BIGINT_END, TOO_MANY, with_huge, with_negative, with_value, with_wrong_time, without
from simulate.plan import PlannedFile
from simulate.stream import Flaw, Record


def _with_quantity(value: object) -> Flaw:
    def flaw(record: Record, random: Random, file: PlannedFile) -> None:
        random.choice(record["order"]["items"])["quantity"] = value

    return flaw


def _set_time(record: Record, at: datetime) -> None:
    record["event_timestamp"] = at.isoformat(timespec="milliseconds") + "Z"


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        without("event_id"),
        with_value("event_id", None),
        with_value("event_timestamp", None),
        without("event_timestamp"),
        without("event_type"),
    ),
    "type": (
        with_value("order.total_amount", "abc"),
        with_value("order.total_amount", float("nan")),
        _with_quantity("x"),
        _with_quantity(BIGINT_END),
        with_value("event_timestamp", True),
    ),
    "rule": (
        with_negative("order.total_amount"),
        with_huge("order.total_amount"),
        without("order.order_id"),
        _with_quantity(0),
        _with_quantity(TOO_MANY),
        with_value("order.currency", "US"),
    ),
    "clock": with_wrong_time(_set_time),
}


def _other_total(record: Record) -> None:
    record["order"]["total_amount"] = round(float(record["order"]["total_amount"]) + 1, 2)


def _other_channel(record: Record) -> None:
    record["session"]["channel"] = "affiliate"


def _other_country(record: Record) -> None:
    record["customer"]["country"] = "NZ"


def amend(record: Record, random: Random) -> None:
    """Change the content but neither the key nor the time. The record stays good."""
    ways = [_other_channel, _other_country, *([_other_total] if "order" in record else [])]
    random.choice(ways)(record)
