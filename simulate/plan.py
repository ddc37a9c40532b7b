"""What to simulate: the plan, the shares of defects, and one planned file.

Only values and their arithmetic belong here: no randomness, no records, no bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cached_property

PEOPLE_PER_RATE = 6  # then a person who is active has two or three sessions a day
MIN_FILES = 2  # an hour of one file would never test the order of files


@dataclass(frozen=True)
class Shares:
    """Defects as fractions of the good events (`late`: of the sessions), each in [0, 1].

    Raises ValueError for a share outside of that range.
    """

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
        """No defects: every landed record is a row of silver, and arrives in the hour in which it happened."""
        return cls(**{field.name: 0.0 for field in fields(cls)})


@dataclass(frozen=True)
class Plan:
    """`hours` arrival hours from `start` (naive UTC, on the hour) with a mean of about `rate` events each.

    The same plan always lands the same bytes. `people`: how many there are when the plan starts, before the newcomers
    of each day; 0 derives the number from the rate. `days_late`: how late the latest events arrive. `canaries`: plant
    recognisable personal values. Raises ValueError for values that make no plan.
    """

    start: datetime
    hours: int
    rate: int
    seed: int = 0
    shares: Shares = Shares()
    events_per_file: int = 100_000
    people: int = 0
    days_late: int = 7
    canaries: bool = False

    def __post_init__(self) -> None:
        if self.start != self.start.replace(minute=0, second=0, microsecond=0, tzinfo=None):
            raise ValueError(f"start: expected a naive UTC time on the hour, found {self.start.isoformat()}")
        for name in ("hours", "rate", "events_per_file", "days_late"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected 1 or more, found {getattr(self, name)}")
        if self.people < 0:
            raise ValueError(f"people: expected 0 (derived) or more, found {self.people}")

    @cached_property
    def pool(self) -> int:
        """The number of people at the start, given or derived."""
        return self.people or max(100, self.rate * PEOPLE_PER_RATE)

    @cached_property
    def blocks(self) -> int:
        """In how many pieces the events of an hour are made."""
        return -(-self.rate // self.events_per_file)

    @cached_property
    def parts(self) -> int:
        """The number of files of an hour, where the stream's transport does not fix it."""
        return max(MIN_FILES, self.blocks)

    def files(self, parts: int) -> list[PlannedFile]:
        """All files, `parts` of them for each hour, in the order of arrival."""
        return [PlannedFile(self, hour, part, parts) for hour in range(self.hours) for part in range(parts)]


@dataclass(frozen=True)
class PlannedFile:
    """One file to land: part number `part` of the `parts` of an arrival hour (`hour`: 0 is the plan's first)."""

    plan: Plan
    hour: int
    part: int
    parts: int

    @property
    def hour_start(self) -> datetime:
        """When the arrival hour begins."""
        return self.plan.start + timedelta(hours=self.hour)

    @property
    def hour_end(self) -> datetime:
        """When the arrival hour ends."""
        return self.hour_start + timedelta(hours=1)

    @property
    def part_start(self) -> datetime:
        """When this part of the hour begins, to the second."""
        return self.hour_start + timedelta(seconds=3600 * self.part // self.parts)

    @property
    def partition_key(self) -> str:
        """The arrival hour as Dagster writes hourly partition keys."""
        return self.hour_start.strftime("%Y-%m-%d-%H:%M")

    @property
    def label(self) -> str:
        """The part's number as text. All have one width, so that file names sort in the order of parts."""
        return f"{self.part:0{max(3, len(str(self.parts - 1)))}d}"

    @property
    def block(self) -> PlannedFile:
        """The piece of the hour that is made at once and holds this file's events, planned as if it were a file."""
        blocks = min(self.plan.blocks, self.parts)
        return PlannedFile(self.plan, self.hour, self.part * blocks // self.parts, blocks)

    def indexes(self, count: int) -> range:
        """This part's share of the hour's indexes 0 … count-1. The parts of an hour cover each index once."""
        return range(count * self.part // self.parts, count * (self.part + 1) // self.parts)

    def rows(self, count: int) -> range:
        """This part's share of the rows 0 … count-1 of its block."""
        block = self.block
        first, end = (-(-self.parts * part // block.parts) for part in (block.part, block.part + 1))
        return PlannedFile(self.plan, self.hour, self.part - first, end - first).indexes(count)
