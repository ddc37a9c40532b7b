"""Extremes: events of every stream that hold the largest and the smallest values that its contract accepts, and the
sums that gold has to make of them.

The events lie on a date, and in currencies, of their own, so that no other event is in their sums.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from driving import jsonl
from figures.events import Row

from contracts.amounts import MOST_MONEY, MOST_PIECES
from events.enriched import FIELDS

DATE = dt.date(2026, 2, 20)
LEAST = "0.000001"
COUNT = 3  # events of each kind: the sums are larger than any value


def _at(minute: int, date: dt.date = DATE) -> str:
    return f"{date.isoformat()}T10:{minute:02d}:00+00:00"


def clickstream() -> list[Row]:
    """Purchases of one product: some at the maxima, one at the least price."""
    common = {"user_id": "extreme", "session_id": "s", "product_id": "most", "category": "extreme"}
    priced = [*[(str(MOST_MONEY), MOST_PIECES)] * COUNT, (LEAST, 1)]
    return [{**common, "timestamp": _at(1), "event_type": "page_view"}] + [
        {**common, "timestamp": _at(minute), "event_type": "purchase", "price": price, "quantity": quantity}
        for minute, (price, quantity) in enumerate(priced, 2)
    ]


def commerce() -> list[Row]:
    """Orders of one customer with several lines at the maxima."""
    product = {"id": "most", "name": "Most", "category": "extreme", "price": str(MOST_MONEY)}
    amounts = dict.fromkeys(("total_amount", "tax", "shipping"), str(MOST_MONEY))
    order = {**amounts, "currency": "ZWL", "items": [{"product": product, "quantity": MOST_PIECES}] * COUNT}
    sold = [
        {
            "event_id": f"extreme-{number}",
            "event_timestamp": _at(number),
            "event_type": "order_completed",
            "customer": {"customer_id": "extreme"},
            "order": {**order, "order_id": f"extreme-{number}"},
        }
        for number in range(COUNT)
    ]
    note = {"refunded_order_id": "unknown", "currency": "ZWL", "total_amount": f"-{MOST_MONEY}"}
    return [
        *sold,
        {"event_id": "note", "event_timestamp": _at(COUNT), "event_type": "credit_note", "order": note, "customer": {}},
    ]


def snowplow() -> bytes:
    """Visits by three channels of the storefront's buyers, and transactions with the largest and smallest totals."""
    common = {"user_id": "extreme", "event": "page_view", "event_name": "page_view"}
    visits = [
        {**common, "domain_sessionid": f"visit-{channel}", "mkt_medium": f"extreme-{channel}"} for channel in "abc"
    ]
    sold = {"event": "transaction", "event_name": "transaction", "domain_sessionid": "sale", "tr_currency": "ZWL"}
    names = ("tr_total", "tr_tax", "tr_shipping", "ti_price", "tr_total_base", "tr_tax_base", "tr_shipping_base")
    sales = [
        {**sold, "user_id": user, **dict.fromkeys(names, str(sign * MOST_MONEY)), "ti_quantity": sign * MOST_PIECES}
        for user, sign in (("most", 1), ("least", -1))
        for _ in range(COUNT)
    ]
    lines = []
    for number, values in enumerate([*visits, *sales]):
        at = _at(0).replace("T", " ").removesuffix("+00:00")
        known = {"event_id": f"extreme-{number}", "collector_tstamp": at, "derived_tstamp": at, **values}
        lines.append("\t".join(str(known.get(name, "")) for name in FIELDS))
    return "".join(f"{line}\n" for line in lines).encode()


def mobile() -> list[Row]:
    """Journeys at both ends of the coordinates."""
    common = {"INITIAL_EVENT": "LAUNCH_APP", "ORDER_TYPE": "PURCHASE", "STATUS": "COMPLETED", "CREATED_AT": _at(0)}
    return [
        {**common, "USER_ID": f"extreme {sign}", "CITY": "Pole", "LATITUDE": sign * 90, "LONGITUDE": sign * 180}
        for sign in (1, -1)
    ]


def web() -> list[Row]:
    """Web events carry no number."""
    return [{"user_id": "extreme", "event_type": "post", "entity_type": "extreme", "occurred_at": _at(0)}]


