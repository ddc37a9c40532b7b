"""Invented rows of snowplow: views, pings, purchases and the shop's actions, and what surrounds them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random

from figures.invented_values import PEOPLE, START, SilverRow, amount, cents

VIEWS = ("product_view", "product_view", "list_view", "list_click")


def _surroundings(dice: Random) -> SilverRow:
    """Where an event of Snowplow's happened: the page, the browser and the campaign. A few ids of views are shared."""
    path = dice.choice(["/", "/shop", "/cart", None])
    return {
        "useragent": dice.choice(["Mozilla/5.0 Firefox/121.0"] * 9 + ["curl/8.4.0", "Googlebot/2.1", None]),
        "iab_is_bot": dice.choice([None, False] * 20 + [True]),
        "yauaa_device_class": dice.choice([None, "Desktop"] * 20 + ["Robot"]),
        "view_id": dice.choice([None, f"v{dice.randrange(PEOPLE * 9)}"]),
        "screen_name": dice.choice([None, "Cart"]),
        "page_urlhost": path and dice.choice([None, "shop.example"]),
        "page_urlpath": path,
        "page_urlquery": dice.choice([None, "q=1"]),
        "page_title": dice.choice([None, "Shop"]),
        "dvce_created_tstamp": dice.choice([None, START + dt.timedelta(seconds=dice.randrange(60))]),
        "pp_yoffset_max": dice.choice([None, -3, dice.randrange(3_000)]),
        "doc_height": dice.choice([None, 0, 2_000, 3_000]),
        "br_viewheight": dice.choice([None, 600, 4_000]),
        "app_id": dice.choice([None, "shop"]),
        "mkt_campaign": dice.choice([None, "spring"]),
        "refr_urlhost": dice.choice([None, "www.google.com"]),
        "geo_country": dice.choice([None, "DE", "FR"]),
        "dvce_type": dice.choice([None, "Computer"]),
        "br_family": dice.choice([None, "Firefox"]),
        "br_lang": dice.choice([None, "de"]),
        **_quality(dice),
    }


def _quality(dice: Random) -> SilverRow:
    """What a few events say of consent, of the speed of the page, or of an error."""
    return {
        "consent_event": dice.choice([None] * 3 + ["allow_all", "deny_all"]),
        "consent_version": dice.choice([None, "1"]),
        "vitals_lcp": dice.choice([None, 2_500.0, 2_501.0, 4_000.0, 9_000.0]),
        "vitals_cls": dice.choice([None, 0.0, 0.125, 0.5]),
        "app_version": dice.choice([None, "1.0"]),
        "error_language": dice.choice([None] * 3 + ["KOTLIN"]),
        "error_exception": dice.choice([None] * 3 + ["NullPointer"]),
        "error_class": dice.choice([None] * 3 + ["Cart"]),
        "error_is_fatal": dice.choice([None, False, True]),
    }


def invent_snowplow(dice: Random, number: int) -> Iterator[SilverRow]:
    kind = dice.choice(
        ["page_view"] * 4
        + ["page_ping"] * 2
        + ["screen_view", "link_click", "transaction", "transaction_item", "purchase"]
        + ["snowplow_ecommerce_action"] * 3
    )
    row: SilverRow = {
        "event_id": f"sp{number}",
        "event_name": dice.choice([kind] * 9 + [None]),
        "event": dice.choice(["struct", None]),
        "app_id": dice.choice([None, "shop", "blog"]),
        "user_id": dice.choice([None, f"u{dice.randrange(PEOPLE)}"]),
        "anonymous_id": dice.choice([None, f"a{dice.randrange(PEOPLE)}", f"a{dice.randrange(PEOPLE)}"]),
        "session_id": dice.choice([None, f"s{dice.randrange(PEOPLE * 5)}"]),
        "device_platform": dice.choice(["web", "mobile", "desktop", None]),
        "mkt_medium": dice.choice([None, None, "CPC", "email"]),
        "mkt_source": dice.choice([None, "google"]),
        "refr_medium": dice.choice([None, "search", "internal"]),
        **_surroundings(dice),
    }
    row |= _sale(dice, kind)
    if kind == "snowplow_ecommerce_action":
        row |= _shop_action(dice)
    yield row
    if kind == "page_view":
        for twin in range(dice.choice([0, 0, 1, 3])):
            other = {"app_id": dice.choice([None, "shop", "blog"]), "device_platform": dice.choice(["web", "mobile"])}
            yield {**row, **other, "event_id": f"sp{number}-{twin}"}


def _sale(dice: Random, kind: str) -> SilverRow:
    """What the tracker sends of a transaction and of its lines."""
    if kind == "transaction":
        return {
            "tr_orderid": f"o{dice.randrange(99)}",
            "tr_total": amount(dice),
            "tr_currency": dice.choice(["USD", "EUR", "JPY", None]),
        }
    if kind == "transaction_item":
        return {
            "ti_orderid": f"o{dice.randrange(99)}",
            "ti_sku": f"p{dice.randrange(5)}",
            "ti_category": dice.choice(["kind 1", None]),
            "ti_quantity": dice.randrange(1, 4),
            "ti_price": cents(dice),
            "ti_currency": dice.choice(["USD", None]),
        }
    return {}


def _shop_action(dice: Random) -> SilverRow:
    """An action of the plug-in, with its products; few orders, so that some are sent twice or refunded."""
    action = dice.choice(["transaction", "refund", "add_to_cart", "remove_from_cart", "checkout_step", *VIEWS])
    row: SilverRow = {"ecommerce_action": action, "ecommerce_products": dice.choice([None, [], _products(dice)])}
    order = f"t{dice.randrange(60)}"
    if action == "transaction":
        row |= {"ecommerce_transaction_id": order, "ecommerce_revenue": cents(dice), "ecommerce_currency": "USD"}
    if action == "refund":
        row |= {
            "ecommerce_refund_id": order,
            "ecommerce_refund_amount": dice.choice([None, cents(dice) / 4]),
            "ecommerce_refund_currency": dice.choice(["USD", "USD", "EUR", None]),
        }
    return row


def _products(dice: Random) -> list[SilverRow]:
    return [
        {
            "product_id": f"p{dice.randrange(5)}",
            "product_category": dice.choice(["kind 1", "kind 2", None]),
            "unit_price": cents(dice) / 20,
            "quantity": dice.choice([1, 2, None]),
            "currency": "USD",
        }
        for _ in range(dice.randrange(1, 4))
    ]
