"""What is to be simulated: the plan, the shares of defects, and the slot of one landed file.

Only values and their arithmetic belong here: no randomness, no records, no files.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cached_property

MIN_FILES = 2  # an hour of one file would never exercise the order of files


@dataclass(frozen=True)
class Shares:
    """Defects as fractions of the good events (`late`: of the sessions), each in [0, 1]."""

    duplicates: float = 0.01
    conflicts: float = 0.001
    late: float = 0.01
    malformed: float = 0.001
    missing: float = 0.001
    type: float = 0.001
    rule: float = 0.001
    clock: float = 0.0005

    def __post_init__(self) -> None:
        for field in fields(self):
            share = getattr(self, field.name)
            if not 0 <= share <= 1:
                raise ValueError(f"share {field.name!r}: expected a number from 0 to 1, found {share!r}")

    @classmethod
    def none(cls) -> Shares:
        """No defect at all: every landed record is a row of silver, and arrives in the hour it happened in."""
        return cls(**{field.name: 0.0 for field in fields(cls)})


@dataclass(frozen=True)
class Plan:
    """`hours` arrival hours from `start` (UTC, on the hour) with about `rate` events each.

    The same plan always lands the same bytes. `people` is the size of the pool of customers; 0 derives it from the
    number of events, so that people come back. `canaries` plants recognisable personal values.
    """

    start: datetime
    hours: int
    rate: int
    seed: int = 0
    shares: Shares = Shares()
    events_per_file: int = 100_000
    people: int = 0
    canaries: bool = False

    def __post_init__(self) -> None:
        if self.start != self.start.replace(minute=0, second=0, microsecond=0, tzinfo=None):
            raise ValueError(f"start: expected a naive UTC time on the hour, found {self.start.isoformat()}")
        for name in ("hours", "rate", "events_per_file"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, found {getattr(self, name)}")
        if self.people < 0:
            raise ValueError(f"people: expected 0 (derived) or more, found {self.people}")

    @cached_property
    def pool(self) -> int:
        """How many customers there are."""
        return self.people or max(100, self.rate * self.hours // 60)

    @cached_property
    def parts(self) -> int:
        """How many files an hour lands, where a stream's layout does not say."""
        return max(MIN_FILES, -(-self.rate // self.events_per_file))

    def slots(self, parts: int) -> list[Slot]:
        """Every file to land, `parts` an hour, in the order of arrival."""
        return [Slot(self, hour, part, parts) for hour in range(self.hours) for part in range(parts)]


@dataclass(frozen=True)
class Slot:
    """The place of one landed file: the arrival hour (counted from the plan's start) and which of its parts."""

    plan: Plan
    hour: int
    part: int
    parts: int

    @property
    def start(self) -> datetime:
        """When the arrival hour begins."""
        return self.plan.start + timedelta(hours=self.hour)

    @property
    def end(self) -> datetime:
        """When the arrival hour is over."""
        return self.start + timedelta(hours=1)

    @property
    def opened(self) -> datetime:
        """When the part of the hour begins, to the second."""
        return self.start + timedelta(seconds=3600 * self.part // self.parts)

    @property
    def partition_key(self) -> str:
        """The arrival hour's partition key, as Dagster writes hourly keys."""
        return self.start.strftime("%Y-%m-%d-%H:%M")

    @property
    def label(self) -> str:
        """The part's number. One width for all numbers, so that names sort as the parts do."""
        return f"{self.part:0{max(3, len(str(self.parts - 1)))}d}"

    def share_of(self, count: int) -> range:
        """The numbers of 0 … count-1 that this part of the hour holds; the parts of an hour cover all, once."""
        return range(count * self.part // self.parts, count * (self.part + 1) // self.parts)
