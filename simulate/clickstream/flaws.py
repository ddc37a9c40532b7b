"""The flaws of clickstream records. Each spoils one thing in the record of a purchase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from simulate.common_flaws import BIGINT_END, TOO_MANY, with_huge, with_negative, with_value, with_wrong_time, without
from simulate.stream import Flaw, Record


def _set_time(record: Record, at: datetime) -> None:
    record["timestamp"] = at.isoformat(timespec="microseconds") + "+00:00"


FLAWS: Mapping[str, Sequence[Flaw]] = {
    "missing": (
        without("timestamp"),
        with_value("timestamp", None),
        with_value("user_id", None),
        with_value("user_id", ""),
        without("session_id"),
        with_value("event_type", None),
    ),
    "type": (
        with_value("timestamp", "yesterday"),
        with_value("quantity", "two"),
        with_value("quantity", BIGINT_END),
        with_value("price", "free"),
        with_value("price", float("nan")),
    ),
    "rule": (
        with_value("event_type", "checkout"),
        with_value("product_id", None),
        without("category"),
        with_value("quantity", None),
        without("price"),
        with_value("quantity", 0),
        with_value("quantity", TOO_MANY),
        with_negative("price"),
        with_huge("price"),
        with_value("search_query", "running shoes"),
    ),
    "clock": with_wrong_time(_set_time),
}
