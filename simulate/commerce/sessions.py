"""When people come to the shop and what they do: sessions, their events, and the later events of orders.

Every row is a function of (seed, hour, index). The index says what a session is: below `FIRST_VISIT` it places the
order of that number, from there on it buys nothing, and from `FIRST_SPARE` on it places an order that lands only in
spoiled records. The text of records does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from simulate import dice
from simulate.clock import HOUR_MS, milliseconds
from simulate.commerce import orders
from simulate.plan import Plan, PlannedFile
from simulate.sessions import FIRST_SPARE, Scripts, lateness, place_in_hour, session_events, session_rows

FIRST_VISIT = 1 << 40
BUYING_SHARE = 0.08  # of the sessions

VISIT_EVENTS = ["page_view", "product_view", "search", "add_to_cart"]
FIRST_ORDER_EVENT = len(VISIT_EVENTS)
EVENT_NAMES = VISIT_EVENTS + [step.event for step in orders.STEPS]
WAIVED = [False] * FIRST_ORDER_EVENT + [step.waived for step in orders.STEPS]
FIRST_LATE_ORDINAL = 100  # the ordinal of a late step: greater than that of any event within a session

VIEW, PRODUCT, SEARCH, CART = range(FIRST_ORDER_EVENT)
VISIT_SCRIPTS = (
    *[[VIEW]] * 5,
    *[[VIEW, PRODUCT]] * 4,
    *[[VIEW, SEARCH, PRODUCT]] * 3,
    *[[VIEW, PRODUCT, PRODUCT, VIEW, PRODUCT]] * 3,
    *[[SEARCH, PRODUCT, CART]] * 2,
    [VIEW, SEARCH, PRODUCT, SEARCH, PRODUCT, PRODUCT, CART, VIEW],
    [VIEW, VIEW, PRODUCT, CART, PRODUCT, CART],
)
PRELUDES = (
    [VIEW, PRODUCT, CART],
    [SEARCH, PRODUCT, PRODUCT, CART],
    [VIEW, SEARCH, PRODUCT, CART, VIEW],
    [PRODUCT, CART],
)
"""What happens in a session before the order is placed."""


def _steps_in_session(life: orders.Life) -> list[int]:
    return [FIRST_ORDER_EVENT + orders.STEPS.index(step) for step in life if step.lag == 0]


SCRIPTS = Scripts([*VISIT_SCRIPTS, *(before + _steps_in_session(life) for before in PRELUDES for life in orders.LIVES)])
"""First the visits, then each prelude followed by each life of an order."""


@dataclass(frozen=True)
class Traffic:
    """How many sessions an hour has: those that place an order, and visits that buy nothing."""

    orders: int
    visits: int

    @classmethod
    def of(cls, plan: Plan) -> Traffic:
        """As many sessions as land about `rate` events an hour.

        Later events of orders are included in the rate. So the first hours have a few events less.
        """
        visit = sum(map(len, VISIT_SCRIPTS)) / len(VISIT_SCRIPTS)
        prelude = sum(map(len, PRELUDES)) / len(PRELUDES)
        order = prelude + sum(map(len, orders.LIVES[: orders.GROUPS])) / orders.GROUPS
        sessions = plan.rate / (BUYING_SHARE * order + (1 - BUYING_SHARE) * visit)
        return cls(max(1, round(sessions * BUYING_SHARE)), max(1, round(sessions * (1 - BUYING_SHARE))))


def add_sessions(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Add to `hour` and `index`: `key`, `buys`, `late` (ms), `life` (of the order), `place` (in the hour, 0 to 1)."""
    traffic, index = Traffic.of(plan), pl.col("index")
    count = pl.when("buys").then(traffic.orders).otherwise(traffic.visits)
    keyed = rows.with_columns(
        key=dice.key(plan.seed, "commerce", "hour", "index"), buys=(index < FIRST_VISIT) | (index >= FIRST_SPARE)
    )
    placed = keyed.with_columns(late=lateness(plan), place=place_in_hour(index % FIRST_VISIT, count))
    return placed.with_columns(life=orders.life_number())


def events(plan: Plan, sessions: pl.DataFrame) -> pl.DataFrame:
    """One row per event within the sessions; see `sessions.session_events`."""
    prelude = dice.below(len(PRELUDES), "prelude").cast(pl.Int64)
    buying = len(VISIT_SCRIPTS) + prelude * len(orders.LIVES) + pl.col("life")
    visiting = dice.below(len(VISIT_SCRIPTS), "script").cast(pl.Int64)
    script = pl.when("buys").then(buying).otherwise(visiting)
    return session_events(plan, sessions.with_columns(script=script), SCRIPTS)


def later_events(file: PlannedFile, indexes: range) -> pl.DataFrame:
    """The events of orders with these indexes, placed in any hour, that arrive in the file's hour after their session.

    Columns as in `events`.
    """
    plan = file.plan
    candidates = [
        session_rows(late.hour, late.indexes).with_columns(
            step_life=pl.lit(late.life, dtype=pl.Int64), step=pl.lit(late.step, dtype=pl.Int64)
        )
        for late in orders.late_steps(file.hour, plan.hours, indexes)
    ] or [session_rows(0, range(0)).with_columns(step_life=pl.lit(0, pl.Int64), step=pl.lit(0, pl.Int64))]
    rows = add_sessions(plan, pl.concat(candidates)).filter(pl.col("life") == pl.col("step_life")).drop("step_life")
    rows = rows.with_columns(event=FIRST_ORDER_EVENT + pl.col("step"), ordinal=FIRST_LATE_ORDINAL + pl.col("step"))
    rows = rows.with_columns(id=dice.key(plan.seed, "event", "key", "ordinal"))
    hours_later = pl.lit(pl.Series([step.hours_later for step in orders.STEPS])).gather("step")
    minute = dice.below(HOUR_MS, "minute", "id").cast(pl.Int64)
    return rows.with_columns(
        sent=milliseconds(file.hour_start) + minute,
        at=milliseconds(plan.start) + (pl.col("hour") + hours_later) * HOUR_MS + minute - pl.col("late"),
    )
