"""What the platform must find, known from the plan and never read back from the files.

Counting belongs here. The truth file is one JSON object:

    stream, seed, start, hours, rate, people   the plan
    files, bytes                               what landed
    landed      {"total": n, "by_arrival_hour": {"2026-01-01-00:00": n}}
    silver      {"total": n, "by_arrival_hour": {…}, "by_event_date": {"2026-01-01": n}}
    rejected    {"total": n, "by_reason": {reason: n}, "by_arrival_hour": {hour: {reason: n}}}
    completed_orders   n
    revenue            {"2026-01-01": {"USD": "123.45"}}

Hours are partition keys and every hour of the plan is there, also an empty one; dates are UTC event dates.
Revenue is the gross total of a completed order's latest event, once, on the date of the order's earliest event. A
completed order has a completed or fulfilled event and no later cancelled or refunded one, among all events landed by
the plan's end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from simulate.plan import Plan, Slot
from simulate.stream import Batch

REASONS = ("malformed", "missing", "type", "rule", "clock", "duplicate", "conflict")


@dataclass
class Truth:
    """The figures of the module's docstring, while they are added up file by file."""

    stream: str
    plan: Plan
    files: int = 0
    bytes: int = 0
    silver: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    dates: Counter[date] = field(default_factory=Counter)
    completed_orders: int = 0
    revenue: Counter[tuple[date, str]] = field(default_factory=Counter)

    def add(self, slot: Slot, batch: Batch, reasons: Iterable[str], size: int) -> None:
        """Counts one landed file."""
        hour = slot.partition_key
        self.files += 1
        self.bytes += size
        self.silver[hour] += sum(batch.dates.values())
        self.rejected.update((hour, reason) for reason in reasons)
        self.dates.update(batch.dates)
        self.completed_orders += batch.orders
        self.revenue.update(batch.revenue)

    @property
    def landed(self) -> int:
        """All records, good and bad."""
        return self.silver.total() + self.rejected.total()

    def figures(self) -> dict[str, Any]:
        """The truth file's object."""
        plan, hours = self.plan, [Slot(self.plan, hour, 0).partition_key for hour in range(self.plan.hours)]
        rejected = {hour: {reason: self.rejected[hour, reason] for reason in REASONS} for hour in hours}
        by_reason = {reason: sum(counts[reason] for counts in rejected.values()) for reason in REASONS}
        landed = {hour: self.silver[hour] + sum(rejected[hour].values()) for hour in hours}
        return {
            "stream": self.stream,
            "seed": plan.seed,
            "start": plan.start.isoformat() + "Z",
            "hours": plan.hours,
            "rate": plan.rate,
            "people": plan.pool,
            "files": self.files,
            "bytes": self.bytes,
            "landed": {"total": self.landed, "by_arrival_hour": landed},
            "silver": {
                "total": self.silver.total(),
                "by_arrival_hour": {hour: self.silver[hour] for hour in hours},
                "by_event_date": {day.isoformat(): self.dates[day] for day in sorted(self.dates)},
            },
            "rejected": {"total": self.rejected.total(), "by_reason": by_reason, "by_arrival_hour": rejected},
            "completed_orders": self.completed_orders,
            "revenue": self._revenue(),
        }

    def _revenue(self) -> dict[str, dict[str, str]]:
        days: dict[str, dict[str, str]] = {}
        for (day, currency), cents in sorted(self.revenue.items()):
            days.setdefault(day.isoformat(), {})[currency] = f"{cents // 100}.{cents % 100:02d}"
        return days

    def save(self, path: Path) -> None:
        """Writes the truth file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.figures(), indent=1) + "\n")
