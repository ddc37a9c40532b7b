"""When people come and what they do: sessions, the events within them, and the events orders have later.

Every row is a function of (seed, hour, index). Times, steps and keys belong here; JSON text does not.

A session's index says what it is: below `VISITS` it places the hour's order of that number, from `VISITS` on it buys
nothing, and from `SPARES` on it places an order that lands only in spoiled records.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from simulate import dice
from simulate.commerce import orders
from simulate.plan import Plan, Slot
from simulate.sessions import HOUR, SPARES, Scripts, late, milliseconds, numbered, place, unfold

VISITS = 1 << 40
BUYING = 0.08  # of the sessions

EVENTS = ["page_view", "product_view", "search", "add_to_cart"]
FIRST_STEP = len(EVENTS)
EVENT_NAMES = EVENTS + [step.event for step in orders.STEPS]
WAIVED = [False] * FIRST_STEP + [step.waived for step in orders.STEPS]

VIEW, PRODUCT, SEARCH, CART = range(FIRST_STEP)
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


def _within(life: orders.Life) -> list[int]:
    return [FIRST_STEP + orders.STEPS.index(step) for step in life if step.lag == 0]


SCRIPTS = Scripts([*VISIT_SCRIPTS, *(before + _within(life) for before in PRELUDES for life in orders.LIVES)])
"""The events of a session, by number: visits first, then every life of an order behind every prelude."""


@dataclass(frozen=True)
class Traffic:
    """How many sessions an hour has, so that it lands about `rate` events."""

    orders: int
    visits: int

    @classmethod
    def of(cls, plan: Plan) -> Traffic:
        """Later events of orders count towards the rate, so the first hours have a few events less."""
        visit = sum(map(len, VISIT_SCRIPTS)) / len(VISIT_SCRIPTS)
        before = sum(map(len, PRELUDES)) / len(PRELUDES)
        order = before + sum(map(len, orders.LIVES[: orders.CLASSES])) / orders.CLASSES
        sessions = plan.rate / (BUYING * order + (1 - BUYING) * visit)
        return cls(max(1, round(sessions * BUYING)), max(1, round(sessions * (1 - BUYING))))


def sessions(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds to `hour` and `index`: `key`, `buys`, `late` (ms), `life` (of the order), `place` (in the hour, 0 to 1)."""
    traffic, index = Traffic.of(plan), pl.col("index")
    count = pl.when("buys").then(traffic.orders).otherwise(traffic.visits)
    keyed = rows.with_columns(
        key=dice.key(plan.seed, "commerce", "hour", "index"), buys=(index < VISITS) | (index >= SPARES)
    )
    placed = keyed.with_columns(late=late(plan), place=place(index % VISITS, count))
    return placed.with_columns(life=orders.life())


def events(plan: Plan, visitors: pl.DataFrame) -> pl.DataFrame:
    """One row per event within the sessions: adds `event`, `ordinal`, `id` (UInt64), `sent` and `at` (ms)."""
    prelude = dice.below(len(PRELUDES), "prelude").cast(pl.Int64)
    bought = len(VISIT_SCRIPTS) + prelude * len(orders.LIVES) + pl.col("life")
    visited = dice.below(len(VISIT_SCRIPTS), "script").cast(pl.Int64)
    return unfold(plan, visitors.with_columns(script=pl.when("buys").then(bought).otherwise(visited)), SCRIPTS)


def later_events(slot: Slot, indexes: range) -> pl.DataFrame:
    """As `events`, for what orders of those numbers, from any hour, send in the slot's hour."""
    plan = slot.plan
    found = [
        numbered(each.hour, each.indexes).with_columns(
            meant=pl.lit(each.life, dtype=pl.Int64), ordinal=pl.lit(100 + each.step, dtype=pl.Int64)
        )
        for each in orders.later(slot.hour, plan.hours, indexes)
    ] or [numbered(0, range(0)).with_columns(meant=pl.lit(0, pl.Int64), ordinal=pl.lit(0, pl.Int64))]
    rows = sessions(plan, pl.concat(found)).filter(pl.col("life") == pl.col("meant")).drop("meant")
    rows = rows.with_columns(
        event=pl.col("ordinal") - 100 + FIRST_STEP, id=dice.key(plan.seed, "event", "key", "ordinal")
    )
    clock = pl.lit(pl.Series([step.hours_later for step in orders.STEPS])).gather(pl.col("ordinal") - 100)
    minute = dice.below(HOUR, "minute", "id").cast(pl.Int64)
    return rows.with_columns(
        sent=milliseconds(slot.start) + minute,
        at=milliseconds(plan.start) + (pl.col("hour") + clock) * HOUR + minute - pl.col("late"),
    )
