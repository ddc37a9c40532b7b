"""Timestamps read by patterns and Python's datetime, to compare the compiled reader with."""

from __future__ import annotations

import datetime as dt
import re

DATE = r"(?P<year>\d{4})(?P<mark>-?)(?P<month>\d\d)(?P=mark)(?P<day>\d\d)"
SECOND = r"(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?"
ZONE = r"(?:[ \t\r\n]*(?P<zone>z|utc|gmt|(?P<sign>[+-])(?P<hours>\d\d)(?::?(?P<minutes>\d\d))?))?"
EXTENDED = rf"(?:[T ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::{SECOND})?)?{ZONE})?"
BASIC = rf"T(?P<hour>\d\d)(?:(?P<minute>\d\d)(?:{SECOND})?)?{ZONE}"
EXTENDED_TIME = re.compile(DATE + EXTENDED, re.IGNORECASE | re.ASCII)
BASIC_TIME = re.compile(DATE + BASIC, re.IGNORECASE | re.ASCII)


def instant(text: str) -> dt.datetime:
    """A text's time in UTC. Raises `ValueError`."""
    text = text.strip(" \t\r\n")
    found = (EXTENDED_TIME if text[4:5] == "-" else BASIC_TIME).fullmatch(text)
    if not found:
        raise ValueError(text)
    part = {name: value or "0" for name, value in found.groupdict().items()}
    hour, minute, second = (int(part[name]) for name in ("hour", "minute", "second"))
    micros = int(part["fraction"].ljust(6, "0")[:6])
    hours, minutes = int(part["hours"]), int(part["minutes"])
    ends_day = (hour, minute, second, micros) == (24, 0, 0, 0)
    if (hour > 23 and not ends_day) or minute > 59 or second > 60 or hours > 14 or minutes > 59:
        raise ValueError(text)
    if second == 60:
        second, micros = 59, 999_999
    time = dt.timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micros)
    offset = dt.timedelta(hours=hours, minutes=minutes) * (-1 if part["sign"] == "-" else 1)
    start = dt.datetime(int(part["year"]), int(part["month"]), int(part["day"]), tzinfo=dt.UTC)
    try:
        return start + (time - offset)
    except OverflowError as error:
        raise ValueError(text) from error
