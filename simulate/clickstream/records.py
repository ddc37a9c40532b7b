"""The JSON text of clickstream records, a column at a time, and the products they are about."""

from __future__ import annotations

from random import Random

import polars as pl

from simulate import dice, site, text
from simulate.plan import Plan

PAGE_VIEW, ADD_TO_CART, REMOVE_FROM_CART, PURCHASE, SEARCH = range(5)
EVENT_TYPES = pl.Series(["page_view", "add_to_cart", "remove_from_cart", "purchase", "search"])
PRODUCTS_A_SESSION = 3

CATEGORIES = ("electronics", "clothing", "home", "books", "sports", "toys")
PRODUCTS = [
    (f"p_{shelf}{number:03d}", category) for shelf, category in enumerate(CATEGORIES, 1) for number in range(1, 21)
]
PRODUCT_IDS = pl.Series([product for product, _ in PRODUCTS])
CATEGORY_OF_PRODUCT = pl.Series([category for _, category in PRODUCTS])
PRICES = pl.Series([Random(product).randrange(300, 30_000) for product, _ in PRODUCTS])  # cents
QUANTITIES = pl.Series([1] * 6 + [2, 2, 3, 5])
QUERIES = pl.Series(["laptop stand", "python books", "café crème set", 'monitor 27\\"', "running shoes", "jouet à 5€"])

NO_PRODUCT = '"product_id": null, "quantity": null, "price": null, "category": null'
VIEWED_PRODUCT = '"product_id": "<product>", "quantity": null, "price": null, "category": "<category>"'
PRICED_PRODUCT = '"product_id": "<product>", "quantity": <quantity>, "price": <price>, "category": "<category>"'
RECORD = (
    '{"timestamp": "<stamp>", "user_id": "<user>", "session_id": "s_<session>", "event_type": "<type>", '
    '<product_fields>, "search_query": <query>}'
)


def event_number(event_type: int, product: int = 0) -> int:
    """The number of an event of that type about one of the session's products."""
    return event_type * PRODUCTS_A_SESSION + product


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One record for each event; see `ScriptedSessions.write`."""
    rows = _add_product(events).with_columns(
        stamp=_timestamps(events),
        user=site.user_id(pl.col("person")),
        session=pl.col("hour") * 1_000_000_000 + pl.col("index"),
        type_number=pl.col("event") // PRODUCTS_A_SESSION,
    )
    is_search = pl.col("type_number") == SEARCH
    # Some producers send the price also with a view.
    unpriced = (pl.col("type_number") == PAGE_VIEW) & ~dice.chance(0.05, "priced view", "id")
    product = pl.when(unpriced).then(text.fill(VIEWED_PRODUCT)).otherwise(text.fill(PRICED_PRODUCT))
    query = pl.concat_str(pl.lit('"'), dice.pick(QUERIES, "query", "id"), pl.lit('"'))
    rows = rows.with_columns(
        type=pl.lit(EVENT_TYPES).gather("type_number"),
        product_fields=pl.when(is_search).then(pl.lit(NO_PRODUCT)).otherwise(product),
        query=pl.when(is_search).then(query).otherwise(pl.lit("null")),
    )
    return rows.select("at", "event", line=text.fill(RECORD))


def _add_product(events: pl.DataFrame) -> pl.DataFrame:
    """Add the `product` that the event is about, its `category`, `quantity` and `price` (text)."""
    number = pl.col("event") % PRODUCTS_A_SESSION
    # Squared: some products are viewed far more than others.
    rows = [(dice.uniform(f"product {n}") ** 2 * len(PRODUCTS)).cast(pl.Int64) for n in range(PRODUCTS_A_SESSION)]
    quantities = [dice.pick(QUANTITIES, f"quantity {n}") for n in range(PRODUCTS_A_SESSION)]
    chosen = events.with_columns(
        row=pl.coalesce(pl.when(number == n).then(row) for n, row in enumerate(rows)),
        quantity=pl.coalesce(pl.when(number == n).then(quantity) for n, quantity in enumerate(quantities)),
    )
    return chosen.with_columns(
        product=pl.lit(PRODUCT_IDS).gather("row"),
        category=pl.lit(CATEGORY_OF_PRODUCT).gather("row"),
        price=text.money(pl.lit(PRICES).gather("row")),
    )


def _timestamps(events: pl.DataFrame) -> pl.Series:
    digits, zone = dice.pick(text.MICROSECONDS, "microseconds", "id"), dice.pick(text.UTC_SUFFIXES, "zone", "id")
    return text.timestamps(events["at"], pl.lit("T"), pl.concat_str(digits, zone), events.select("id"))
