"""What events are called, and the platforms, devices, places and channels they come from.

Tables belong here: one column per field, one row per choice. Which row an event gets does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import polars as pl

VENDOR, STRUCTURED_VENDOR = "com.snowplowanalytics.snowplow", "com.google.analytics"
Table = Mapping[str, pl.Series]
"""By field name, the field's values."""


def _table(fields: str, *rows: Sequence[str]) -> Table:
    """A table from its field names, separated by spaces, and its rows."""
    return {name: pl.Series(column) for name, column in zip(fields.split(), zip(*rows, strict=True), strict=True)}


WEB, MOBILE, SERVER = range(3)
PLATFORMS = _table(
    "platform app_id name_tracker v_tracker",
    ("web", "shop-web", "sp", "js-3.24.2"),
    ("mob", "shop-app", "app", "andr-5.4.0"),
    ("srv", "shop-backend", "orders", "py-1.0.3"),
)


@dataclass(frozen=True)
class EventKind:
    """A kind of event: the platform it comes from, and Snowplow's `event`, `event_name`, vendor and version."""

    platform: int
    event: str
    name: str
    vendor: str = VENDOR
    version: str = "1-0-0"


PAGE, PING, LINK, CART, SEARCH, ORDER, ITEM, SECOND_ITEM, SCREEN, TAP, APP_ORDER, SHIPPED = range(12)
PRODUCT, REMOVAL, CHECKOUT, DELIVERY, SALE, REFUND = range(12, 18)  # of the e-commerce plug-in, as CART
CONSENT_ASKED, CONSENT, VITALS, ERROR, CRASH = range(18, 23)
_ACTION = EventKind(WEB, "unstruct", "snowplow_ecommerce_action", f"{VENDOR}.ecommerce", "1-0-2")
EVENT_KINDS = (
    EventKind(WEB, "page_view", "page_view"),
    EventKind(WEB, "page_ping", "page_ping"),
    EventKind(WEB, "unstruct", "link_click", version="1-0-1"),
    _ACTION,
    EventKind(WEB, "struct", "event", STRUCTURED_VENDOR),
    EventKind(WEB, "transaction", "transaction"),
    EventKind(WEB, "transaction_item", "transaction_item"),
    EventKind(WEB, "transaction_item", "transaction_item"),
    EventKind(MOBILE, "unstruct", "screen_view", "com.snowplowanalytics.mobile"),
    EventKind(MOBILE, "struct", "event", STRUCTURED_VENDOR),
    EventKind(MOBILE, "transaction", "transaction"),
    EventKind(SERVER, "unstruct", "order_shipped", "com.example.shop", "2-0-1"),
    *[_ACTION] * 6,
    EventKind(WEB, "unstruct", "cmp_visible"),
    EventKind(WEB, "unstruct", "consent_preferences"),
    EventKind(WEB, "unstruct", "web_vitals"),
    EventKind(WEB, "unstruct", "application_error", version="1-0-2"),
    EventKind(MOBILE, "unstruct", "application_error", version="1-0-2"),
)
"""By event number."""
ACTIONS = {
    **{CART: "add_to_cart", PRODUCT: "product_view", REMOVAL: "remove_from_cart", CHECKOUT: "checkout_step"},
    **{DELIVERY: "checkout_step", SALE: "transaction", REFUND: "refund"},
}
"""By event number, the plug-in's type of action."""


def kind_attribute(attribute: str) -> pl.Expr:
    """An attribute of each `event`'s kind."""
    return pl.lit(pl.Series([attrgetter(attribute)(kind) for kind in EVENT_KINDS])).gather("event")


_BROWSERS = _table(
    """useragent br_name br_family br_version br_type br_renderengine os_name os_family os_manufacturer
    dvce_type dvce_ismobile dvce_screenwidth dvce_screenheight""",
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.1 Safari/605.1.15",
        *("Safari 17", "Safari", "17.1", "Browser", "WEBKIT", "Mac OS X", "Mac OS X", "Apple Inc."),
        *("Computer", "0", "1728", "1117"),
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36",
        *("Chrome 12", "Chrome", "120.0.0.0", "Browser", "WEBKIT", "Windows 10", "Windows", "Microsoft Corporation"),
        *("Computer", "0", "1920", "1080"),
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
        *("Firefox 12", "Firefox", "121.0", "Browser", "GECKO", "Linux", "Linux", "Other"),
        *("Computer", "0", "1366", "768"),
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        *("Mobile Safari", "Safari", "17.1", "Browser (mobile)", "WEBKIT", "iOS 17 (iPhone)", "iOS", "Apple Inc."),
        *("Mobile", "1", "393", "852"),
    ),
    (
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        *("Googlebot", "Googlebot", "2.1", "Robot", "OTHER", "Unknown", "Other", "Other"),
        *("Unknown", "0", "1024", "1024"),
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        *("Bing Bot", "BingBot", "2.0", "Robot", "OTHER", "Unknown", "Other", "Other"),
        *("Unknown", "0", "1024", "1024"),
    ),
)
DEVICES = {
    **_BROWSERS,
    "br_viewwidth": _BROWSERS["dvce_screenwidth"],
    "br_viewheight": _BROWSERS["dvce_screenheight"],
    "doc_width": _BROWSERS["dvce_screenwidth"],
}
BOTS = 2
BOT = len(DEVICES["useragent"]) - BOTS  # the first row of bots; the rows before it are people's

PLACES = _table(
    """geo_country geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name geo_timezone
    os_timezone""",
    ("US", "CA", "Oakland", "94607", "37.8044", "-122.2712", "California", *["America/Los_Angeles"] * 2),
    ("US", "NY", "Brooklyn", "11201", "40.6943", "-73.9903", "New York", *["America/New_York"] * 2),
    ("DE", "BE", "Berlin", "10115", "52.5320", "13.3849", "Land Berlin", *["Europe/Berlin"] * 2),
    ("FR", "OCC", "Béziers", "34500", "43.3442", "3.2158", "Occitanie", *["Europe/Paris"] * 2),
)
CURRENCIES = pl.Series(["USD", "USD", "EUR", "EUR"])  # by place

CHANNELS = _table(
    "refr_medium refr_source refr_urlhost mkt_medium mkt_source mkt_campaign mkt_clickid",
    *[("", "", "", "", "", "", "")] * 4,
    *[("search", "Google", "www.google.com", "", "", "", "")] * 4,
    *[("search", "Google", "www.google.com", "cpc", "google", "spring", "EAIaIQobChMI")] * 2,
    ("social", "Facebook", "www.facebook.com", "", "", "", ""),
    ("social", "Instagram", "www.instagram.com", "paid_social", "instagram", "spring", ""),
    ("unknown", "", "blog.example", "", "", "", ""),
    ("unknown", "", "news.example", "display", "news", "spring", ""),
    ("", "", "", "email", "newsletter", "evening", ""),
)
NEWSLETTER = len(CHANNELS["mkt_medium"]) - 1  # its row
CAMPAIGN_QUERIES = pl.Series(
    [
        f"utm_medium={medium}&utm_source={source}&utm_campaign={campaign}" if medium else ""
        for medium, source, campaign in zip(
            CHANNELS["mkt_medium"], CHANNELS["mkt_source"], CHANNELS["mkt_campaign"], strict=True
        )
    ]
)
