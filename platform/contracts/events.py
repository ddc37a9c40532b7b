"""The events stream: events of any producer, by the mapping in this file."""

from __future__ import annotations

from contracts.mapped_events import mapped_stream
from contracts.mapping import EventMapping, Items

EVENTS = mapped_stream(
    EventMapping(
        event_id="event_id",
        event_name="event",
        event_at="time",
        user_id="user_id",
        anonymous_id="device_id",
        session_id="session_id",
        device_platform="platform",
        channel="channel",
        category="category",
        page_path="page",
        product_id="product_id",
        order_id="order_id",
        value="value",
        currency="currency",
        items=Items(
            path="items",
            product_id="id",
            product_name="name",
            product_category="category",
            unit_price="price",
            quantity="quantity",
        ),
        properties="properties",
        views=("page_view", "screen_view"),
        conversions=("purchase",),
        refunds=("refund",),
        actions={
            "product_view": "product_view",
            "add_to_cart": "add_to_cart",
            "remove_from_cart": "remove_from_cart",
            "checkout_step": "checkout_step",
            "purchase": "transaction",
            "refund": "refund",
        },
    ),
    name="events",
    version="1.1.0",
    owner="team:data",
    description="Events of any producer",
    identity_space="events",
)
