"""Two visits to a shop with Snowplow's e-commerce plug-in, as enriched events whose figures can be counted by hand.

In the first visit one of two products that were put into the cart is bought, and half of that is refunded on the next
day. In the second visit a cart is left behind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from events.enriched import FIELDS

IGLU, SHOP = "iglu:com.snowplowanalytics.snowplow", "iglu:com.snowplowanalytics.snowplow.ecommerce"
Entity = dict[str, object]


def product(number: int, quantity: int = 1) -> Entity:
    about = {"id": f"p{number}", "name": f"Lamp {number}", "category": "lamps", "currency": "EUR"}
    return _described("product", {**about, "price": 10 * number, "quantity": quantity})


def _described(name: str, data: Entity) -> Entity:
    return {"schema": f"{SHOP}/{name}/jsonschema/1-0-0", "data": data}


SOLD = _described("transaction", {"transaction_id": "t1", "revenue": 22.5, "tax": 2.5, "currency": "EUR"})
BACK = _described("refund", {"transaction_id": "t1", "refund_amount": 11.25, "currency": "EUR"})
ACTIONS: list[tuple[str, str, str, list[Entity]]] = [
    ("visit 1", "2006-12-30 23:00:00", "list_view", [product(1), product(2), product(3)]),
    ("visit 1", "2006-12-30 23:01:00", "list_click", [product(1)]),
    ("visit 1", "2006-12-30 23:02:00", "product_view", [product(1)]),
    ("visit 1", "2006-12-30 23:03:00", "add_to_cart", [product(1, 2)]),
    ("visit 1", "2006-12-30 23:04:00", "add_to_cart", [product(2)]),
    ("visit 1", "2006-12-30 23:05:00", "remove_from_cart", [product(2)]),
    ("visit 1", "2006-12-30 23:06:00", "checkout_step", [_described("checkout_step", {"step": 1})]),
    ("visit 1", "2006-12-30 23:59:00", "transaction", [SOLD, product(1, 2)]),
    ("visit 2", "2006-12-31 10:00:00", "product_view", [product(3)]),
    ("visit 2", "2006-12-31 10:01:00", "add_to_cart", [product(3)]),
    ("", "2006-12-31 12:00:00", "refund", [BACK, product(1)]),
]
"""Session, time, type of the action, and its entities."""


def enriched() -> bytes:
    """The actions as lines of enriched events."""
    return "".join(f"{line}\n" for line in _lines()).encode()


def _lines() -> Iterator[str]:
    for number, (session, at, action, entities) in enumerate(ACTIONS):
        event = {"schema": f"{SHOP}/snowplow_ecommerce_action/jsonschema/1-0-1", "data": {"type": action}}
        values = {
            "event": "unstruct",
            "event_name": "snowplow_ecommerce_action",
            "event_id": f"shop-{number}",
            "collector_tstamp": at,
            "derived_tstamp": at,
            "domain_userid": "buyer" if session == "visit 1" else "",
            "domain_sessionid": session,
            "unstruct_event": json.dumps({"schema": f"{IGLU}/unstruct_event/jsonschema/1-0-0", "data": event}),
            "contexts": json.dumps({"schema": f"{IGLU}/contexts/jsonschema/1-0-1", "data": entities}),
        }
        yield "\t".join(values.get(name, "") for name in FIELDS)
