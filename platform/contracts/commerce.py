"""The commerce stream: order and browsing events of an online shop."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from contracts.amounts import MOST_MONEY, MOST_PIECES, each_in_range, money
from contracts.items import ITEM
from contracts.stream import Envelope, Instant, Money, Personal, Stream, column


class CommerceEvent(Envelope):
    """One row per event of the shop."""

    event_id: str = column("event_id", nullable=False, description="The producer's id of the event")
    event_name: str = column("event_type", nullable=False, description="page_view, order_completed, ...")
    event_at: Instant = column("event_timestamp", nullable=False, description="When it happened, UTC")
    user_id: str = column("customer.customer_id", description="The customer's id, as text")
    session_id: str = column("session_id", description="The visit it belongs to")
    device_platform: str = column("session.device", description="mobile, desktop or tablet")
    channel: str = column("session.channel", description="The marketing channel that brought the visit")
    customer_email: str = column("customer.email", personal=Personal.HASH, description="Keyed hash of the email")
    country: str = column("customer.country", description="The customer's country")
    order_id: str = column("order.order_id", description="The order that the event is about")
    order_status: str = column("order.status", description="The order's state after the event")
    currency: str = column("order.currency", str_matches=r"^[A-Z]{3}$", description="ISO 4217 code of all amounts")
    order_total: Money = money("order.total_amount", ge=0, description="Gross total: items, tax and shipping")
    order_tax: Money = money("order.tax", ge=0, description="Tax within the total")
    order_shipping: Money = money("order.shipping", ge=0, description="Shipping within the total")
    items: Annotated[pl.List, ITEM] = column(
        "order.items",
        each={
            "product_id": "product.id",
            "product_name": "product.name",
            "product_category": "product.category",
            "unit_price": "product.price",
            "quantity": "quantity",
        },
        description="The order's lines, in the order sent",
    )
    amounts_rounded: bool = column(
        rounded=True, description="Whether an amount of the order or of its lines was rounded to 6 decimals"
    )

    @pa.check("items", name=f"quantity is from 1 to {MOST_PIECES}")
    def quantities(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return each_in_range(data, "quantity", 1, MOST_PIECES)

    @pa.check("items", name=f"unit price is from 0 to {MOST_MONEY}")
    def prices(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return each_in_range(data, "unit_price", 0, MOST_MONEY)

    @pa.dataframe_check(name="an order event names its order, currency and total")
    def orders(cls, data: pa.PolarsData) -> pl.LazyFrame:
        complete = pl.all_horizontal(pl.col("order_id", "currency", "order_total").is_not_null())
        return data.lazyframe.select(~pl.col("event_name").str.starts_with("order_") | complete)


COMMERCE = Stream(
    name="commerce",
    version="2.0.0",
    owner="team:commerce",
    description="Order and browsing events of an online shop",
    identity_space="shop",
    model=CommerceEvent,
    key=("event_id",),
    dropped={"customer.first_name": Personal.DROP, "customer.last_name": Personal.DROP},
)
