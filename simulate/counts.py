"""Counts of good records and of the events they report, by event date (UTC)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from simulate.clock import DAY_MS, date_of_day


@dataclass
class DateCounts:
    """Records by event date, and events by event date and name. One record may report several events."""

    records: Counter[date] = field(default_factory=Counter)
    events: Counter[tuple[date, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, records: pl.DataFrame, names: Sequence[Sequence[str]]) -> DateCounts:
        """Count one row per record with `at` (ms) and `event`, a number.

        `names[event]` holds the names of the events that a record of that number reports.
        """
        counts = cls()
        rows = records.select("event", day=pl.col("at") // DAY_MS)
        for day, event, count in rows.group_by("day", "event").len().iter_rows():
            date = date_of_day(day)
            counts.records[date] += count
            for name in names[event]:
                counts.events[date, name] += count
        return counts

    def add(self, other: DateCounts) -> None:
        """Add the counts of another file."""
        self.records.update(other.records)
        self.events.update(other.events)
