"""The JSON text of commerce records, a column at a time.

How a record is written belongs here: names of fields, order of fields, the quirks of its producers. When and why an
event happens does not.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.commerce.people import PRICES, PRODUCTS, visit, with_customer
from simulate.commerce.sessions import EVENT_NAMES, FIRST_STEP, WAIVED
from simulate.plan import Plan

ITEMS = pl.Series([1, 1, 1, 2, 2, 3])
MOST_ITEMS = 3
QUANTITIES = pl.Series([1] * 6 + [2, 2, 3])
SHIPPING = pl.Series([0, 0, 499, 499, 799, 1299])
STATUSES = pl.Series([name.removeprefix("order_") for name in EVENT_NAMES])
TAX = 8  # percent of the goods, whole cents
SEPARATORS = pl.Series(["T"] * 63 + [" "])
SUFFIXES = pl.Series(["Z"] * 15 + ["+00:00"])


def with_people(plan: Plan, visitors: pl.DataFrame) -> pl.DataFrame:
    """Adds what a session's events share: the texts `session_id`, `user`, `customer`, `visit`, and `currency`."""
    known = with_customer(visitors, plan.pool, plan.seed)
    return known.with_columns(visit=visit(), session_id=dice.uuids(known, "key"))


def with_orders(buyers: pl.DataFrame) -> pl.DataFrame:
    """Adds what the sessions' orders are: `order_id`, `total` and `waived` (cents, the second without shipping), and
    the JSON text behind the status, `bill` and `waived_bill`.
    """
    ids = dice.hexadecimal(buyers.select(id=dice.roll("order"))["id"])
    count = dice.pick(ITEMS, "items")
    items, goods = [], []
    for place in range(MOST_ITEMS):
        # Squared: some products sell far better than others.
        product = (dice.uniform(f"product {place}") ** 2 * len(PRODUCTS)).cast(pl.UInt32)
        quantity = dice.pick(QUANTITIES, f"quantity {place}")
        item = pl.concat_str(pl.lit("," if place else ""), pl.lit(PRODUCTS).gather(product), quantity, pl.lit("}"))
        items.append(pl.when(count > place).then(item).otherwise(pl.lit("")))
        cost = pl.lit(PRICES).gather(product) * quantity
        goods.append(pl.when(count > place).then(cost).otherwise(0))
    priced = buyers.with_columns(
        order_id=ids,
        items=pl.concat_str(items),
        goods=pl.sum_horizontal(goods),
        shipping=dice.pick(SHIPPING, "shipping"),
    ).with_columns(tax=pl.col("goods") * TAX // 100)
    priced = priced.with_columns(waived=pl.col("goods") + pl.col("tax"))
    priced = priced.with_columns(total=pl.col("waived") + pl.col("shipping"))
    return priced.with_columns(
        bill=_bill(pl.col("total"), pl.col("shipping")), waived_bill=_bill(pl.col("waived"), pl.lit(0))
    ).drop("items", "goods", "shipping", "tax")


def _bill(total: pl.Expr, shipping: pl.Expr) -> pl.Expr:
    amount = text.money(total)
    quoted = pl.concat_str(pl.lit('"'), amount, pl.lit('"'))
    return pl.concat_str(
        pl.lit('","currency":"'),
        "currency",
        pl.lit('","total_amount":'),
        pl.when(dice.chance(0.02, "amount as text")).then(quoted).otherwise(amount),
        pl.lit(',"tax":'),
        text.money(pl.col("tax")),
        pl.lit(',"shipping":'),
        text.money(shipping),
        pl.lit(',"items":['),
        "items",
        pl.lit("]}"),
    )


def order() -> pl.Expr:
    """The record's `order` with its name, or nothing for events that are not an order's."""
    statuses = pl.lit(STATUSES).gather("event")
    waived = pl.lit(pl.Series(WAIVED)).gather("event")
    bill = pl.when(waived).then("waived_bill").otherwise("bill")
    whole = pl.concat_str(pl.lit(',"order":{"order_id":"ord-'), "order_id", pl.lit('","status":"'), statuses, bill)
    return pl.when(pl.col("event") >= FIRST_STEP).then(whole).otherwise(pl.lit(""))


def lines(events: pl.DataFrame, order: pl.Expr) -> pl.DataFrame:
    """One row per event: `sent`, `at` (ms), `event`, `user`, `anonymous` and `line`, the whole record."""
    stamps = text.timestamps(
        events["at"], dice.pick(SEPARATORS, "separator", "id"), dice.pick(SUFFIXES, "suffix", "id"), events.select("id")
    )
    names = pl.lit(pl.Series(EVENT_NAMES)).gather("event")
    return events.with_columns(event_id=dice.uuids(events, "id"), stamp=stamps).select(
        "sent",
        "at",
        "event",
        "user",
        anonymous=pl.lit(None, dtype=pl.String),
        line=pl.concat_str(
            pl.lit('{"event_id":"'),
            "event_id",
            pl.lit('","session_id":"'),
            "session_id",
            pl.lit('","event_timestamp":"'),
            "stamp",
            pl.lit('","event_type":"'),
            names,
            pl.lit('","customer":'),
            "customer",
            order,
            pl.lit(',"session":'),
            "visit",
            pl.lit("}"),
        ),
    )
