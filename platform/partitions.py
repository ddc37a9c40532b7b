"""Partition keys and times: arrival hours (bronze, silver, rejected) and event dates (gold).

Belongs here: what a partition key means and which arrival hours there are. Not here: Dagster's definitions of the two
partition sets (`assets.partition_sets`).
"""

from __future__ import annotations

import datetime as dt

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
EPOCH_DATE = EPOCH.date()
HOUR_FORMAT = "%Y-%m-%d-%H:%M"
DATE_FORMAT = "%Y-%m-%d"
HOURS_PER_RUN = 24

Window = tuple[dt.datetime, dt.datetime]  # the first arrival hour, and the end, which is excluded


def hour_of(key: str) -> dt.datetime:
    """The UTC instant at which the arrival hour of a partition key starts."""
    return dt.datetime.strptime(key, HOUR_FORMAT).replace(tzinfo=dt.UTC)


def key_of(hour: dt.datetime) -> str:
    """The partition key of the arrival hour that starts at a UTC instant."""
    return hour.strftime(HOUR_FORMAT)


def arrival_window(first: dt.datetime, now: dt.datetime) -> Window:
    """The arrival hours that are partitions at `now`: from the first one to the end of the current one."""
    return first, now.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)


def inside_window(hour: dt.datetime | None, window: Window) -> bool:
    """Whether an arrival hour is known and lies in the window."""
    return hour is not None and window[0] <= hour < window[1]
