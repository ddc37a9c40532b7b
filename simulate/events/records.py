"""The JSON text of the app's events, a column at a time. Its products are those of the storefront."""

from __future__ import annotations

import polars as pl

from simulate import dice, site, text
from simulate.clickstream.records import CATEGORY_OF_PRODUCT, PRICES, PRODUCT_IDS, QUANTITIES
from simulate.plan import Plan

OPEN, VIEW, ADD, BUY, RETURN = range(5)
NAMES = pl.Series(["screen_view", "screen_view", "add_to_cart", "purchase", "refund"])
SCREENS = pl.Series(["/home", "/product", "/product", "/thanks", "/orders"])
PLATFORMS = pl.Series(["ios", "ios", "android", "android", "android", "web"])
CHANNELS = pl.Series(['"push"', '"email"', '"ads"', "null", "null"])
PLANS = pl.Series(["free", "free", "pro", "équipe"])

PRODUCT = '"product_id":"<product>","category":"<category>",'
ORDER = (
    '"order_id":"o_<session>","value":<value>,"currency":"EUR",'
    '"items":[{"id":"<product>","name":"The <product>","category":"<category>","price":<price>,"quantity":<quantity>}],'
)
RECORD = (
    '{"event_id":"<event_id>","event":"<name>","time":"<stamp>",<user>"device_id":"<device>","session_id":"s_<session>",'
    '"platform":"<platform>","channel":<channel>,"page":"<screen>",<product_fields><order_fields>'
    '"properties":{"plan":"<plan>","step":<ordinal>}}'
)


def write_records(plan: Plan, events: pl.DataFrame) -> pl.DataFrame:
    """One record for each event; see `ScriptedSessions.write`. A session is about one product."""
    person, kind = pl.col("person"), pl.col("event")
    row = (dice.uniform("product") ** 2 * len(PRODUCT_IDS)).cast(pl.Int64)  # squared: some sell far more than others
    quantity, cents = dice.pick(QUANTITIES, "quantity"), pl.lit(PRICES).gather(row)
    user = pl.concat_str(pl.lit('"user_id":"'), site.user_id(person), pl.lit('",'))
    rows = events.with_columns(
        stamp=text.timestamps(
            events["at"], pl.lit("T"), dice.pick(text.UTC_SUFFIXES, "zone", "id"), events.select("id")
        ),
        event_id=dice.uuids(events, "id"),
        session=pl.col("hour") * 1_000_000_000 + pl.col("index"),
        device=pl.concat_str(pl.lit("d_"), person),
        user=pl.when(site.has_account(person)).then(user).otherwise(pl.lit("")),
        name=pl.lit(NAMES).gather(kind),
        screen=pl.lit(SCREENS).gather(kind),
        platform=dice.pick(PLATFORMS, "platform"),
        channel=dice.pick(CHANNELS, "channel"),
        plan=dice.pick(PLANS, "plan"),
        product=pl.lit(PRODUCT_IDS).gather(row),
        category=pl.lit(CATEGORY_OF_PRODUCT).gather(row),
        quantity=quantity,
        price=text.money(cents),
        value=text.money(pl.when(kind == RETURN).then(cents).otherwise(cents * quantity)),
    )
    rows = rows.with_columns(
        product_fields=pl.when(kind == OPEN).then(pl.lit("")).otherwise(text.fill(PRODUCT)),
        order_fields=pl.when(kind >= BUY).then(text.fill(ORDER)).otherwise(pl.lit("")),
    )
    return rows.select("at", "event", line=text.fill(RECORD))
