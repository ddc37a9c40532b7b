"""The JSON text of commerce records, a column at a time: fields and their order, and what differs between producers.

When an event happens does not belong here.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.commerce.orders import Bill
from simulate.commerce.people import PRICES, PRODUCTS, add_customer, session_object
from simulate.commerce.sessions import BILLS, EVENT_NAMES, FIRST_ORDER_EVENT
from simulate.plan import Plan

ITEM_COUNTS = pl.Series([1, 1, 1, 2, 2, 3])
MOST_ITEMS = 3
QUANTITIES = pl.Series([1] * 6 + [2, 2, 3])
SHIPPING = pl.Series([0, 0, 499, 499, 799, 1299])  # cents
STATUSES = pl.Series([name.removeprefix("order_") for name in EVENT_NAMES])
TAX_PERCENT = 8  # of the goods, cut to whole cents
SEPARATORS = pl.Series(["T"] * 63 + [" "])
ZONES = pl.Series(["Z"] * 15 + ["+00:00"])
_ITEMS = pl.col("items")


def add_people(plan: Plan, sessions: pl.DataFrame) -> pl.DataFrame:
    """Add what a session's events share: `currency`, and `session_id`, `customer` and `session` as JSON text."""
    known = add_customer(sessions, plan.seed)
    quote, ids = pl.lit('"'), pl.lit(dice.uuids(known, "key"))
    return known.with_columns(session=session_object(), session_id=pl.concat_str(quote, ids, quote))


def add_orders(sessions: pl.DataFrame) -> pl.DataFrame:
    """Add the orders of sessions that buy: `order_id`, and for each `Bill` a column `bill_0`, `bill_1`, ...

    A bill is the JSON text of an order after the beginning of its id.
    """
    ids = dice.hexadecimal(sessions.select(id=dice.roll("order"))["id"])
    count = dice.pick(ITEM_COUNTS, "items")
    items, goods = [], []
    for place in range(MOST_ITEMS):
        product = _product(place)
        quantity = dice.pick(QUANTITIES, f"quantity {place}")
        item = pl.concat_str(pl.lit("," if place else ""), pl.lit(PRODUCTS).gather(product), quantity, pl.lit("}"))
        items.append(pl.when(count > place).then(item).otherwise(pl.lit("")))
        cost = pl.lit(PRICES).gather(product) * quantity
        goods.append(pl.when(count > place).then(cost).otherwise(0))
    priced = sessions.with_columns(
        order_id=ids,
        items=pl.concat_str(items),
        goods=pl.sum_horizontal(goods),
        shipping=dice.pick(SHIPPING, "shipping"),
        piece=pl.lit(PRODUCTS).gather(_product(0)),
        price=pl.lit(PRICES).gather(_product(0)),
    ).with_columns(tax=pl.col("goods") * TAX_PERCENT // 100)
    bills = {f"bill_{bill:d}": text for bill, text in _bills().items()}
    return priced.with_columns(**bills).drop("items", "goods", "shipping", "tax", "piece", "price")


def _product(place: int) -> pl.Expr:
    """The product of an order's item. Squared: some products sell far better than others."""
    return (dice.uniform(f"product {place}") ** 2 * len(PRODUCTS)).cast(pl.UInt32)


def _bills() -> dict[Bill, pl.Expr]:
    order, zero = pl.concat_str(pl.lit("ord-"), "order_id"), pl.lit(0)
    note = pl.concat_str(pl.lit("crn-"), "order_id", pl.lit('","refunded_order_id":"ord-'), "order_id")
    price = text.money(pl.col("price"))
    total = pl.col("goods") + pl.col("tax")
    return {
        Bill.FULL: _bill(order, text.money(total + pl.col("shipping")), pl.col("tax"), pl.col("shipping")),
        Bill.WAIVED: _bill(order, text.money(total), pl.col("tax"), zero),
        Bill.REFUND: _bill(order, price, zero, zero, pl.concat_str("piece", pl.lit("1}"))),
        Bill.CREDIT_NOTE: _bill(
            note, pl.concat_str(pl.lit("-"), price), zero, zero, pl.concat_str("piece", pl.lit("-1}"))
        ),
    }


def _bill(ids: pl.Expr, amount: pl.Expr, tax: pl.Expr, shipping: pl.Expr, items: pl.Expr = _ITEMS) -> pl.Expr:
    quoted = pl.concat_str(pl.lit('"'), amount, pl.lit('"'))
    return pl.concat_str(
        ids,
        pl.lit('","currency":"'),
        "currency",
        pl.lit('","total_amount":'),
        pl.when(dice.chance(0.02, "amount as text")).then(quoted).otherwise(amount),
        pl.lit(',"tax":'),
        text.money(tax),
        pl.lit(',"shipping":'),
        text.money(shipping),
        pl.lit(',"items":['),
        items,
        pl.lit('],"status":"'),
    )


def order_member() -> pl.Expr:
    """The member `,"order":{…}` of a record, or no text for events that are not about an order."""
    shown = pl.lit(pl.Series(BILLS, dtype=pl.Int8)).gather("event")
    bill = pl.coalesce(pl.when(shown == bill).then(f"bill_{bill:d}") for bill in Bill)
    statuses = pl.lit(STATUSES).gather("event")
    order = pl.concat_str(pl.lit(',"order":{"order_id":"'), bill, statuses, pl.lit('"}'))
    return pl.when(pl.col("event") >= FIRST_ORDER_EVENT).then(order).otherwise(pl.lit(""))


def write_records(events: pl.DataFrame, order: pl.Expr) -> pl.DataFrame:
    """One row per event: `sent` and `at` (ms), `event`, and `line`, the record's text. `order`: as `order_member`."""
    stamps = text.timestamps(
        events["at"], dice.pick(SEPARATORS, "separator", "id"), dice.pick(ZONES, "suffix", "id"), events.select("id")
    )
    names = pl.lit(pl.Series(EVENT_NAMES)).gather("event")
    return events.with_columns(event_id=dice.uuids(events, "id"), stamp=stamps).select(
        "sent",
        "at",
        "event",
        line=pl.concat_str(
            pl.lit('{"event_id":"'),
            "event_id",
            pl.lit('","session_id":'),
            "session_id",
            pl.lit(',"event_timestamp":"'),
            "stamp",
            pl.lit('","event_type":"'),
            names,
            pl.lit('","customer":'),
            "customer",
            order,
            pl.lit(',"session":'),
            "session",
            pl.lit("}"),
        ),
    )
