"""The lines of enriched events, a column at a time.

What all fields are made of belongs here: the visitor's surroundings and goods. The fields are in `fields` and `times`.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.clickstream import records as goods
from simulate.plan import Plan
from simulate.snowplow import vocabulary as words
from simulate.snowplow.enriched import line
from simulate.snowplow.fields import of_actions, of_device, of_orders, of_page, of_referrer, of_tracking
from simulate.snowplow.times import of_time
from simulate.snowplow.visitors import with_visitors

SHIPPING = pl.Series([0, 499, 799])


def written(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """See `visits.Visits`."""
    rows = _with_goods(_with_surroundings(with_visitors(plan, events)))
    ordered = pl.col("event").is_in([words.ORDER, words.APP_ORDER])
    of_event = {**of_tracking(), **of_page(), **of_referrer(), **of_device(), **of_actions(), **of_orders()}
    return rows.select(
        "at",
        "event",
        "user",
        "anonymous",
        cents=pl.when(ordered).then("total"),
        currency=pl.when(ordered).then("currency"),
        line=line({**of_time(rows), **of_event}),
    )


def _with_surroundings(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the numbers of `place`, `model` and `channel`, ids, and what several fields are made of."""
    page = dice.uuids(rows.select(page=dice.roll("page")), "page")
    digest = dice.hexadecimal(rows.select(digest=dice.roll("digest", "id"))["digest"])
    order = dice.hexadecimal(rows.select(order=dice.roll("order"))["order"])
    rows = rows.with_columns(
        place=dice.below(len(words.CURRENCIES), "place", "browser"),
        model=dice.below(words.MODELS, "model", "browser"),
        channel=dice.below(len(words.CAMPAIGN_QUERIES), "channel"),
        visits=1 + dice.below(60, "visits"),
        page_id=page,
        event_id=dice.uuids(rows, "id"),
        order=order,
        digest=digest,
    )
    return rows.with_columns(
        latitude=pl.lit(words.PLACES["geo_latitude"]).gather("place"),
        longitude=pl.lit(words.PLACES["geo_longitude"]).gather("place"),
        currency=pl.lit(words.CURRENCIES).gather("place"),
    )


def _with_goods(rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the product that the event is about, and what the session's order of two products costs (cents)."""
    chosen = [(dice.uniform(f"product {n}") ** 2 * len(goods.PRODUCTS)).cast(pl.Int64) for n in (0, 1)]
    pieces = [dice.pick(goods.QUANTITIES, f"quantity {n}") for n in (0, 1)]
    second = pl.col("event") == words.SECOND_ITEM
    rows = rows.with_columns(
        sum=pl.sum_horizontal(pl.lit(goods.PRICES).gather(chosen[n]) * pieces[n] for n in (0, 1)),
        shipping=dice.pick(SHIPPING, "shipping"),
        article=pl.when(second).then(chosen[1]).otherwise(chosen[0]),
        quantity=pl.when(second).then(pieces[1]).otherwise(pieces[0]),
    )
    return rows.with_columns(
        total=pl.col("sum") + pl.col("shipping"),
        product=pl.lit(goods.PRODUCT_IDS).gather("article"),
        category=pl.lit(goods.CATEGORY_OF).gather("article"),
        price=text.money(pl.lit(goods.PRICES).gather("article")),
    )
