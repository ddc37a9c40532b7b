"""What can be wrong with one record of the commerce stream, one thing at a time.

Each function spoils an order's record in place; every other rule still holds for it. Defects that any JSON may have
are in `simulate.defects`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from simulate.plan import Slot
from simulate.stream import Flaw, Record

BIGINT_END = 2**63  # one more than a 64-bit integer holds


def _absent(record: Record, random: Random, slot: Slot, *, name: str) -> None:
    del record[name]


def _null(record: Record, random: Random, slot: Slot, *, name: str) -> None:
    record[name] = None


def _event(record: Record, random: Random, slot: Slot, *, name: str, value: Any) -> None:
    record[name] = value


def _order(record: Record, random: Random, slot: Slot, *, name: str, value: Any) -> None:
    record["order"][name] = value


def _quantity(record: Record, random: Random, slot: Slot, *, value: Any) -> None:
    random.choice(record["order"]["items"])["quantity"] = value


def _negative(record: Record, random: Random, slot: Slot) -> None:
    record["order"]["total_amount"] = -random.randrange(1, 100_000) / 100


def _three_decimals(record: Record, random: Random, slot: Slot) -> None:
    record["order"]["total_amount"] = (random.randrange(1, 10_000) * 10 + 5) / 1000


def _no_order_id(record: Record, random: Random, slot: Slot) -> None:
    del record["order"]["order_id"]


def _clock(record: Record, at: datetime) -> None:
    record["event_timestamp"] = at.isoformat(timespec="milliseconds") + "Z"


def _years_ahead(record: Record, random: Random, slot: Slot) -> None:
    _clock(record, slot.end + timedelta(days=3_300, seconds=random.randrange(10**6)))


def _hours_ahead(record: Record, random: Random, slot: Slot) -> None:
    _clock(record, slot.end + timedelta(hours=1, seconds=random.randrange(1, 36_000)))


def _unset(record: Record, random: Random, slot: Slot) -> None:
    _clock(record, datetime(1970, 1, 1) + timedelta(seconds=random.randrange(600_000_000)))


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        partial(_absent, name="event_id"),
        partial(_null, name="event_id"),
        partial(_null, name="event_timestamp"),
        partial(_absent, name="event_timestamp"),
        partial(_absent, name="event_type"),
    ),
    "type": (
        partial(_order, name="total_amount", value="abc"),
        partial(_order, name="total_amount", value=float("nan")),
        partial(_quantity, value="x"),
        partial(_quantity, value=BIGINT_END),
        partial(_event, name="event_timestamp", value=True),
    ),
    "rule": (
        _negative,
        _three_decimals,
        _no_order_id,
        partial(_quantity, value=0),
        partial(_order, name="currency", value="US"),
    ),
    "clock": (_years_ahead, _hours_ahead, _unset),
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
