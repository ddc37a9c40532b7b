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
from simulate.snowplow.times import time_fields
from simulate.snowplow.visitors import add_visitors

SHIPPING = pl.Series([0, 499, 799])  # cents


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One line for each event; see `ScriptedSessions.write`."""
    rows = _add_products(_add_surroundings(add_visitors(plan, events)))
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
    page = dice.uuids(rows.select(page=dice.roll("page")), "page")
    digest = dice.hexadecimal(rows.select(digest=dice.roll("digest", "id"))["digest"])
    order = dice.hexadecimal(rows.select(order=dice.roll("order"))["order"])
    rows = rows.with_columns(
        place=dice.below(len(vocabulary.CURRENCIES), "place", "browser"),
        model=pl.when("bot").then(vocabulary.BOT).otherwise(dice.below(vocabulary.BOT, "model", "browser")),
        channel=pl.when("invited")
        .then(vocabulary.NEWSLETTER)
        .otherwise(dice.below(len(vocabulary.CAMPAIGN_QUERIES), "channel")),
        visits=1 + dice.below(60, "visits"),
        page_id=page,
        event_id=dice.uuids(rows, "id"),
        order=order,
        digest=digest,
    )
    return rows.with_columns(
        latitude=pl.lit(vocabulary.PLACES["geo_latitude"]).gather("place"),
        longitude=pl.lit(vocabulary.PLACES["geo_longitude"]).gather("place"),
        currency=pl.lit(vocabulary.CURRENCIES).gather("place"),
    )


def _add_products(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the product that the event is about, and the total of the session's order of two products (cents)."""
    chosen = [(dice.uniform(f"product {n}") ** 2 * len(PRODUCTS)).cast(pl.Int64) for n in (0, 1)]
    quantities = [dice.pick(QUANTITIES, f"quantity {n}") for n in (0, 1)]
    second = pl.col("event") == vocabulary.SECOND_ITEM
    rows = rows.with_columns(
        goods=pl.sum_horizontal(pl.lit(PRICES).gather(chosen[n]) * quantities[n] for n in (0, 1)),
        shipping=dice.pick(SHIPPING, "shipping"),
        article=pl.when(second).then(chosen[1]).otherwise(chosen[0]),
        quantity=pl.when(second).then(quantities[1]).otherwise(quantities[0]),
    )
    return rows.with_columns(
        total=pl.col("goods") + pl.col("shipping"),
        product=pl.lit(PRODUCT_IDS).gather("article"),
        category=pl.lit(CATEGORY_OF_PRODUCT).gather("article"),
        price=text.money(pl.lit(PRICES).gather("article")),
    )
