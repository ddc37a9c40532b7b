"""Dagster's two partition sets: arrival hours (bronze, silver, rejected) and event dates (gold).

Both begin with the setting FIRST_HOUR. Gold also holds the events of earlier dates, and rebuilds them when they change;
these dates are no partitions.
"""

import datetime as dt
from functools import cache

import dagster as dg

from partitions import DATE_FORMAT
from resources.environment import first_hour


def arrival_hours() -> dg.HourlyPartitionsDefinition:
    """All hours from the first one to the current one."""
    return _hours_from(first_hour())


def event_dates() -> dg.DailyPartitionsDefinition:
    """All UTC dates from that of the first hour to tomorrow, as producers' clocks may be ahead."""
    return _dates_from(first_hour().date())


def is_event_date(date: str) -> bool:
    """Whether a date (YYYY-MM-DD) is late enough to be a partition."""
    return date >= first_hour().strftime(DATE_FORMAT)


# One object for all assets, because Dagster remembers the keys of each.
@cache
def _hours_from(first: dt.datetime) -> dg.HourlyPartitionsDefinition:
    return dg.HourlyPartitionsDefinition(start_date=first, end_offset=1, timezone="UTC")


@cache
def _dates_from(first: dt.date) -> dg.DailyPartitionsDefinition:
    return dg.DailyPartitionsDefinition(start_date=first.strftime(DATE_FORMAT), end_offset=2, timezone="UTC")
