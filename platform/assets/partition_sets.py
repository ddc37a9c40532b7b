"""Dagster's two partition sets: arrival hours (bronze, silver, rejected) and event dates (gold)."""

import dagster as dg

from partitions import ARRIVAL_START

ARRIVAL_HOURS = dg.HourlyPartitionsDefinition(start_date=ARRIVAL_START, end_offset=1, timezone="UTC")
EVENT_DATES = dg.DailyPartitionsDefinition(start_date="1990-01-01", end_offset=2, timezone="UTC")
