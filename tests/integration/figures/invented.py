"""Invented silver rows that test the edges of figures, and a warehouse file that holds them.

Times lie on a grid of ten minutes, so that gaps of exactly half an hour, ties and midnights are frequent. There are few
people, and their ids come and go. The figures beside this module say what is right for these rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa

from contracts import STREAMS
from lake.schemas import Layer, definition
from resources.warehouse.duckdb import DuckDBWarehouse

ARRIVED = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
START = dt.datetime(2024, 2, 20, tzinfo=dt.UTC)
DAYS, PEOPLE = 30, 12
SilverRow = dict[str, Any]


def _moment(dice: Random) -> dt.datetime:
    grid = dt.timedelta(minutes=10 * dice.randrange(DAYS * 144))
    return START + grid + dt.timedelta(microseconds=dice.choice([0, 0, 0, 0, -1, 1, dice.randrange(600_000_000)]))


def _cents(dice: Random) -> Decimal:
    return Decimal(dice.randrange(1, 99_999)).scaleb(-2)


def _amount(dice: Random) -> Decimal:
    """An amount, mostly in cents, sometimes with more decimals than its currency has."""
    return Decimal(dice.randrange(1, 99_999)).scaleb(dice.choice([-2, -2, -2, 0, -3, -6]))


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
        ["page_view"] * 4 + ["page_ping"] * 2 + ["screen_view", "link_click", "transaction", "purchase"]
        + ["snowplow_ecommerce_action"]
    )  # fmt: skip
    row: SilverRow = {
        "event_id": f"sp{number}",
        "event_name": dice.choice([kind] * 9 + [None]),
        "event": dice.choice(["struct", None]),
        "user_id": dice.choice([None, f"u{dice.randrange(PEOPLE)}"]),
        "anonymous_id": dice.choice([None, f"a{dice.randrange(PEOPLE)}", f"a{dice.randrange(PEOPLE)}"]),
        "session_id": dice.choice([None, f"s{dice.randrange(PEOPLE * 5)}"]),
        "device_platform": dice.choice(["web", "mobile", "desktop", None]),
        "mkt_medium": dice.choice([None, None, "CPC", "email"]),
        "mkt_source": dice.choice([None, "google"]),
        "refr_medium": dice.choice([None, "search", "internal"]),
        **_surroundings(dice),
    }
    if kind == "transaction":
        row |= {
            "tr_orderid": f"o{dice.randrange(99)}",
            "tr_total": _amount(dice),
            "tr_currency": dice.choice(["USD", "EUR", "JPY", None]),
        }
    if kind == "snowplow_ecommerce_action":
        row |= {
            "ecommerce_action": dice.choice(["transaction", "product_view"]),
            "ecommerce_transaction_id": f"t{number}",
            "ecommerce_revenue": _cents(dice),
            "ecommerce_currency": "USD",
        }
    yield row


def invent_mobile(dice: Random, number: int) -> Iterator[SilverRow]:
    place = dice.choice(
        [("Tijuana", 32.5149, -117.0382), ("Mérida", 20.9674, -89.5926), ("Oaxaca", None, None), (None,) * 3]
    )
    yield {
        "user_id": f"m{dice.randrange(PEOPLE)}",
        "device_platform": dice.choice(["mobile", "desktop", None]),
        "initial_event": "LAUNCH_APP",
        "event_2": dice.choice(["HOME", None]),
        "event_3": dice.choice(["GO_TO_CATEGORY", None]),
        "event_out": dice.choice(["BOOKS", None]),
        "os_user": dice.choice(["iOS_16", "Windows_11", None]),
        **dict(zip(("city", "latitude", "longitude"), place, strict=True)),
        "order_type": dice.choice(["PURCHASE", "online", "User_Visit"]),
        "status": dice.choice(["COMPLETED", "completed", "PENDING", "FRAUD"]),
        "payment_method": dice.choice(["PayPal", None]),
    }


def invent_web(dice: Random, number: int) -> Iterator[SilverRow]:
    yield {
        "event_name": dice.choice(["view", "view", "comment", "share"]),
        "user_id": f"w{dice.randrange(PEOPLE)}",
        "session_id": dice.choice([None, f"s{dice.randrange(PEOPLE * 4)}"]),
        "device_platform": dice.choice(["mobile", "tablet", None]),
        "entity_type": dice.choice(["post", "article", None]),
        "entity_id": dice.choice([f"e{dice.randrange(9)}", None]),
        "device": dice.choice(["Mobile", None]),
        "description": f"did {number}",
    }


def invent_clickstream(dice: Random, number: int) -> Iterator[SilverRow]:
    kind = dice.choice(["page_view"] * 4 + ["add_to_cart", "remove_from_cart", "purchase", "search"])
    product, priced = dice.randrange(14), kind not in ("page_view", "search")
    row = {
        "event_name": kind,
        "user_id": f"u{dice.randrange(PEOPLE)}",
        "session_id": f"c{dice.randrange(PEOPLE * 5)}",
        "product_id": None if kind == "search" else f"p{product}",
        "category": None if kind == "search" else f"kind {product % 3}",
        "quantity": dice.randrange(1, 5) if priced else None,
        "price": _amount(dice) if priced else None,
        "currency": "USD",
    }
    yield row
    if kind == "page_view" and dice.random() < 0.3:
        yield {**row, "event_name": "add_to_cart", "quantity": 1, "price": _cents(dice)}


def invent_commerce(dice: Random, number: int) -> Iterator[SilverRow]:
    row: SilverRow = {
        "user_id": dice.choice([f"c{dice.randrange(PEOPLE)}"] * 9 + [None]),
        "session_id": dice.choice([None, f"x{dice.randrange(PEOPLE * 5)}"]),
        "device_platform": dice.choice(["mobile", "desktop", None]),
        "channel": dice.choice(["email", "ads", None]),
        "customer_email": dice.choice([None, "h1", "h2"]),
        "country": dice.choice(["DE", "FR", None]),
    }
    if number % 3:
        name = dice.choice(["page_view", "product_view", "add_to_cart"])
        yield {**row, "event_id": f"k{number}", "event_name": name}
        return
    item = {"product_id": f"p{dice.randrange(5)}", "unit_price": _amount(dice), "quantity": dice.randrange(1, 4)}
    order = {"order_id": f"o{number}", "currency": dice.choice(["USD", "EUR", "KWD"])}
    for step in dice.choice(
        [["placed"], ["placed", "completed"], ["completed", "refunded"], ["cancelled", "fulfilled"]]
    ):
        step_fields = {
            "order_status": step,
            "order_total": _amount(dice),
            "items": dice.choice([None, [], [item], [item, item]]),
        }
        yield {**row, **order, **step_fields, "event_id": f"k{number}{step}", "event_name": f"order_{step}"}


INVENTORS: Mapping[str, Callable[[Random, int], Iterator[SilverRow]]] = {
    "snowplow": invent_snowplow,
    "mobile": invent_mobile,
    "web": invent_web,
    "clickstream": invent_clickstream,
    "commerce": invent_commerce,
}
"""By stream, what gives the rows of record number n; columns left out are null."""


def silver_rows(seed: int, records: int) -> dict[str, list[SilverRow]]:
    """The rows of silver, by stream. Rows of one record have the same time or are days apart."""
    dice = Random(seed)
    found: dict[str, list[SilverRow]] = {}
    for stream in STREAMS:
        names = [column.name for column in definition(Layer.SILVER, stream).schema.fields]
        rows = []
        for number in range(records):
            at = _moment(dice)
            for row in INVENTORS[stream.name](dice, number):
                own = {"_key": len(rows).to_bytes(16, "big"), "_arrival_hour": ARRIVED}
                rows.append({**dict.fromkeys(names), "event_at": at, **row, **own})
                at = dice.choice([at, at + dt.timedelta(days=dice.randrange(9))])
        found[stream.name] = rows
    return found


def make_warehouse(folder: Path, rows: Mapping[str, list[SilverRow]]) -> DuckDBWarehouse:
    """A warehouse whose schema `silver` holds these rows, as if the lake had loaded them."""
    made = DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", folder / "scratch")
    with duckdb.connect(str(made.path)) as con:
        con.execute("SET TimeZone = 'UTC'; CREATE SCHEMA silver")
        for stream in STREAMS:
            schema = definition(Layer.SILVER, stream).schema.as_arrow()
            con.register(
                "given", pa.Table.from_pylist(rows[stream.name], pa.schema([f.with_nullable(True) for f in schema]))
            )
            con.execute(f'CREATE TABLE silver."{stream.name}" AS FROM given')
    return made
