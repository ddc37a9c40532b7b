"""The fields of an enriched event except its times: tracking, page, referrer, device, actions and orders.

Which field holds what belongs here. The tables are in `vocabulary`, the JSON in `schemas`, the times in `times`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from simulate import dice, text
from simulate.snowplow import schemas, vocabulary
from simulate.snowplow.vocabulary import WEB, Table, kind_attribute

Fields = Mapping[str, pl.Expr]
IS_WEB = pl.col("platform") == WEB
IS_LANDING = IS_WEB & (pl.col("view") <= 1)  # the first page of a visit
IS_HOME = IS_LANDING & dice.chance(0.2, "home")
HOST = pl.lit("shop.example")
PATH = pl.when(IS_HOME).then(pl.lit("/")).otherwise(text.fill("/products/<shown>"))

PAGE_HEIGHT = 800 + dice.below(9_000, "height", "page")


def null_unless(condition: pl.Expr, fields: Fields) -> Fields:
    """The fields, null in rows that do not meet the condition."""
    return {name: pl.when(condition).then(value) for name, value in fields.items()}


def from_table(table: Table, row: str) -> Fields:
    """A table's fields, from the row whose number is in the column `row`."""
    return {name: pl.lit(texts).gather(row) for name, texts in table.items()}


def tracking_fields() -> Fields:
    """The tracker, the person, and the kind of event."""
    cookie = {"domain_sessionidx": pl.col("visits"), "domain_sessionid": pl.col("visit")}
    digest = pl.concat_str("digest", pl.col("digest").str.reverse())
    return {
        **from_table(vocabulary.PLATFORMS, "platform"),
        "event": kind_attribute("event"),
        "event_id": pl.col("event_id"),
        "v_collector": pl.lit("ssc-3.2.0-kinesis"),
        "v_etl": pl.lit("snowplow-enrich-kinesis-5.1.0"),
        "user_id": pl.col("user"),
        "user_ipaddress": pl.concat_str((1 + dice.below(250, f"ip {n}", "browser") for n in range(4)), separator="."),
        "domain_userid": pl.col("domain"),
        **null_unless(pl.col("domain").is_not_null(), cookie),
        "network_userid": pl.col("network"),
        "contexts": pl.col("contexts"),
        "unstruct_event": pl.col("unstruct_event"),
        "derived_contexts": schemas.derived(),
        "event_vendor": kind_attribute("vendor"),
        "event_name": kind_attribute("name"),
        "event_format": pl.lit("jsonschema"),
        "event_version": kind_attribute("version"),
        **null_unless(~dice.chance(0.1, "no digest", "id"), {"event_fingerprint": digest}),
    }


def page_fields() -> Fields:
    """The page that was viewed."""
    query = pl.when(IS_LANDING).then(pl.lit(vocabulary.CAMPAIGN_QUERIES).gather("channel")).otherwise(pl.lit(""))
    asked = pl.when(query != "").then(pl.concat_str(pl.lit("?"), query)).otherwise(pl.lit(""))
    page = {
        "page_url": pl.concat_str(pl.lit("https://shop.example"), PATH, asked),
        "page_title": pl.when(IS_HOME).then(pl.lit("Café Shop")).otherwise(text.fill("Café Shop · <shown>")),
        "page_urlscheme": pl.lit("https"),
        "page_urlhost": HOST,
        "page_urlport": pl.lit("443"),
        "page_urlpath": PATH,
        "page_urlquery": query,
    }
    return null_unless(IS_WEB, page)


def referrer_fields() -> Fields:
    """What led to the page: a channel for the first page of a visit, the site itself for the others."""
    channel = from_table(vocabulary.CHANNELS, "channel")
    host = pl.when(IS_LANDING).then(channel["refr_urlhost"]).otherwise(HOST)
    medium = pl.when(IS_LANDING).then(channel["refr_medium"]).otherwise(pl.lit("internal"))
    referrer = {
        "page_referrer": pl.concat_str(pl.lit("https://"), host, pl.lit("/")),
        "refr_urlscheme": pl.lit("https"),
        "refr_urlhost": host,
        "refr_urlpath": pl.lit("/"),
        "refr_medium": medium,
    }
    linked = IS_LANDING & dice.chance(0.3, "linked")
    return {
        **null_unless(IS_LANDING, channel),
        **null_unless(IS_WEB & (host != ""), referrer),
        **null_unless(linked, {"refr_domain_userid": pl.col("digest").str.slice(0, 16)}),
    }


def device_fields() -> Fields:
    """The browser or phone, and its place."""
    browser = {
        **from_table(vocabulary.DEVICES, "model"),
        "br_lang": pl.lit("en-GB"),
        "br_cookies": pl.lit("1"),
        "br_features_pdf": pl.lit("0"),
        "br_colordepth": pl.lit("24"),
        "doc_charset": pl.lit("UTF-8"),
        "doc_height": PAGE_HEIGHT,
    }
    fingerprinted = IS_WEB & dice.chance(0.3, "fingerprinted")
    return {
        **null_unless(IS_WEB, browser),
        **null_unless(pl.col("platform") != vocabulary.SERVER, from_table(vocabulary.PLACES, "place")),
        **null_unless(fingerprinted, {"user_fingerprint": dice.below(1 << 32, "fingerprint", "browser")}),
    }


def action_fields() -> Fields:
    """Structured events, and how far a page was scrolled."""
    event = pl.col("event")
    action = pl.when(event == vocabulary.SEARCH).then(pl.lit("search")).otherwise(pl.lit("tap"))
    value = pl.concat_str(dice.below(90, "value", "id"), pl.lit(".5"))
    structured = {
        "se_category": pl.lit("catalogue"),
        "se_action": action,
        "se_label": pl.col("category"),
        "se_value": pl.when(dice.chance(0.5, "valued", "id")).then(value),
    }
    scrolled = {name: pl.lit("0") for name in ("pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min")}
    lowest = dice.roll("scrolled", "id") % (PAGE_HEIGHT - 700)
    return {
        **null_unless(event.is_in([vocabulary.SEARCH, vocabulary.TAP]), structured),
        **null_unless(event == vocabulary.PING, {**scrolled, "pp_yoffset_max": lowest}),
    }


def order_fields() -> Fields:
    """Transactions and their items."""
    order_id = text.fill("T-<order>")
    order = {
        "tr_orderid": order_id,
        "tr_total": pl.col("revenue"),
        "tr_shipping": pl.col("shipped_for"),
        "tr_city": pl.lit(vocabulary.PLACES["geo_city"]).gather("place"),
        "tr_country": pl.lit(vocabulary.PLACES["geo_country"]).gather("place"),
        "tr_currency": pl.col("currency"),
    }
    item = {
        "ti_orderid": order_id,
        "ti_sku": pl.col("product"),
        "ti_name": text.fill("Product <product>"),
        "ti_category": pl.col("category"),
        "ti_price": pl.col("price"),
        "ti_quantity": pl.col("quantity"),
        "ti_currency": pl.col("currency"),
    }
    event = pl.col("event")
    is_order = event.is_in([vocabulary.ORDER, vocabulary.APP_ORDER])
    is_item = event.is_in([vocabulary.ITEM, vocabulary.SECOND_ITEM])
    return {**null_unless(is_order, order), **null_unless(is_item, item)}
