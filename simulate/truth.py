"""What the platform must find, known from the plan and never read back from the files.

The truth file is one JSON object:

    stream, seed, start, hours, rate, people   the plan
    files, bytes                               what landed
    landed      {"total": n, "by_arrival_hour": {"2026-01-01-00:00": n}}
    silver      {"total": n, "by_arrival_hour": {…}, "by_event_date": {"2026-01-01": n}}
    rejected    {"total": n, "by_reason": {reason: n}, "by_arrival_hour": {hour: {reason: n}}}
    events         {"2026-01-01": {"page_view": n}}   by name
    active_users   {"2026-01-01": n}                  distinct people, stitched by all that landed
    conversions    {"2026-01-01": n}
    revenue        {"2026-01-01": {"USD": "123.45"}}
    canaries       {"customer.email": "…"}            what was planted in personal fields

Hours are partition keys and every hour of the plan is there, also an empty one; dates are UTC event dates. A record
that tells of several events counts once in silver. What converts: a completed order (once, on the date of its
earliest event, with the gross total of its latest one), a completed purchase, a purchase event, a transaction. An
order is completed when it has a completed or fulfilled event and no later cancelled or refunded one, among all events
landed by the plan's end.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from simulate import canaries
from simulate.plan import Plan, Slot
from simulate.stream import Stream
from simulate.tally import Tally, Total, active_users

REASONS = ("malformed", "missing", "type", "rule", "clock", "duplicate", "conflict")


@dataclass
class Truth:
    """The figures of the module's docstring, while they are added up file by file."""

    stream: Stream
    plan: Plan
    files: int = 0
    bytes: int = 0
    silver: Counter[str] = field(default_factory=Counter)
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)
    total: Total = field(default_factory=Total)

    def add(self, slot: Slot, tally: Tally, reasons: Iterable[str], size: int) -> None:
        """Counts one landed file."""
        hour = slot.partition_key
        self.files += 1
        self.bytes += size
        self.silver[hour] += sum(tally.records.values())
        self.rejected.update((hour, reason) for reason in reasons)
        self.total.add(tally)

    @property
    def landed(self) -> int:
        """All records, good and bad."""
        return self.silver.total() + self.rejected.total()

    @property
    def conversions(self) -> int:
        """All conversions of the plan."""
        return self.total.conversions.total()

    def figures(self) -> dict[str, Any]:
        """The truth file's object."""
        plan, hours = self.plan, [Slot(self.plan, hour, 0, 1).partition_key for hour in range(self.plan.hours)]
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
                "by_event_date": _dated(self.total.records),
            },
            "rejected": {"total": self.rejected.total(), "by_reason": by_reason, "by_arrival_hour": rejected},
            "events": _nested(self.total.events),
            "active_users": _dated(active_users([self.total.people])),
            "conversions": _dated(self.total.conversions),
            "revenue": _nested({where: _money(cents) for where, cents in self.total.revenue.items()}),
            "canaries": canaries.values(self.stream, plan),
        }

    def save(self, path: Path) -> None:
        """Writes the truth file."""
        save(self.figures(), path)


def together(truths: Sequence[Truth]) -> dict[str, Any]:
    """The figures of several streams: `streams` by name, and `identity_spaces` with the `active_users` of each.

    Streams of one space share people, so that what they have together is not the sum of what each of them has.
    """
    spaces: dict[str, list[Truth]] = {}
    for truth in truths:
        spaces.setdefault(truth.stream.identity_space, []).append(truth)
    return {
        "streams": {truth.stream.name: truth.figures() for truth in truths},
        "identity_spaces": {
            space: {"active_users": _dated(active_users([truth.total.people for truth in members]))}
            for space, members in spaces.items()
        },
    }


def save(figures: dict[str, Any], path: Path) -> None:
    """Writes figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _dated(counts: dict[date, int]) -> dict[str, int]:
    return {day.isoformat(): counts[day] for day in sorted(counts)}


def _nested(values: dict[tuple[date, str], Any]) -> dict[str, dict[str, Any]]:
    days: dict[str, dict[str, Any]] = {}
    for (day, name), value in sorted(values.items()):
        days.setdefault(day.isoformat(), {})[name] = value
    return days
