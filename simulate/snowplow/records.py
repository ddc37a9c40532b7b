"""The lines of enriched events, a column at a time.

What several fields are made of belongs here: the visit's place, device and products. The fields themselves are in
`fields` and `times`.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.clickstream.records import CATEGORY_OF_PRODUCT, PRICES, PRODUCT_IDS, PRODUCTS, QUANTITIES
from simulate.plan import Plan
from simulate.snowplow import vocabulary
from simulate.snowplow.enriched import enriched_line
from simulate.snowplow.fields import (
    action_fields,
    device_fields,
    order_fields,
    page_fields,
    referrer_fields,
    tracking_fields,
)
from simulate.snowplow.schemas import add_entities
from simulate.snowplow.times import time_fields
from simulate.snowplow.visitors import add_visitors

SHIPPING = pl.Series([0, 499, 799])  # cents


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One line for each event; see `ScriptedSessions.write`."""
    rows = add_entities(_add_products(_add_surroundings(add_visitors(plan, events))))
    fields = {
        **time_fields(rows),
        **tracking_fields(),
        **page_fields(),
        **referrer_fields(),
        **device_fields(),
        **action_fields(),
        **order_fields(),
    }
    return rows.select("at", "event", line=enriched_line(fields))


def _add_surroundings(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the row numbers of `place`, `model` and `channel`, ids, and other values that several fields use."""
    rows = rows.with_columns(page=dice.roll("page") + pl.col("view").cast(pl.UInt64))
    digest = dice.hexadecimal(rows.select(digest=dice.roll("digest", "id"))["digest"])
    order = dice.hexadecimal(rows.select(order=dice.roll("order"))["order"])
    rows = rows.with_columns(
        place=dice.below(len(vocabulary.CURRENCIES), "place", "browser"),
        model=pl.when("bot")
        .then(vocabulary.BOT + pl.col("person") % vocabulary.BOTS)
        .otherwise(dice.below(vocabulary.BOT, "model", "browser").cast(pl.Int64)),
        channel=pl.when("invited")
        .then(vocabulary.NEWSLETTER)
        .otherwise(dice.below(len(vocabulary.CAMPAIGN_QUERIES), "channel")),
        visits=1 + dice.below(60, "visits"),
        page_id=dice.uuids(rows, "page"),
        event_id=dice.uuids(rows, "id"),
        order=order,
        digest=digest,
    )
    return rows.with_columns(
        latitude=pl.lit(vocabulary.PLACES["geo_latitude"]).gather("place"),
        longitude=pl.lit(vocabulary.PLACES["geo_longitude"]).gather("place"),
        zipcode=pl.lit(vocabulary.PLACES["geo_zipcode"]).gather("place"),
        currency=pl.lit(vocabulary.CURRENCIES).gather("place"),
    )


def _add_products(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the product that the page shows, the one that the event is about, the session's other product, and amounts.

    A session has two products. Its pages show them in turn, and its order has both.
    """
    chosen = [(dice.uniform(f"product {n}") ** 2 * len(PRODUCTS)).cast(pl.Int64) for n in (0, 1)]
    quantities = [dice.pick(QUANTITIES, f"quantity {n}") for n in (0, 1)]
    even_view = (pl.col("view") % 2 == 0) & (pl.col("view") > 0)
    is_order = pl.col("event").is_in([vocabulary.ORDER, vocabulary.ITEM, vocabulary.SALE])
    is_second = (pl.col("event") == vocabulary.SECOND_ITEM) | (even_view & ~is_order)
    rows = rows.with_columns(
        goods=pl.sum_horizontal(pl.lit(PRICES).gather(chosen[n]) * quantities[n] for n in (0, 1)),
        shipping=dice.pick(SHIPPING, "shipping"),
        pieces=quantities[0] + quantities[1],
        second=is_second,
        shown=pl.lit(PRODUCT_IDS).gather(pl.when(even_view).then(chosen[1]).otherwise(chosen[0])),
    )
    for prefix, first in (("", 0), ("other_", 1)):
        choice = pl.when("second").then(chosen[1 - first]).otherwise(chosen[first])
        number = pl.when("second").then(quantities[1 - first]).otherwise(quantities[first])
        rows = rows.with_columns(choice.alias(f"{prefix}article"), number.alias(f"{prefix}quantity"))
        article = f"{prefix}article"
        rows = rows.with_columns(
            pl.lit(PRODUCT_IDS).gather(article).alias(f"{prefix}product"),
            pl.lit(CATEGORY_OF_PRODUCT).gather(article).alias(f"{prefix}category"),
            text.money(pl.lit(PRICES).gather(article)).alias(f"{prefix}price"),
        )
    total = pl.col("goods") + pl.col("shipping")
    back = pl.when(dice.chance(0.5, "refunded in full")).then(total).otherwise(pl.col("goods") // 2)
    in_cart = pl.lit(PRICES).gather("article") * pl.col("quantity")
    kept = pl.when(pl.col("event") == vocabulary.REMOVAL).then(0).otherwise(in_cart)
    return rows.with_columns(
        revenue=text.money(total),
        shipped_for=text.money(pl.col("shipping")),
        refunded=text.money(back),
        in_cart=text.money(kept),
    )
