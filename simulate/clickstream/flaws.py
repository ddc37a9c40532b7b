"""What can be wrong with one record of the clickstream, one thing at a time.

A flaw spoils a purchase in place; every other rule still holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from simulate.common_flaws import BIGINT_END, TOO_MANY, absent, holds, negative, too_much, unbelievable
from simulate.stream import Flaw, Record


def _clock(record: Record, at: datetime) -> None:
    record["timestamp"] = at.isoformat(timespec="microseconds") + "+00:00"


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        absent("timestamp"),
        holds("timestamp", None),
        holds("user_id", None),
        holds("user_id", ""),
        absent("session_id"),
        holds("event_type", None),
    ),
    "type": (
        holds("timestamp", "yesterday"),
        holds("quantity", "two"),
        holds("quantity", BIGINT_END),
        holds("price", "free"),
        holds("price", float("nan")),
    ),
    "rule": (
        holds("event_type", "checkout"),
        holds("product_id", None),
        absent("category"),
        holds("quantity", None),
        absent("price"),
        holds("quantity", 0),
        holds("quantity", TOO_MANY),
        negative("price"),
        too_much("price"),
        holds("search_query", "running shoes"),
    ),
    "clock": unbelievable(_clock),
}
