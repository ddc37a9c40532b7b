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

import duckdb
import pyarrow as pa
from figures.invented_snowplow import invent_snowplow
from figures.invented_values import PEOPLE, SilverRow, amount, cents, moment

from contracts import STREAMS
from lake.schemas import Layer, definition
from resources.warehouse.duckdb import DuckDBWarehouse

ARRIVED = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


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
        "price": amount(dice) if priced else None,
        "currency": "USD",
        "order_id": dice.choice([None, f"o{dice.randrange(60)}"]) if kind == "purchase" else None,
    }
    yield row
    if kind == "page_view" and dice.random() < 0.3:
        yield {**row, "event_name": "add_to_cart", "quantity": 1, "price": cents(dice)}


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
    item = {"product_id": f"p{dice.randrange(5)}", "unit_price": amount(dice), "quantity": dice.randrange(1, 4)}
    order = {"order_id": f"o{number}", "currency": dice.choice(["USD", "EUR", "KWD"])}
    for step in dice.choice(
        [["placed"], ["placed", "completed"], ["completed", "refunded"], ["cancelled", "fulfilled"]]
    ):
        step_fields = {
            "order_status": step,
            "order_total": amount(dice),
            "items": dice.choice([None, [], [item], [item, item]]),
        }
        yield {**row, **order, **step_fields, "event_id": f"k{number}{step}", "event_name": f"order_{step}"}
    for place in range(dice.choice([0, 0, 1, 2])):
        yield {**row, **order, **_refund(dice, order["order_id"], item), "event_id": f"k{number}r{place}"}


def _refund(dice: Random, order_id: str, item: SilverRow) -> SilverRow:
    """A refund of an order in one of the forms that shops use."""
    back = {**item, "quantity": dice.choice([-1, 1])}
    refunded = dice.choice([None, Decimal(0), item["unit_price"], amount(dice)])
    event = {
        "event_name": "order_refunded",
        "order_total": refunded,
        "items": dice.choice([None, [back], [item, item]]),
    }
    note = {"order_id": f"n-{order_id}", "order_total": -amount(dice), "items": dice.choice([None, [back]])}
    return dice.choice(
        [
            event,
            {**event, "currency": dice.choice([None, "USD"])},
            {**event, "event_name": "order_partially_returned"},
            {"event_name": "order_updated", "order_status": "Refunded", "order_total": amount(dice)},
            {"event_name": "order_fulfilled", "order_total": amount(dice), "refund_amount": cents(dice) / 4},
            {**note, "event_name": "credit_note", "refunded_order_id": order_id},
            {**note, "event_name": "order_completed"},
        ]
    )


def invent_events(dice: Random, number: int) -> Iterator[SilverRow]:
    name = dice.choice(["screen_view"] * 4 + ["add_to_cart", "purchase", "refund"])
    bought = name in ("purchase", "refund")
    row: SilverRow = {
        "event_id": f"ev{number}",
        "event_name": name,
        "user_id": dice.choice([None, f"p{dice.randrange(PEOPLE)}"]),
        "anonymous_id": dice.choice([None, f"d{dice.randrange(PEOPLE)}"]),
        "session_id": dice.choice([None, f"v{dice.randrange(PEOPLE * 5)}"]),
        "device_platform": dice.choice(["ios", "mobile", None]),
        "channel": dice.choice(["push", "email", None]),
        "category": dice.choice(["toys", None]),
        "page_path": dice.choice(["/home", None]),
        "product_id": dice.choice([f"p{dice.randrange(5)}", None]),
        "action": {"add_to_cart": "add_to_cart", "purchase": "transaction", "refund": "refund"}.get(name),
        "is_order_line": False,
        "is_view": name == "screen_view",
        "is_conversion": name == "purchase",
        "identity_space": "events",
        "properties": dice.choice(['{"plan":"pro"}', None]),
    }
    if name == "add_to_cart" and dice.random() < 0.5:
        row["items"] = [{"product_id": f"p{dice.randrange(5)}", "product_category": dice.choice(["toys", None])}]
    if bought:
        value = amount(dice)
        row |= {"order_id": dice.choice([f"o{dice.randrange(99)}", None]), "value": value, "currency": "EUR"}
        row["refund_value"] = value if name == "refund" else None
    yield row


INVENTORS: Mapping[str, Callable[[Random, int], Iterator[SilverRow]]] = {
    "snowplow": invent_snowplow,
    "mobile": invent_mobile,
    "web": invent_web,
    "clickstream": invent_clickstream,
    "commerce": invent_commerce,
    "events": invent_events,
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
            at = moment(dice)
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
