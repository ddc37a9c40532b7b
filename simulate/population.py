"""Who comes on which day: newcomers, those who come back, and the few who come most often.

No list of people is kept. A day has numbered seats for the people who are active on it, and arithmetic finds who is at
a seat and which seat a session belongs to. So the person of any session is found without the other sessions. What
people are called is in each stream's own folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import exp, gcd

import polars as pl

from simulate import dice
from simulate.plan import Plan
from simulate.traffic import day_weight, sessions_an_hour

BOTS = 3  # the first numbers; people follow
MEMORY_DAYS = 400  # nobody comes back later


@dataclass(frozen=True)
class Kind:
    """A kind of people: its share of the newcomers, the chance to come back on the next day, and the number of days
    after which the chance is 1/e of that.
    """

    share: float
    returns: float
    days: float

    def chance(self, age: int) -> float:
        """The chance to be active `age` days after the first day."""
        return self.returns * exp((1 - age) / self.days) if age else 1.0


KINDS = (Kind(0.01, 0.75, 120), Kind(0.18, 0.38, 45), Kind(0.81, 0.32, 5))
"""Fans, regulars and casual visitors. Of 100 newcomers about 33 are back on the next day, and 14 after a week."""
SUPPLY_DAYS = sum(kind.share * kind.days for kind in KINDS)  # in this many days as many people leave as there are


def add_people(plan: Plan, space: str, stream: str, sessions: pl.DataFrame, mean: float) -> pl.DataFrame:
    """Add `person`, a number, to sessions with `hour`, `number` (of the session in its hour), `key` and `bot`.

    Streams of one identity space share people. Each person who is active on a day has one of its sessions, and the
    other sessions belong mostly to people at the first seats. `mean`: the mean number of a session's events.
    """
    day = (pl.col("hour") + plan.start.hour) // 24
    days = sessions.with_columns(day=day).with_row_index("row").partition_by("day", as_dict=True)
    found = [_add_people_of(plan, space, stream, rows, mean) for rows in days.values()]
    empty = sessions.with_columns(person=pl.lit(0, pl.Int64))
    return pl.concat(found).sort("row").drop("row", "day") if found else empty


def _add_people_of(plan: Plan, space: str, stream: str, sessions: pl.DataFrame, mean: float) -> pl.DataFrame:
    """As `add_people`, for sessions of one day."""
    day = sessions["day"][0]
    seats, turns = _seats(plan, space, day), _turns(plan, stream, mean, day)
    in_day = pl.lit(turns.before).gather(pl.col("hour") + plan.start.hour - day * 24) + pl.col("number")
    turn = turns.shuffle(in_day % turns.total)
    # The product of two uniform numbers: the first seats get many times as much as the last.
    busy = (dice.uniform("seat") * dice.uniform("seat again") * seats.total).cast(pl.Int64)
    rows = sessions.with_columns(seat=pl.when(turn < seats.total).then(turn).otherwise(busy))
    group = seats.groups[rows.select(pl.lit(seats.ends).search_sorted(pl.col("seat"), side="right")).to_series()]
    rows = rows.hstack(group)
    shuffled = ((pl.col("seat") - pl.col("start")) * pl.col("stride") + pl.col("shift")) % pl.col("size")
    person = pl.when("bot").then(dice.below(BOTS, "bot").cast(pl.Int64)).otherwise(BOTS + pl.col("first") + shuffled)
    return rows.with_columns(person=person).drop("seat", *group.columns)


@dataclass(frozen=True)
class Turns:
    """The sessions of a day, in a random order: `total`, and how many come `before` each hour of the day."""

    total: int
    before: pl.Series
    step: int
    shift: int

    def shuffle(self, number: pl.Expr) -> pl.Expr:
        """A session's number in the random order."""
        return (number * self.step + self.shift) % self.total


@lru_cache
def _turns(plan: Plan, stream: str, mean: float, day: int) -> Turns:
    first = day * 24 - plan.start.hour
    before = [0, *accumulate(sessions_an_hour(plan, first + hour, mean) for hour in range(24))]
    return Turns(before[-1], pl.Series(before[:-1]), *_shuffle(before[-1], plan.seed, stream, day))


@dataclass(frozen=True)
class Seats:
    """The people who are active on a day: `total`, their groups, and the `ends` of the groups' seats."""

    total: int
    ends: pl.Series
    groups: pl.DataFrame


@lru_cache
def _seats(plan: Plan, space: str, day: int) -> Seats:
    groups = [group for group in _groups(plan, space, day) if group[2]] or [(0, plan.pool, 1)]
    ends = list(accumulate(active for _, _, active in groups))
    rows = [
        (first, size, end - active, *_shuffle(size, plan.seed, space, day, first))
        for (first, size, active), end in zip(groups, ends, strict=True)
    ]
    names = ["first", "size", "start", "stride", "shift"]
    return Seats(ends[-1], pl.Series(ends), pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Int64), orient="row"))


def _groups(plan: Plan, space: str, day: int) -> Iterator[tuple[int, int, int]]:
    """People of one kind who came for the first time on the same day, or before the plan; kind by kind.

    Of each group the first number, how many people it has, and how many of them are active on the day.
    """
    weight, newcomers = day_weight(plan, day), plan.pool / SUPPLY_DAYS
    stocks = [kind.share * kind.days / SUPPLY_DAYS for kind in KINDS]
    ages = range(min(day, MEMORY_DAYS), -1, -1)
    for number, kind in enumerate(KINDS):
        cohorts = [(0, plan.pool, stocks, kind.chance(day + 1))] if day < MEMORY_DAYS else []
        for age in ages:
            first, end = (plan.pool + int(newcomers * (day - age + later)) for later in (0, 1))
            cohorts.append((first, end - first, [kind.share for kind in KINDS], kind.chance(age)))
        for first, size, shares, chance in cohorts:
            rounding = dice.fraction("kinds", plan.seed, space, first)
            start, end = (int(size * sum(shares[:upto]) + rounding) for upto in (number, number + 1))
            count = end - start
            expected = count * chance * weight
            active = int(expected + dice.fraction("active", plan.seed, space, day, first, number))
            yield first + start, count, min(count, active)


def _shuffle(size: int, *parts: object) -> tuple[int, int]:
    """A step and a shift: `(number * step + shift) % size` is a permutation of the numbers below `size`."""
    bits = dice.salt("shuffle", *parts)
    step = max(1, size // 5) + bits % max(1, size * 3 // 5)
    while gcd(step, size) > 1:
        step += 1
    return step, (bits >> 32) % size
