"""The purchases of every stream with their lines, and what was refunded of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from figures.events import Event, Person, TableRows, World, completes_order
from figures.money import rounded

ZERO = Decimal(0)
Key = tuple[str, str]
"""A stream and the id of a purchase in it."""


@dataclass(frozen=True)
class Sale:
    """The events of one purchase, in order. It may be known only by a refund, or not be completed."""

    events: Sequence[Event]
    person: Person | None

    @property
    def own(self) -> list[Event]:
        """The events that describe the purchase."""
        return [event for event in self.events if (not event.only_refund if event.orders else event.converts)]

    @property
    def completed(self) -> bool:
        if not self.own or not self.own[0].orders:
            return bool(self.own)
        decided = [completes for event in self.own if (completes := completes_order(event.row)) is not None]
        return bool(decided) and decided[-1]

    @property
    def currency(self) -> str | None:
        return self.own[-1].currency if self.own else None

    @property
    def gross(self) -> Decimal | None:
        """The latest total, or the sum of the lines where each event is a line."""
        if self.own[-1].orders:
            total: Decimal | None = self.own[-1].row["order_total"]
            return total
        if not all(event.line for event in self.own):
            return self.own[-1].value
        return sum((event.value for event in self.own if event.value is not None), ZERO)


def sales(world: World) -> dict[Key, Sale]:
    groups: dict[Key, list[Event]] = defaultdict(list)
    for event in world.events:
        if event.orders or (event.stream != "commerce" and (event.converts or event.refunds)):
            groups[event.stream, event.conversion].append(event)
    found = {}
    for key, events in groups.items():
        people = (world.person(event) for event in reversed(events))
        found[key] = Sale(events, next((person for person in people if person), None))
    return found


@dataclass(frozen=True)
class Refund:
    """One refund that counts. `of_purchase`: it is subtracted from one; `whole`: it takes all of that at once."""

    stream: str
    space: str
    id: str
    purchase: str
    order: str | None
    person: Person | None
    at: dt.datetime
    currency: str | None
    value: Decimal
    of_purchase: bool
    whole: bool

    @property
    def date(self) -> dt.date:
        return self.at.astimezone(dt.UTC).date()


def refunds(world: World) -> list[Refund]:
    return [refund for key, sale in sales(world).items() for refund in _refunds_of(key[1], sale)]


def _refunds_of(purchase: str, sale: Sale) -> list[Refund]:
    gross = max((sale.gross or ZERO) if sale.completed else ZERO, ZERO)
    left, found = gross, []
    for event in sale.events:
        if not event.refunds:
            continue
        currency = (event.currency or sale.currency) if event.refunded is not None else sale.currency
        mine = bool(sale.own) and currency == sale.currency
        asked = gross if event.refunded is None else event.refunded
        taken = min(left, asked) if mine else asked
        left -= taken if mine else ZERO
        if taken > 0:
            found.append(
                Refund(event.stream, event.space, event.id, purchase, event.order, sale.person, event.at, currency,
                       taken, mine, mine and taken == gross)
            )  # fmt: skip
    return found


@dataclass(frozen=True)
class Purchase:
    """A completed order of any stream."""

    stream: str
    space: str
    id: str
    order: str | None
    person: Person | None
    at: dt.datetime
    currency: str | None
    gross: Decimal | None
    refunds: Decimal

    @property
    def date(self) -> dt.date:
        return self.at.astimezone(dt.UTC).date()

    @property
    def net(self) -> Decimal | None:
        return None if self.gross is None else self.gross - self.refunds

    @property
    def is_refunded(self) -> bool:
        return self.refunds > 0 and self.refunds == self.gross


def purchases(world: World) -> list[Purchase]:
    """The completed orders of the shop, and the conversions of all other streams."""
    back: dict[Key, Decimal] = defaultdict(Decimal)
    for refund in refunds(world):
        if refund.of_purchase:
            back[refund.stream, refund.purchase] += refund.value
    return [
        Purchase(stream, sale.own[0].space, id, sale.own[0].order, sale.person, sale.own[0].at, sale.currency,
                 sale.gross, back[stream, id])
        for (stream, id), sale in sales(world).items() if sale.completed
    ]  # fmt: skip


def fct_purchases(world: World) -> TableRows:
    """(stream, space, id, order, person, time, date, currency, gross, refunds, net, refunded)."""
    return {
        (p.stream, p.space, p.id, p.order, p.person and p.person[1], p.at, p.date, p.currency, p.gross, p.refunds,
         p.net, p.is_refunded)
        for p in purchases(world)
    }  # fmt: skip


def fct_refunds(world: World) -> TableRows:
    """(stream, space, id, purchase, order, person, time, date, currency, value, of a purchase, whole)."""
    return {
        (r.stream, r.space, r.id, r.purchase, r.order, r.person and r.person[1], r.at, r.date, r.currency, r.value,
         r.of_purchase, r.whole)
        for r in refunds(world)
    }  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of a purchase, or, with negative quantity and total, of a refund."""

    stream: str
    space: str
    purchase: str
    refund: str | None
    number: int
    person: Person | None
    at: dt.datetime
    currency: str | None
    product: str | None
    category: str | None
    price: Decimal | None
    quantity: int | None

    @property
    def total(self) -> Decimal | None:
        return None if self.price is None or self.quantity is None else self.price * self.quantity


