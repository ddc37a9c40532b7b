"""The lives of orders: which events an order has and when each of them arrives.

An order's life follows from its session's hour and index. So later events need no memory: the hour in which they
arrive finds them by arithmetic. Records and their text do not belong here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

import polars as pl

from simulate.clock import DAY_MS


class Bill(IntEnum):
    """The whole order, the order without shipping, a refund of one piece, or a credit note for it."""

    FULL = 0
    WAIVED = 1
    REFUND = 2
    CREDIT_NOTE = 3


@dataclass(frozen=True)
class Step:
    """One event of an order.

    `lag`: hours from the session's arrival hour to the event's; 0 means within the session. `clock`: hours from the
    session's time to the event's, where that is not the lag. `bill`: what the event says about money.
    """

    event: str
    lag: int = 0
    clock: int | None = None
    bill: Bill = Bill.FULL

    @property
    def hours_later(self) -> int:
        """Hours from the session's time to the event's."""
        return self.lag if self.clock is None else self.clock


Life = tuple[Step, ...]
PLACED, COMPLETED, FULFILLED = Step("order_placed"), Step("order_completed"), Step("order_fulfilled")
SOLD = (PLACED, COMPLETED)


def _shipped(hours: int, bill: Bill = Bill.FULL) -> Life:
    return (*SOLD, Step("order_fulfilled", hours, bill=bill))


LIVES: tuple[Life, ...] = (
    # Orders are dealt to lives from the first one on, so a run of a few hours has these refunds.
    (*_shipped(1), Step("order_refunded", 2, bill=Bill.REFUND)),
    (*_shipped(1), Step("credit_note", 3, bill=Bill.CREDIT_NOTE)),
    (*_shipped(2), Step("order_refunded", 6, bill=Bill.REFUND), Step("order_refunded", 30)),
    *(_shipped(hours) for hours in (1, 2, 3, 5, 8, 13, 20, 26, 30, 44) * 2),
    *(_shipped(hours, Bill.WAIVED) for hours in (4, 9, 28)),
    *[(*SOLD, FULFILLED)] * 6,
    *[SOLD] * 6,
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
    early_refund = (_group() == GROUPS - 1) & (pl.col("late") >= DAY_MS)
    return pl.when(early_refund).then(EARLY_REFUND).otherwise(_group())


def _group() -> pl.Expr:
    return (pl.col("index") + 5 * pl.col("hour")) % GROUPS


LATE_STEPS = pl.DataFrame(
    [
        (step.lag, min(life, GROUPS - 1), life, STEPS.index(step))
        for life, steps in enumerate(LIVES)
        for step in steps
        if step.lag
    ],
    schema=dict.fromkeys(("lag", "group", "step_life", "step"), pl.Int64),
    orient="row",
)
"""The steps that arrive in another hour than their session. Lives and steps are numbers in `LIVES` and `STEPS`."""


def late_steps(arrival: int, hours: int, indexes: Callable[[int], range]) -> pl.DataFrame:
    """The steps that may arrive in hour `arrival` of a plan of `hours`: `hour`, `index`, `step_life` and `step`.

    `indexes`: the orders of an hour that count. An order's life also depends on how late its session is. So keep only
    rows whose `life_number()` is their `step_life`.
    """
    lags = [lag for lag in LATE_STEPS["lag"].unique().sort() if 0 <= arrival - lag < hours]
    rows = [(lag, index) for lag in lags for index in indexes(arrival - lag)]
    orders = pl.DataFrame(rows, dict.fromkeys(("lag", "index"), pl.Int64), orient="row")
    orders = orders.with_columns(hour=arrival - pl.col("lag")).with_columns(group=_group())
    steps = orders.join(LATE_STEPS, on=["lag", "group"], maintain_order="left_right")
    return steps.select("hour", "index", "step_life", "step")
