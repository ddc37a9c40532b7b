"""The fields of an enriched event but for its times: tracking, page, device and shop.

Which field holds what belongs here; the texts they choose from are in `vocabulary`, JSON in `schemas`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from simulate import dice, text
from simulate.snowplow import schemas
from simulate.snowplow import vocabulary as words
from simulate.snowplow.vocabulary import WEB, of_kind

Fields = Mapping[str, pl.Expr]
ON_WEB = pl.col("platform") == WEB
ENTERED = ON_WEB & (pl.col("ordinal") == 0)  # the event that a visit begins with
HOST = pl.lit("shop.example")
PATH = text.filled("/products/<product>")


def where(condition: pl.Expr, fields: Fields) -> Fields:
    """The fields, null where the condition is not met."""
    return {name: pl.when(condition).then(value) for name, value in fields.items()}


def chosen(table: Mapping[str, pl.Series], number: str) -> Fields:
    """The fields of the table's row that the column `number` names."""
    return {name: pl.lit(texts).gather(number) for name, texts in table.items()}


def of_tracking() -> Fields:
    """Who saw the event, and who caused it."""
    cookie = {"domain_sessionidx": pl.col("visits"), "domain_sessionid": pl.col("visit")}
    digest = pl.concat_str("digest", pl.col("digest").str.reverse())
    return {
        **chosen(words.PLATFORMS, "platform"),
        "event": of_kind("event"),
        "event_id": pl.col("event_id"),
        "v_collector": pl.lit("ssc-3.2.0-kinesis"),
        "v_etl": pl.lit("snowplow-enrich-kinesis-5.1.0"),
        "user_id": pl.col("user"),
        "user_ipaddress": pl.concat_str((1 + dice.below(250, f"ip {n}", "browser") for n in range(4)), separator="."),
        "domain_userid": pl.col("domain"),
        **where(pl.col("domain").is_not_null(), cookie),
        "network_userid": pl.col("network"),
        "contexts": schemas.contexts(),
        "unstruct_event": schemas.unstructured(),
        "derived_contexts": schemas.derived(),
        "event_vendor": of_kind("vendor"),
        "event_name": of_kind("name"),
        "event_format": pl.lit("jsonschema"),
        "event_version": of_kind("version"),
        **where(~dice.chance(0.1, "no digest", "id"), {"event_fingerprint": digest}),
    }


def of_page() -> Fields:
    """The page that was looked at."""
    query = pl.when(ENTERED).then(pl.lit(words.CAMPAIGN_QUERIES).gather("channel")).otherwise(pl.lit(""))
    asked = pl.when(query != "").then(pl.concat_str(pl.lit("?"), query)).otherwise(pl.lit(""))
    page = {
        "page_url": pl.concat_str(pl.lit("https://shop.example"), PATH, asked),
        "page_title": text.filled("Café Shop · <product>"),
        "page_urlscheme": pl.lit("https"),
        "page_urlhost": HOST,
        "page_urlport": pl.lit("443"),
        "page_urlpath": PATH,
        "page_urlquery": query,
    }
    return where(ON_WEB, page)


def of_referrer() -> Fields:
    """What led to the page: a channel for a visit's first event, the site itself for the others."""
    channel = chosen(words.CHANNELS, "channel")
    host = pl.when(ENTERED).then(channel["refr_urlhost"]).otherwise(HOST)
    medium = pl.when(ENTERED).then(channel["refr_medium"]).otherwise(pl.lit("internal"))
    referrer = {
        "page_referrer": pl.concat_str(pl.lit("https://"), host, pl.lit("/")),
        "refr_urlscheme": pl.lit("https"),
        "refr_urlhost": host,
        "refr_urlpath": pl.lit("/"),
        "refr_medium": medium,
    }
    linked = ENTERED & dice.chance(0.3, "linked")
    return {
        **where(ENTERED, channel),
        **where(ON_WEB & (host != ""), referrer),
        **where(linked, {"refr_domain_userid": pl.col("digest").str.slice(0, 16)}),
    }


def of_device() -> Fields:
    """The browser or phone, and where it is by its address."""
    browser = {
        **chosen(words.DEVICES, "model"),
        "br_lang": pl.lit("en-GB"),
        "br_cookies": pl.lit("1"),
        "br_features_pdf": pl.lit("0"),
        "br_colordepth": pl.lit("24"),
        "doc_charset": pl.lit("UTF-8"),
        "doc_height": 800 + dice.below(9_000, "height", "id"),
    }
    fingerprinted = ON_WEB & dice.chance(0.3, "fingerprinted")
    return {
        **where(ON_WEB, browser),
        **where(pl.col("platform") != words.SERVER, chosen(words.PLACES, "place")),
        **where(fingerprinted, {"user_fingerprint": dice.below(1 << 32, "fingerprint", "browser")}),
    }


def of_actions() -> Fields:
    """Structured events, and how far a page was scrolled."""
    event = pl.col("event")
    action = pl.when(event == words.SEARCH).then(pl.lit("search")).otherwise(pl.lit("tap"))
    value = pl.concat_str(dice.below(90, "value", "id"), pl.lit(".5"))
    structured = {
        "se_category": pl.lit("catalogue"),
        "se_action": action,
        "se_label": pl.col("category"),
        "se_value": pl.when(dice.chance(0.5, "valued", "id")).then(value),
    }
    scrolled = {name: pl.lit("0") for name in ("pp_xoffset_min", "pp_xoffset_max", "pp_yoffset_min")}
    return {
        **where(event.is_in([words.SEARCH, words.TAP]), structured),
        **where(event == words.PING, {**scrolled, "pp_yoffset_max": dice.below(3_000, "scrolled", "id")}),
    }


def of_orders() -> Fields:
    """Transactions and their items."""
    order_id = text.filled("T-<order>")
    order = {
        "tr_orderid": order_id,
        "tr_total": text.money(pl.col("total")),
        "tr_shipping": text.money(pl.col("shipping")),
        "tr_city": pl.lit(words.PLACES["geo_city"]).gather("place"),
        "tr_country": pl.lit(words.PLACES["geo_country"]).gather("place"),
        "tr_currency": pl.col("currency"),
    }
    item = {
        "ti_orderid": order_id,
        "ti_sku": pl.col("product"),
        "ti_name": text.filled("Product <product>"),
        "ti_category": pl.col("category"),
        "ti_price": pl.col("price"),
        "ti_quantity": pl.col("quantity"),
        "ti_currency": pl.col("currency"),
    }
    event = pl.col("event")
    ordered, listed = event.is_in([words.ORDER, words.APP_ORDER]), event.is_in([words.ITEM, words.SECOND_ITEM])
    return {**where(ordered, order), **where(listed, item)}
