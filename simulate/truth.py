"""The truth: what the platform must find, known from the plan and never read back from the files.

The truth file of one stream is one JSON object:

    stream, seed, start, hours, rate, people   the plan
    files, bytes                               what landed
    landed      {"total": n, "by_arrival_hour": {"2026-01-01-00:00": n}}
    silver      {"total": n, "by_arrival_hour": {…}, "by_event_date": {"2026-01-01": n}}
    rejected    {"total": n, "by_reason": {reason: n}, "by_arrival_hour": {hour: {reason: n}}}
    events      {"2026-01-01": {"page_view": n}}   by name
    canaries    {"customer.email": "…"}            the value planted in each personal field

Hours are partition keys, and every hour of the plan is listed, also an empty one. Dates are UTC event dates. A record
that reports several events counts once in silver. Revenue and active users are not here: the figures of the
integration tests compute them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulate.canaries import canary_by_field
from simulate.counts import DateCounts
from simulate.plan import Plan, PlannedFile
from simulate.stream import Stream

REASONS = ("malformed", "missing", "type", "rule", "clock", "duplicate", "conflict")


@dataclass
class Truth:
    """The truth of one stream, added up file by file.

    `silver`: good records by arrival hour. `rejected`: records by arrival hour and reason.
    """

    stream: Stream
    plan: Plan
    files: int = 0
    bytes: int = 0
    silver: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    by_date: DateCounts = field(default_factory=DateCounts)

    def add(self, file: PlannedFile, counts: DateCounts, reasons: Iterable[str], size: int) -> None:
        """Add one landed file: counts of its good records, a reason for each of its defects, its size in bytes."""
        self.files += 1
        self.bytes += size
        self.silver[file.partition_key] += counts.records.total()
        self.rejected.update((file.partition_key, reason) for reason in reasons)
        self.by_date.add(counts)

    @property
    def landed(self) -> int:
        """All records, good and rejected."""
        return self.silver.total() + self.rejected.total()

    def as_dict(self) -> dict[str, Any]:
        """The object of the truth file."""
        plan = self.plan
        hours = [PlannedFile(plan, hour, 0, 1).partition_key for hour in range(plan.hours)]
        rejected = {hour: {reason: self.rejected[hour, reason] for reason in REASONS} for hour in hours}
        by_reason = {reason: sum(counts[reason] for counts in rejected.values()) for reason in REASONS}
        landed = {hour: self.silver[hour] + sum(rejected[hour].values()) for hour in hours}
        return {
            "stream": self.stream.name,
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
                "by_event_date": {day.isoformat(): count for day, count in sorted(self.by_date.records.items())},
            },
            "rejected": {"total": self.rejected.total(), "by_reason": by_reason, "by_arrival_hour": rejected},
            "events": self._events_by_date(),
            "canaries": canary_by_field(self.stream, plan),
        }

    def _events_by_date(self) -> dict[str, dict[str, int]]:
        dates: dict[str, dict[str, int]] = {}
        for (day, name), count in sorted(self.by_date.events.items()):
            dates.setdefault(day.isoformat(), {})[name] = count
        return dates


def by_stream(truths: Iterable[Truth]) -> dict[str, Any]:
    """One object for several streams: `streams` holds each stream's own by name."""
    return {"streams": {truth.stream.name: truth.as_dict() for truth in truths}}


def save(truth: dict[str, Any], path: Path) -> None:
    """Write a truth file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")
