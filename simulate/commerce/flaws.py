"""What can be wrong with one record of the commerce stream, one thing at a time, and what may be said differently.

A flaw spoils an order's record in place; every other rule still holds for it. What breaks any JSON text is in
`simulate.formats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random

from simulate.common_flaws import BIGINT_END, TOO_MANY, absent, holds, negative, too_much, unbelievable
from simulate.plan import Slot
from simulate.stream import Flaw, Record


def _quantity(value: object) -> Flaw:
    def flaw(record: Record, random: Random, slot: Slot) -> None:
        random.choice(record["order"]["items"])["quantity"] = value

    return flaw


def _clock(record: Record, at: datetime) -> None:
    record["event_timestamp"] = at.isoformat(timespec="milliseconds") + "Z"


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        absent("event_id"),
        holds("event_id", None),
        holds("event_timestamp", None),
        absent("event_timestamp"),
        absent("event_type"),
    ),
    "type": (
        holds("order.total_amount", "abc"),
        holds("order.total_amount", float("nan")),
        _quantity("x"),
        _quantity(BIGINT_END),
        holds("event_timestamp", True),
    ),
    "rule": (
        negative("order.total_amount"),
        too_much("order.total_amount"),
        absent("order.order_id"),
        _quantity(0),
        _quantity(TOO_MANY),
        holds("order.currency", "US"),
    ),
    "clock": unbelievable(_clock),
}


def _other_total(record: Record) -> None:
    record["order"]["total_amount"] = round(float(record["order"]["total_amount"]) + 1, 2)


def _other_channel(record: Record) -> None:
    record["session"]["channel"] = "affiliate"


def _other_country(record: Record) -> None:
    record["customer"]["country"] = "NZ"


def amend(record: Record, random: Random) -> None:
    """Other content under the same key and time, valid by itself."""
    ways = [_other_channel, _other_country, *([_other_total] if "order" in record else [])]
    random.choice(ways)(record)
