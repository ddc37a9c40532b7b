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
    order_total: Money = money(
        "order.total_amount", description="Gross total: items, tax and shipping; of a refund, the amount refunded"
    )
    order_tax: Money = money("order.tax", description="Tax within the total")
    order_shipping: Money = money("order.shipping", description="Shipping within the total")
    refunded_order_id: str = column(
        "order.refunded_order_id", description="Only of a credit note: the order that it refunds"
    )
    refund_amount: Money = money("order.refund_amount", description="Amount that the event refunds of the order")
    items: Annotated[pl.List, ITEM] = column(
        "order.items",
        each={
            "product_id": "product.id",
            "product_name": "product.name",
            "product_category": "product.category",
            "unit_price": "product.price",
            "quantity": "quantity",
        },
        description="The order's lines, in the order sent; lines of a refund may have a negative quantity",
    )
    amounts_rounded: bool = column(
        rounded=True, description="Whether an amount of the order or of its lines was rounded to 6 decimals"
    )

    @pa.check("items", name=f"quantity is from {-MOST_PIECES} to {MOST_PIECES}, and not 0")
    def quantities(cls, data: pa.PolarsData) -> pl.LazyFrame:
        quantity = pl.element().struct.field("quantity")
        counted = quantity.is_between(-MOST_PIECES, MOST_PIECES) & (quantity != 0)
        return data.lazyframe.select(pl.col("items").list.eval(counted).list.all())

    @pa.check("items", name=f"unit price is from 0 to {MOST_MONEY}")
    def prices(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return each_in_range(data, "unit_price", 0, MOST_MONEY)

    @pa.dataframe_check(name="an order event names its order, currency and total, unless it is a refund")
    def orders(cls, data: pa.PolarsData) -> pl.LazyFrame:
        complete = pl.all_horizontal(pl.col("order_id", "currency", "order_total").is_not_null())
        refund = _refunds() & pl.coalesce("order_id", "refunded_order_id").is_not_null()
        return data.lazyframe.select(~pl.col("event_name").str.starts_with("order_") | complete | refund)

    @pa.dataframe_check(name="only a refund has an amount below 0")
    def refunds(cls, data: pa.PolarsData) -> pl.LazyFrame:
        amounts = pl.min_horizontal("order_total", "order_tax", "order_shipping")
        return data.lazyframe.select((amounts.fill_null(0) >= 0) | _refunds())


def _refunds() -> pl.Expr:
    """Whether an event says that it is a refund: in words, by the order that it refunds, or by a negative line."""
    words = pl.concat_str("event_name", "order_status", separator=" ", ignore_nulls=True).str.to_lowercase()
    negative = pl.col("items").list.eval(pl.element().struct.field("quantity") < 0).list.any().fill_null(False)
    named = pl.any_horizontal(pl.col("refunded_order_id", "refund_amount").is_not_null())
    return words.str.contains("refund|return|credit") | named | negative


COMMERCE = Stream(
    name="commerce",
    version="3.0.1",
    owner="team:commerce",
    description="Order and browsing events of an online shop",
    identity_space="shop",
    model=CommerceEvent,
    key=("event_id",),
    dropped={"customer.first_name": Personal.DROP, "customer.last_name": Personal.DROP},
)
