"""The lives of orders: which events an order has, when each of them arrives, and how it ends.

A life is a value, so an order's end is known when it is placed and its later events need no memory: the hour they
arrive in finds them by arithmetic. Records and their text do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

DONE = ("order_completed", "order_fulfilled")
UNDONE = ("order_cancelled", "order_refunded")


@dataclass(frozen=True)
class Step:
    """One event of an order.

    `lag`: hours from the session's arrival hour to this event's; 0 is within the session. `clock`: hours from the
    session's to this event's time, where it is not the lag. `waived`: shipping is taken off the total.
    """

    event: str
    lag: int = 0
    clock: int | None = None
    waived: bool = False

    @property
    def hours_later(self) -> int:
        """Where the event stands in the order's own time."""
        return self.lag if self.clock is None else self.clock


Life = tuple[Step, ...]
PLACED, COMPLETED, FULFILLED = Step("order_placed"), Step("order_completed"), Step("order_fulfilled")
SOLD = (PLACED, COMPLETED)


def _shipped(hours: int, waived: bool = False) -> Life:
    return (*SOLD, Step("order_fulfilled", hours, waived=waived))


LIVES: tuple[Life, ...] = (
    *(_shipped(hours) for hours in (1, 2, 3, 5, 8, 13, 20, 26, 30, 44)),
    *(_shipped(hours, waived=True) for hours in (4, 9, 28)),
    *[(*SOLD, FULFILLED)] * 4,
    *[SOLD] * 4,
    *((PLACED, Step("order_completed", hours), Step("order_fulfilled", hours + 6)) for hours in (1, 12)),
    *((*SOLD, Step("order_cancelled", hours)) for hours in (1, 5)),
    *((PLACED, Step("order_cancelled", hours)) for hours in (2, 24)),
    *((*_shipped(3), Step("order_refunded", hours)) for hours in (26, 50)),
    (PLACED, Step("order_cancelled", 2), Step("order_completed", 4)),
    (PLACED,),
    (*SOLD, Step("order_refunded", 1)),
    # The last one's other form, for sessions that arrive days late: the refund is there before what it refunds.
    (*SOLD, Step("order_refunded", -1, clock=1)),
)
CLASSES = len(LIVES) - 1
OVERTAKEN = CLASSES  # the number of the life whose refund arrives first
DAY_LATE = 86_400_000
STEPS = tuple(dict.fromkeys(step for life in LIVES for step in life))
"""Every distinct step; columns refer to them by number."""


def life() -> pl.Expr:
    """The life's number for rows with `hour`, `index` and `late` (milliseconds)."""
    group = (pl.col("index") + 5 * pl.col("hour")) % CLASSES
    overtaken = (group == CLASSES - 1) & (pl.col("late") >= DAY_LATE)
    return pl.when(overtaken).then(OVERTAKEN).otherwise(group)


@dataclass(frozen=True)
class Later:
    """Candidates for a step that arrives in another hour than their session: order numbers of one hour."""

    hour: int
    indexes: range
    life: int
    step: int


def later(arrival: int, hours: int, indexes: range) -> Iterator[Later]:
    """What may arrive in the arrival hour, from orders of those numbers in any hour of the plan.

    A candidate's life depends on its lateness too: keep the rows whose `life()` is the one named.
    """
    for number, steps in enumerate(LIVES):
        for step in steps:
            hour = arrival - step.lag
            if step.lag == 0 or not 0 <= hour < hours:
                continue
            first = indexes.start + (min(number, CLASSES - 1) - 5 * hour - indexes.start) % CLASSES
            yield Later(hour, range(first, indexes.stop, CLASSES), number, STEPS.index(step))


@lru_cache(maxsize=4096)
def ends(hour: int, hours: int) -> tuple[tuple[bool, bool], ...]:
    """For each life of an order of that hour: is it completed, and is its latest total without shipping.

    Only steps that arrive within the plan's hours count.
    """
    return tuple(_end([step for step in steps if 0 <= hour + step.lag < hours]) for steps in LIVES)


def _end(steps: list[Step]) -> tuple[bool, bool]:
    told = sorted(steps, key=lambda step: step.hours_later)  # stable: steps of the session stay in their order
    last = {step.event in UNDONE: place for place, step in enumerate(told) if step.event in DONE + UNDONE}
    return last.get(False, -1) > last.get(True, -1), told[-1].waived
