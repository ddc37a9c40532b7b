"""Streams made of a mapping: they need no model of their own.

Belongs here: the columns that every mapped stream has, and what they are made of. Not here: what a mapping can say
(`mapping`), the mapping of one producer (its own file beside this one).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, get_type_hints

import pandera.polars as pa
import polars as pl

from contracts.amounts import MOST_MONEY, MOST_PIECES, each_in_range, money, pieces
from contracts.items import ITEM
from contracts.mapping import NOT_SENT, Constant, DateAndTime, EventMapping, Path, Source
from contracts.stream import Envelope, JsonLines, Money, Personal, Stream, column


class MappedEvent(Envelope):
    """One row per event of a mapped stream."""

    channel: str
    category: str
    action: str
    page_path: str
    product_id: str
    product_name: str
    price: Money
    quantity: int
    order_id: str
    is_order_line: bool
    value: Money
    currency: str
    items: Annotated[pl.List, ITEM]
    amounts_rounded: bool
    is_view: bool
    is_conversion: bool
    refund_value: Money
    properties: str
    identity_space: str


def mapped_stream(mapping: EventMapping, *, name: str, identity_space: str, **options: Any) -> Stream:
    """A stream of `MappedEvent` rows; `options` are the other fields of `Stream`."""
    columns = {**_who_and_when(mapping), **_what(mapping, identity_space), **_amounts(mapping)}
    framings = (mapping.csv, JsonLines()) if mapping.csv else (JsonLines(),)
    key = ("event_id",) if mapping.event_id else ()
    return Stream(
        name=name,
        identity_space=identity_space,
        model=_model(columns),
        **{"decoding": framings, "key": key, "nulls": ("",), **options},
    )


def _model(columns: Mapping[str, Any]) -> type[MappedEvent]:
    """A model with these columns. Its rules are its own: pandera forgets the name of a rule that two models inherit."""
    types = get_type_hints(MappedEvent, include_extras=True)

    class Rules(MappedEvent):
        @pa.check("items", name=f"quantity is from {-MOST_PIECES} to {MOST_PIECES}")
        def quantities(cls, data: pa.PolarsData) -> pl.LazyFrame:
            return each_in_range(data, "quantity", -MOST_PIECES, MOST_PIECES)

        @pa.check("items", name=f"unit price is from {-MOST_MONEY} to {MOST_MONEY}")
        def prices(cls, data: pa.PolarsData) -> pl.LazyFrame:
            return each_in_range(data, "unit_price", -MOST_MONEY, MOST_MONEY)

        @pa.dataframe_check(name="a value has a currency")
        def priced(cls, data: pa.PolarsData) -> pl.LazyFrame:
            return data.lazyframe.select(pl.col("value").is_null() | pl.col("currency").is_not_null())

    return type(MappedEvent.__name__, (Rules,), {"__annotations__": {name: types[name] for name in columns}, **columns})


def _text(source: Source, description: str, otherwise: pl.Expr | None = None, **options: Any) -> Any:
    """A column of text; what it is `otherwise` counts if the mapping has no source."""
    if isinstance(source, Constant):
        return column(compute=pl.lit(source.text), description=description, **options)
    return column(source, compute=None if source else otherwise, description=description, **options)


def _line(mapping: EventMapping) -> dict[str, pl.Expr]:
    """The fields of the item that a record is; none if it is no item."""
    if mapping.items is None or mapping.items.path is not None:
        return {}
    return {item.name: pl.col("items").list.first().struct.field(item.name) for item in ITEM.fields}


def _id(path: Path, description: str, **options: Any) -> Any:
    """A column of ids of people. One that is an email address is hashed."""
    return column(path, personal=Personal.HASH_EMAILS if path else None, description=description, **options)


def _name(mapping: EventMapping) -> pl.Expr:
    return pl.lit(mapping.event_name.text) if isinstance(mapping.event_name, Constant) else pl.col("event_name")


def _who_and_when(mapping: EventMapping) -> dict[str, Any]:
    """The envelope's columns."""
    person = pl.coalesce("anonymous_id", "user_id")
    session = pl.concat_str(person, pl.col("session_id"), separator="-") if mapping.session_of_person else None
    return {
        "event_id": column(mapping.event_id, description="The producer's id of the event"),
        "event_name": _text(mapping.event_name, "What happened", nullable=False),
        "event_at": _time(mapping),
        "user_id": _id(mapping.user_id, "The producer's id of the person"),
        "anonymous_id": _id(mapping.anonymous_id, "The producer's id of the device"),
        "session_id": _id(mapping.session_id, "The visit it belongs to", compute=session),
        "device_platform": _text(mapping.device_platform, "web, mobile, ..., as the producer calls it"),
    }


