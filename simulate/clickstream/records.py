"""The JSON text of clickstream records, a column at a time.

How a record is written belongs here: names and order of fields, the quirks of its producers. So do the goods.
"""

from __future__ import annotations

from random import Random

import polars as pl

from simulate import dice, site, text
from simulate.plan import Plan

VIEW, CART, UNCART, PURCHASE, SEARCH = range(5)
KINDS = pl.Series(["page_view", "add_to_cart", "remove_from_cart", "purchase", "search"])
GOODS = 3  # different products that a session may be about; an event's number is its kind and which of them
CURRENCY = "USD"

CATEGORIES = ("electronics", "clothing", "home", "books", "sports", "toys")
PRODUCTS = [
    (f"p_{shelf}{number:03d}", category) for shelf, category in enumerate(CATEGORIES, 1) for number in range(1, 21)
]
PRODUCT_IDS = pl.Series([product for product, _ in PRODUCTS])
CATEGORY_OF = pl.Series([category for _, category in PRODUCTS])
PRICES = pl.Series([Random(product).randrange(300, 30_000) for product, _ in PRODUCTS])
QUANTITIES = pl.Series([1] * 6 + [2, 2, 3, 5])
QUERIES = pl.Series(["laptop stand", "python books", "café crème set", 'monitor 27\\"', "running shoes", "jouet à 5€"])
MICROSECONDS = pl.Series([f"{micro:03d}" for micro in range(1000)])
ZONES = pl.Series(["Z", "+00:00"])

NO_GOODS = '"product_id": null, "quantity": null, "price": null, "category": null'
SEEN = '"product_id": "<product>", "quantity": null, "price": null, "category": "<category>"'
PRICED = '"product_id": "<product>", "quantity": <quantity>, "price": <price>, "category": "<category>"'
RECORD = (
    '{"timestamp": "<stamp>", "user_id": "<user>", "session_id": "s_<session>", "event_type": "<kind>", <goods>, '
    '"search_query": <query>}'
)


def event(kind: int, product: int = 0) -> int:
    """The number of an event of that kind about the session's product of that number."""
    return kind * GOODS + product


def written(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """See `visits.Visits`."""
    rows = _with_goods(events).with_columns(
        stamp=_stamps(events),
        user=site.user_id(site.customer(site.visitor(plan))),
        anonymous=pl.lit(None, dtype=pl.String),
        session=pl.col("hour") * 1_000_000_000 + pl.col("index"),
        number=pl.col("event") // GOODS,
    )
    # Some producers tell what a product costs when it is only looked at.
    unpriced = (pl.col("number") == VIEW) & ~dice.chance(0.05, "priced view", "id")
    searches, bought = pl.col("number") == SEARCH, pl.col("number") == PURCHASE
    seen = pl.when(unpriced).then(text.filled(SEEN)).otherwise(text.filled(PRICED))
    query = pl.concat_str(pl.lit('"'), dice.pick(QUERIES, "query", "id"), pl.lit('"'))
    rows = rows.with_columns(
        kind=pl.lit(KINDS).gather("number"),
        goods=pl.when(searches).then(pl.lit(NO_GOODS)).otherwise(seen),
        query=pl.when(searches).then(query).otherwise(pl.lit("null")),
    )
    return rows.select(
        "at",
        "event",
        "user",
        "anonymous",
        cents=pl.when(bought).then(pl.col("cost") * pl.col("quantity")),
        currency=pl.when(bought).then(pl.lit(CURRENCY)),
        line=text.filled(RECORD),
    )


def _with_goods(events: pl.DataFrame) -> pl.DataFrame:
    """Adds the `product` that the event is about, its `category`, `quantity`, `price` (text) and `cost` (cents)."""
    which = pl.col("event") % GOODS
    # Squared: some products are seen far more than others.
    places = [(dice.uniform(f"product {n}") ** 2 * len(PRODUCTS)).cast(pl.Int64) for n in range(GOODS)]
    quantities = [dice.pick(QUANTITIES, f"quantity {n}") for n in range(GOODS)]
    rows = events.with_columns(
        place=pl.coalesce(pl.when(which == n).then(place) for n, place in enumerate(places)),
        quantity=pl.coalesce(pl.when(which == n).then(quantity) for n, quantity in enumerate(quantities)),
    )
    rows = rows.with_columns(
        product=pl.lit(PRODUCT_IDS).gather("place"),
        category=pl.lit(CATEGORY_OF).gather("place"),
        cost=pl.lit(PRICES).gather("place"),
    )
    return rows.with_columns(price=text.money(pl.col("cost")))


def _stamps(events: pl.DataFrame) -> pl.Series:
    suffix = pl.concat_str(dice.pick(MICROSECONDS, "microseconds", "id"), dice.pick(ZONES, "zone", "id"))
    return text.timestamps(events["at"], pl.lit("T"), suffix, events.select("id"))