def nested(event: Event) -> list[dict[str, Any]]:
    """The products nested in an event."""
    return list(event.row.get("items") or event.row.get("ecommerce_products") or ())


def _own_line(event: Event) -> dict[str, Any]:
    """The line that an event is."""
    row = event.row
    if event.stream == "snowplow":
        names = {
            "product_id": "ti_sku",
            "product_category": "ti_category",
            "unit_price": "ti_price",
            "quantity": "ti_quantity",
        }
    else:
        names = {
            "product_id": "product_id",
            "product_category": "category",
            "unit_price": "price",
            "quantity": "quantity",
        }
    return {name: row[path] for name, path in names.items()}


def lines(world: World) -> list[Line]:
    """The lines of purchases and of refunds."""
    sold = _sold(world)
    events = {(event.stream, event.date, event.id): event for event in world.events}
    found = [line for mine in sold.values() for line in mine]
    for back in refunds(world):
        named = [
            (item["product_id"], item.get("product_category"), item["unit_price"], item["quantity"])
            for item in nested(events[back.stream, back.date, back.id])
        ]
        totals = [abs(price * quantity) for *_, price, quantity in named if None not in (price, quantity)]
        if not totals or sum(totals) > back.value:
            mine = sold[back.stream, back.purchase] if back.whole else []
            named = [(line.product, line.category, line.price, line.quantity) for line in mine]
        for number, (product, category, price, quantity) in enumerate(named, 1):
            of_refund = (back.id, number, back.person, back.at, back.currency, product, category, price)
            found.append(
                Line(back.stream, back.space, back.purchase, *of_refund, None if quantity is None else -abs(quantity))
            )
    return found


def _sold(world: World) -> dict[Key, list[Line]]:
    """The lines of each purchase: the nested ones of the latest event with some, else the events that are lines."""
    sold: dict[Key, list[Event]] = defaultdict(list)
    for event in world.events:
        if (event.converts or event.orders or event.line) and (event.converts or not event.refunds):
            sold[event.stream, event.conversion].append(event)
    found: dict[Key, list[Line]] = {}
    for p in purchases(world):
        events = sold[p.stream, p.id]
        whole = next((event for event in reversed(events) if nested(event)), None)
        single = [(_own_line(event), event) for event in events if event.line]
        items = [(item, whole) for item in nested(whole)] if whole else single
        found[p.stream, p.id] = [
            Line(p.stream, p.space, p.id, None, number, p.person, p.at, event.currency or p.currency,
                 item["product_id"], item.get("product_category"), item["unit_price"], item["quantity"])
            for number, (item, event) in enumerate(items, 1)
        ]  # fmt: skip
    return found


def fct_purchase_items(world: World) -> list[tuple[object, ...]]:
    """(stream, space, purchase, refund, number, person, time, product, category, currency, price, quantity, total)."""
    return [
        (x.stream, x.space, x.purchase, x.refund, x.number, x.person and x.person[1], x.at, x.product, x.category,
         x.currency, x.price, x.quantity, x.total)
        for x in lines(world)
    ]  # fmt: skip


def daily_revenue(world: World) -> TableRows:
    """(date, stream, space, currency, purchases, number of refunds, gross, refunds, net)."""
    bought: dict[tuple[Any, ...], list[Purchase]] = defaultdict(list)
    back: dict[tuple[Any, ...], list[Refund]] = defaultdict(list)
    for purchase in purchases(world):
        bought[purchase.date, purchase.stream, purchase.space, purchase.currency].append(purchase)
    for refund in refunds(world):
        back[refund.date, refund.stream, refund.space, refund.currency].append(refund)
    found: TableRows = set()
    for key in bought.keys() | back.keys():
        values = [purchase.gross for purchase in bought[key] if purchase.gross is not None]
        gross = sum(values, ZERO) if values or back[key] else None
        given = sum((refund.value for refund in back[key]), ZERO)
        sums = (gross, given, None if gross is None else gross - given)
        found.add((*key, len(bought[key]), len(back[key]), *(x if x is None else rounded(x, key[3]) for x in sums)))
    return found


def daily_product_revenue(world: World) -> TableRows:
    """(date, stream, space, product, currency, units sold and refunded, gross, refunds, net)."""
    groups: dict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for x in lines(world):
        date = x.at.astimezone(dt.UTC).date()
        groups[date, x.stream, x.space, "unknown" if x.product is None else x.product, x.currency].append(x)
    found: TableRows = set()
    for key, mine in groups.items():
        units = [sum(abs(x.quantity or 0) for x in mine if bool(x.refund) == back) for back in (False, True)]
        gross, given = (sum((abs(x.total or ZERO) for x in mine if bool(x.refund) == b), ZERO) for b in (False, True))
        found.add((*key, *units, *(rounded(amount, key[4]) for amount in (gross, given, gross - given))))
    return found