def _time(mapping: EventMapping) -> Any:
    at = mapping.event_at
    joined = isinstance(at, DateAndTime)
    path = (at.date, at.time) if isinstance(at, DateAndTime) else at
    return column(path, joined=joined, time=mapping.time, nullable=False, description="When it happened, UTC")


def _what(mapping: EventMapping, identity_space: str) -> dict[str, Any]:
    """What the event is about."""
    line = _line(mapping)
    bought = _name(mapping).is_in([*mapping.conversions, *mapping.refunds])
    return {
        "channel": _text(mapping.channel, "The marketing channel that brought the visit"),
        "category": _text(mapping.category, "The kind of thing that it is about", line.get("product_category")),
        "action": column(
            compute=_name(mapping).replace_strict(dict(mapping.actions), default=None, return_dtype=pl.String),
            description="What was done with products: product_view, add_to_cart, ...",
        ),
        "page_path": _text(mapping.page_path, "The page or screen"),
        "product_id": _text(mapping.product_id, "The product that it is about", line.get("product_id")),
        "product_name": _text(NOT_SENT, "Name of the product of an order's line", line.get("product_name")),
        "price": money((), compute=line.get("unit_price"), description="Price of one piece of an order's line"),
        "quantity": pieces((), compute=line.get("quantity"), description="Pieces of an order's line"),
        "order_id": column(mapping.order_id, description="The order that it is about"),
        "is_order_line": column(
            compute=bought if line else pl.lit(False),
            description="Whether it is one line of a purchase or of its refund, and the value only that line's",
        ),
        "is_view": column(
            compute=_name(mapping).is_in([*mapping.views]), description="Whether a page or screen was viewed"
        ),
        "properties": column(
            None if mapping.named_properties else mapping.properties,
            each=mapping.named_properties or None,
            json=True,
            description="Further fields that the mapping keeps, as JSON",
        ),
        "identity_space": column(
            compute=pl.lit(identity_space), description="Whose users these are: streams of one space share people"
        ),
    }


def _amounts(mapping: EventMapping) -> dict[str, Any]:
    """Values, and the items that they may come from. A conversion of less than nothing is a refund."""
    name = _name(mapping)
    total = _sum_of_items() if mapping.items and not mapping.value else None
    value = pl.col("value") if total is None else total
    less = pl.when(value < 0).then(-value)
    converts = name.is_in([*mapping.conversions])
    refund = pl.when(name.is_in([*mapping.refunds])).then(pl.coalesce(less, value)).when(converts).then(less)
    comma = mapping.decimal_comma
    parts = asdict(mapping.items) if mapping.items else {}
    path = parts.pop("path", None)
    return {
        "value": money(
            mapping.value,
            compute=total,
            decimal_comma=comma,
            description="What it adds to its order, gross",
        ),
        "currency": _text(mapping.currency, "ISO 4217 code of all amounts", str_matches=r"^[A-Z]{3}$"),
        "items": column(
            path, each=parts or None, decimal_comma=comma, description="The order's lines, in the order sent"
        ),
        "amounts_rounded": column(rounded=True, description="Whether an amount was rounded to 6 decimals"),
        "is_conversion": column(
            compute=converts & (value >= 0).fill_null(True),
            description="Whether it is a conversion, such as a purchase",
        ),
        "refund_value": money((), compute=refund, ge=0, description="What is given back, in `currency`"),
    }


def _sum_of_items() -> pl.Expr:
    """The sum of price times quantity; null without items, or if one of them has no price or quantity.

    Values that the rules refuse are left out before they can overflow; a sum beyond `MOST_MONEY` is refused as well.
    """
    price, quantity = (pl.element().struct.field(part) for part in ("unit_price", "quantity"))
    sound = price.is_between(-MOST_MONEY, MOST_MONEY) & quantity.is_between(-MOST_PIECES, MOST_PIECES)
    lines = pl.col("items").list.eval(pl.when(sound).then(price * quantity))
    whole = (lines.list.len() > 0) & ~lines.list.eval(pl.element().is_null()).list.any()
    return pl.when(whole).then(lines.list.sum().clip(-MOST_MONEY - 1, MOST_MONEY + 1))
