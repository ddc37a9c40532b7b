"""When people come to the shop and what they do: sessions, their events, and the later events of orders.

Every row is a function of (seed, hour, index). The index says what a session is: below `FIRST_VISIT` it places the
order of that number, from there on it buys nothing, and from `FIRST_SPARE` on it places an order that lands only in
spoiled records. The text of records does not belong here.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

import polars as pl

from simulate import dice
from simulate.clock import HOUR_MS, milliseconds
from simulate.commerce import orders
from simulate.plan import Plan, PlannedFile
from simulate.population import add_people
from simulate.scripts import Scripts, walks
from simulate.sessions import FIRST_SPARE, lateness, place_in_hour, session_events
from simulate.traffic import LIFT, invited_share, is_invited, sessions_an_hour

FIRST_VISIT = 1 << 40
BUYING_SHARE = 0.014  # of the sessions that the newsletter does not bring

VISIT_EVENTS = ["page_view", "product_view", "search", "add_to_cart"]
FIRST_ORDER_EVENT = len(VISIT_EVENTS)
EVENT_NAMES = VISIT_EVENTS + [step.event for step in orders.STEPS]
BILLS = [orders.Bill.FULL] * FIRST_ORDER_EVENT + [step.bill for step in orders.STEPS]
FIRST_LATE_ORDINAL = 100  # the ordinal of a late step: greater than that of any event within a session

VIEW, PRODUCT, SEARCH, CART = range(FIRST_ORDER_EVENT)
START = {VIEW: 0.6, PRODUCT: 0.2, SEARCH: 0.2}
FOLLOW = {
    VIEW: {PRODUCT: 0.5, SEARCH: 0.2, VIEW: 0.1},
    PRODUCT: {PRODUCT: 0.32, SEARCH: 0.13, VIEW: 0.13, CART: 0.05},
    SEARCH: {PRODUCT: 0.7, SEARCH: 0.12},
    CART: {PRODUCT: 0.3, VIEW: 0.2},
}
VISITS = walks("commerce", START, FOLLOW)
PRELUDES = (
    [VIEW, PRODUCT, CART],
    [SEARCH, PRODUCT, PRODUCT, CART],
    [VIEW, SEARCH, PRODUCT, CART, VIEW],
    [PRODUCT, CART],
)
"""What happens in a session before the order is placed."""


def _steps_in_session(life: orders.Life) -> list[int]:
    return [FIRST_ORDER_EVENT + orders.STEPS.index(step) for step in life if step.lag == 0]


SCRIPTS = Scripts(
    [*VISITS, *(before + _steps_in_session(life) for before in PRELUDES for life in orders.LIVES)],
    crawl=[VIEW, PRODUCT] * 30,
)
"""First the visits, then each prelude followed by each life of an order."""


def _mean_length() -> float:
    """Events of a session, with the later events of orders. So the first hours have a few events less."""
    visit = Scripts(VISITS, crawl=[VIEW, PRODUCT] * 30).mean
    prelude = sum(map(len, PRELUDES)) / len(PRELUDES)
    order = prelude + sum(map(len, orders.LIVES[: orders.GROUPS])) / orders.GROUPS
    return BUYING_SHARE * order + (1 - BUYING_SHARE) * visit


MEAN_LENGTH = _mean_length()


@dataclass(frozen=True)
class Traffic:
    """How many sessions an hour has: those that place an order, and visits that buy nothing."""

    orders: int
    visits: int

    @classmethod
    def of(cls, plan: Plan, hour: int) -> Traffic:
        """As many sessions as `sessions_an_hour`."""
        sessions = sessions_an_hour(plan, hour, MEAN_LENGTH)
        buying = BUYING_SHARE * (1 + (LIFT - 1) * invited_share(plan, hour))
        buyers = int(sessions * buying + dice.fraction("orders", plan.seed, hour))
        return cls(buyers, sessions - buyers)


def add_sessions(plan: Plan, rows: pl.DataFrame) -> pl.DataFrame:
    """Add to `hour` and `index` what is known of a session before its events.

    `key`, `buys`, `bot`, `invited`, `late` (ms), `life` (of the order), `place` (in the hour, 0 to 1) and `person`.
    """
    index, hours = pl.col("index"), rows["hour"].unique().to_list()
    traffic = [(hour, *astuple(Traffic.of(plan, hour))) for hour in hours]
    counts = pl.DataFrame(traffic, dict.fromkeys(("hour", "orders", "visits"), pl.Int64), orient="row")
    keyed = rows.join(counts, on="hour", maintain_order="left").with_columns(
        key=dice.key(plan.seed, "commerce", "hour", "index"), buys=(index < FIRST_VISIT) | (index >= FIRST_SPARE)
    )
    count = pl.max_horizontal(1, pl.when("buys").then("orders").otherwise("visits"))
    number = pl.when("buys").then(index).otherwise(pl.col("orders") + index - FIRST_VISIT)
    placed = keyed.with_columns(
        bot=~pl.col("buys") & SCRIPTS.is_bot(),
        invited=pl.when("buys").then(is_invited(plan, buys=True)).otherwise(is_invited(plan)),
        late=lateness(plan),
        place=place_in_hour(index % FIRST_VISIT, count),
        number=number,
    ).drop("orders", "visits")
    return add_people(plan, "shop", "commerce", placed.with_columns(life=orders.life_number()), MEAN_LENGTH)


def events(plan: Plan, sessions: pl.DataFrame) -> pl.DataFrame:
    """One row per event within the sessions; see `sessions.session_events`."""
    prelude = dice.below(len(PRELUDES), "prelude").cast(pl.Int64)
    buying = len(VISITS) + prelude * len(orders.LIVES) + pl.col("life")
    visiting = dice.below(len(VISITS), "script").cast(pl.Int64)
    script = pl.when("buys").then(buying).when("bot").then(SCRIPTS.count).otherwise(visiting)
    return session_events(plan, sessions.with_columns(script=script), SCRIPTS)


def later_events(block: PlannedFile) -> pl.DataFrame:
    """The events of the block's orders, placed in any hour, that arrive in its hour after their session.

    Columns as in `events`.
    """
    plan = block.plan
    found = orders.late_steps(block.hour, plan.hours, lambda hour: block.indexes(Traffic.of(plan, hour).orders))
    rows = add_sessions(plan, found).filter(pl.col("life") == pl.col("step_life"))
    rows = rows.with_columns(event=FIRST_ORDER_EVENT + pl.col("step"), ordinal=FIRST_LATE_ORDINAL + pl.col("step"))
    rows = rows.with_columns(id=dice.key(plan.seed, "event", "key", "ordinal"))
    hours_later = pl.lit(pl.Series([step.hours_later for step in orders.STEPS])).gather("step")
    minute = dice.below(HOUR_MS, "minute", "id").cast(pl.Int64)
    return rows.with_columns(
        sent=milliseconds(block.hour_start) + minute,
        at=milliseconds(plan.start) + (pl.col("hour") + hours_later) * HOUR_MS + minute - pl.col("late"),
    )
