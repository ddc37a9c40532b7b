"""Times as milliseconds since 1970-01-01 UTC, the unit of every time column of the simulator."""

from __future__ import annotations

from datetime import date, datetime, timedelta

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970 of a naive UTC time."""
    return round((at - datetime(1970, 1, 1)).total_seconds() * 1000)


def date_of_day(day: int) -> date:
    """The date that is this many days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=day)
