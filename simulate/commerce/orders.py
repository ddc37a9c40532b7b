"""The lives of orders: which events an order has and when each of them arrives.

An order's life follows from its session's hour and index. So later events need no memory: the hour in which they
arrive finds them by arithmetic. Records and their text do not belong here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from simulate.clock import DAY_MS


@dataclass(frozen=True)
class Step:
    """One event of an order.

    `lag`: hours from the session's arrival hour to the event's; 0 means within the session. `clock`: hours from the
    session's time to the event's, where that is not the lag. `waived`: the total is without shipping.
    """

    event: str
    lag: int = 0
    clock: int | None = None
    waived: bool = False

    @property
    def hours_later(self) -> int:
        """Hours from the session's time to the event's."""
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
    # The one above, for sessions that arrive a day late or more: the refund arrives before the order.
    (*SOLD, Step("order_refunded", -1, clock=1)),
)
GROUPS = len(LIVES) - 1  # orders are dealt to this many groups; the last two lives share one
EARLY_REFUND = len(LIVES) - 1
STEPS = tuple(dict.fromkeys(step for life in LIVES for step in life))
"""Every distinct step. Columns refer to them by number."""


def life_number() -> pl.Expr:
    """The number of each order's life, for rows with `hour`, `index` and `late` (ms)."""
    group = (pl.col("index") + 5 * pl.col("hour")) % GROUPS
    early_refund = (group == GROUPS - 1) & (pl.col("late") >= DAY_MS)
    return pl.when(early_refund).then(EARLY_REFUND).otherwise(group)


@dataclass(frozen=True)
class LateStep:
    """A step that arrives in another hour than its session, and the orders that may have it: `indexes` of `hour`.

    `life` and `step` are numbers in `LIVES` and `STEPS`.
    """

    hour: int
    indexes: range
    life: int
    step: int


def late_steps(arrival: int, hours: int, indexes: range) -> Iterator[LateStep]:
    """The steps that may arrive in hour `arrival` of a plan of `hours`, of orders with these indexes in any hour.

    An order's life also depends on how late its session is. So keep only rows whose `life_number()` is the one given.
    """
    for number, steps in enumerate(LIVES):
        for step in steps:
            hour = arrival - step.lag
            if step.lag == 0 or not 0 <= hour < hours:
                continue
            first = indexes.start + (min(number, GROUPS - 1) - 5 * hour - indexes.start) % GROUPS
            yield LateStep(hour, range(first, indexes.stop, GROUPS), number, STEPS.index(step))
