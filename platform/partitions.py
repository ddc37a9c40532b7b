"""The two partition sets: arrival hours (bronze, silver, rejected) and event dates (gold).

Belongs here: what a partition key means and how it maps to an instant. Not here: what is done with one.
"""

from __future__ import annotations

import datetime as dt

import dagster as dg

ARRIVAL_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
HOUR_FORMAT = "%Y-%m-%d-%H:%M"
DATE_FORMAT = "%Y-%m-%d"
HOURS_PER_RUN = 24

ARRIVAL_HOURS = dg.HourlyPartitionsDefinition(start_date=ARRIVAL_START, end_offset=1, timezone="UTC")
EVENT_DATES = dg.DailyPartitionsDefinition(start_date="1990-01-01", end_offset=2, timezone="UTC")


def hour_of(key: str) -> dt.datetime:
    """The UTC instant at which the arrival hour of a partition key starts."""
    return dt.datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=dt.UTC)


def key_of(hour: dt.datetime) -> str:
    """The partition key of the arrival hour that starts at a UTC instant."""
    return hour.strftime(HOUR_FORMAT)


def arrival_window(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The arrival hours that are partitions at `now`: from the first (included) to the end of the current one."""
    return ARRIVAL_START, now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
