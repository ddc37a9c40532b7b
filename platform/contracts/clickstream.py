"""The clickstream: what visitors of the storefront view, search, put into their cart and buy."""

from __future__ import annotations

import pandera.polars as pa
import polars as pl

from contracts.amounts import money, pieces
from contracts.stream import Envelope, Instant, Money, Personal, Stream, column

CART = ("add_to_cart", "remove_from_cart", "purchase")


class ClickstreamEvent(Envelope):
    """One row per event of the storefront."""

    event_name: str = column(
        "event_type",
        nullable=False,
        isin=["page_view", *CART, "search"],
        description="page_view, purchase, search, ...",
    )
    event_at: Instant = column("timestamp", nullable=False, description="When it happened, UTC")
    user_id: str = column(
        "user_id", personal=Personal.HASH_EMAILS, nullable=False, description="The visitor, shared with the website"
    )
    session_id: str = column("session_id", nullable=False, description="The visit it belongs to")
    order_id: str = column("order_id", description="The order that a purchase is a line of")
    product_id: str = column("product_id", description="The product that it is about")
    category: str = column("category", description="The product's category")
    quantity: int = pieces("quantity", ge=1, description="Pieces put into the cart, taken out or bought")
    price: Money = money("price", ge=0, description="Price of one piece")
    amounts_rounded: bool = column(rounded=True, description="Whether the price was rounded to 6 decimals")
    currency: str = column(compute=pl.lit("USD"), description="ISO 4217 code of the price; the shop sells in one")
    search_query: str = column("search_query", free_text=True, description="What was searched for")

    @pa.dataframe_check(name="all but a search names its product and category")
    def products(cls, data: pa.PolarsData) -> pl.LazyFrame:
        named = pl.all_horizontal(pl.col("product_id", "category").is_not_null())
        return data.lazyframe.select((pl.col("event_name") == "search") | named)

    @pa.dataframe_check(name="a cart event or purchase has quantity and price")
    def amounts(cls, data: pa.PolarsData) -> pl.LazyFrame:
        priced = pl.all_horizontal(pl.col("quantity", "price").is_not_null())
        return data.lazyframe.select(~pl.col("event_name").is_in(CART) | priced)

    @pa.dataframe_check(name="only a search has a search query")
    def searches(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("event_name") == "search") | pl.col("search_query").is_null())


CLICKSTREAM = Stream(
    name="clickstream",
    version="2.1.1",
    owner="team:storefront",
    description="Views, searches, carts and purchases of the storefront",
    identity_space="site",
    model=ClickstreamEvent,
    nulls=("",),
)