def events() -> list[Row]:
    """Purchases of one person at the maxima, with several items each."""
    item = {"id": "most", "price": str(MOST_MONEY), "quantity": MOST_PIECES}
    bought = {"event": "purchase", "user_id": "extreme", "currency": "ZWL", "value": str(MOST_MONEY)}
    return [
        {**bought, "event_id": f"extreme-{number}", "time": _at(number), "items": [item] * COUNT}
        for number in range(COUNT)
    ]


LANDED = {
    "clickstream": jsonl(clickstream()),
    "commerce": jsonl(commerce()),
    "snowplow": snowplow(),
    "mobile": json.dumps(mobile()).encode(),
    "web": json.dumps(web()).encode(),
    "events": jsonl(events()),
}

_LINE = Decimal(MOST_MONEY) * MOST_PIECES
_BOUGHT = COUNT * _LINE
# Queries of gold (its tables in braces) and their answers. Sums are rounded to the decimals of their currency, so the
# smallest price becomes 0.
SUMS: Mapping[str, list[tuple[object, ...]]] = {
    "SELECT units_sold, revenue FROM {hourly_revenue} WHERE event_date = DATE '2026-02-20'": [
        (COUNT * MOST_PIECES + 1, _BOUGHT)
    ],
    "SELECT units_sold, revenue FROM {top_products} WHERE category = 'extreme'": [(COUNT * MOST_PIECES + 1, _BOUGHT)],
    "SELECT sum(value), sum(linear_value), sum(last_touch_value), sum(position_based_value) FROM "
    "(SELECT max(value) AS value, sum(linear_value) AS linear_value, sum(last_touch_value) AS last_touch_value, "
    "sum(position_based_value) AS position_based_value FROM {attribution_credits} "
    "WHERE person_id = 'extreme' AND identity_space = 'site' GROUP BY purchase_id) AS purchases": [
        (_BOUGHT + Decimal(LEAST),) * 4
    ],
    "SELECT sum(linear_value), count(*) FROM {attribution} WHERE channel LIKE 'extreme-%'": [(_BOUGHT, 3)],
    "SELECT person_id, lifetime_value FROM {user_profiles} "
    "WHERE identity_space = 'site' AND person_id IN ('extreme', 'most', 'least') ORDER BY person_id": [
        ("extreme", _BOUGHT),
        ("least", Decimal(-COUNT * MOST_MONEY)),
        ("most", Decimal(COUNT * MOST_MONEY)),
    ],
    "SELECT lifetime_value FROM {user_profiles} WHERE identity_space = 'events' AND person_id = 'extreme'": [
        (Decimal(COUNT * MOST_MONEY),)
    ],
    "SELECT frequency, monetary FROM {analytics_customer_summary} "
    "WHERE customer_id = 'extreme' AND identity_space = 'shop'": [(COUNT, Decimal(COUNT * MOST_MONEY))],
    "SELECT sum(units), sum(revenue), sum(order_tax) FROM {analytics_orders} WHERE customer_id = 'extreme'": [
        (COUNT * COUNT * MOST_PIECES, Decimal(COUNT * MOST_MONEY), Decimal(COUNT * MOST_MONEY))
    ],
    "SELECT gross_revenue, refunds, net_revenue FROM {daily_revenue} "
    "WHERE revenue_date = DATE '2026-02-20' AND identity_space = 'shop' AND currency = 'ZWL'": [
        (Decimal(COUNT * MOST_MONEY), Decimal(MOST_MONEY), Decimal((COUNT - 1) * MOST_MONEY))
    ],
    "SELECT net_revenue FROM {daily_product_revenue} WHERE product_id = 'most' AND identity_space = 'shop'": [
        (COUNT * COUNT * _LINE,)
    ],
    "SELECT count(*), max(line_total), sum(revenue) FROM {fct_order_items} WHERE customer_id = 'extreme'": [
        (COUNT * COUNT, _LINE, COUNT * COUNT * _LINE)
    ],
    "SELECT count(*), max(latitude), min(longitude) FROM {users} WHERE user_id LIKE 'extreme%'": [(2, 90, -180)],
}


def land(folder: Path, hour: dt.datetime) -> None:
    """Put the events into an arrival hour of a landing zone."""
    for stream, content in LANDED.items():
        path = folder / stream / hour.strftime("%Y/%m/%d/%H") / "extremes.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
