"""The shop's orders and customers, the purchases of every stream, and what customers are worth."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from figures.events import Event, Person, TableRows, World, completes_order, is_order_event
from figures.money import rounded

ZERO = Decimal(0)


@dataclass(frozen=True)
class Order:
    """One order of the shop from its events, in order."""

    events: list[Event]

    def last(self, attribute: str) -> str | None:
        """The latest value of a column that is not null."""
        values = (event.row[attribute] for event in reversed(self.events))
        return next((value for value in values if value is not None), None)

    @property
    def first_event(self) -> Event:
        return self.events[0]

    @property
    def id(self) -> str:
        return self.events[0].row["order_id"]

    @property
    def latest(self) -> dict[str, object]:
        """The row of the latest event."""
        return dict(self.events[-1].row)

    @property
    def total(self) -> Decimal | None:
        return self.events[-1].row["order_total"]

    @property
    def completed(self) -> bool:
        decided = [completes for event in self.events if (completes := completes_order(event.row)) is not None]
        return bool(decided) and decided[-1]

    @property
    def customer(self) -> str | None:
        return self.last("user_id")


def orders(world: World) -> list[Order]:
    """All orders, by the time of their first event."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in world.of_stream("commerce"):
        if is_order_event(event.row):
            found[event.order].append(event)
    return sorted((Order(events) for events in found.values()), key=lambda order: (order.first_event.at, order.id))


def fct_orders(world: World) -> TableRows:
    """(id, customer, country, session, channel, ordered at, date, last event, events, status, currency, total,
    completed, revenue, first order, days since the one before)."""
    found: TableRows = set()
    before: dict[str, Order] = {}
    buyers: set[str] = set()
    for order in orders(world):
        customer, first = order.customer, order.first_event
        previous = before.get(customer) if customer else None
        is_first = customer is not None and order.completed and customer not in buyers
        gap = (first.date - previous.first_event.date).days if previous else None
        found.add(
            (order.id, customer, order.last("country"), first.session, first.channel, first.at, first.date)
            + (
                order.events[-1].at,
                len(order.events),
                order.latest["order_status"],
                order.latest["currency"],
                order.total,
            )
            + (order.completed, order.total if order.completed else ZERO, is_first, gap)
        )
        if customer:
            before[customer] = order
            buyers |= {customer} if order.completed else set()
    return found


def revenue_by_date(world: World) -> dict[str, dict[str, Decimal]]:
    """The revenue of completed orders by date of their first event and currency."""
    dates: dict[str, dict[str, Decimal]] = {}
    for order in orders(world):
        if order.completed:
            sums = dates.setdefault(order.first_event.date.isoformat(), {})
            currency = order.latest["currency"]
            sums[currency] = sums.get(currency, ZERO) + order.total
    return dates


def fct_order_items(world: World) -> TableRows:
    """(order, line, product, currency, price, quantity, line total, revenue)."""
    found: TableRows = set()
    for order in orders(world):
        last = next((event for event in reversed(order.events) if event.row["items"]), None)
        for line, item in enumerate(last.row["items"] if last else (), 1):
            total = item["unit_price"] * item["quantity"]
            found.add(
                (order.id, line, item["product_id"], last.row["currency"], item["unit_price"], item["quantity"], total)
                + (total if order.completed else ZERO,)
            )
    return found


def dim_customers(world: World) -> TableRows:
    """(customer, email, country, first seen, last seen, events, orders, completed, first order, last order)."""
    seen: dict[str, list[Event]] = defaultdict(list)
    for event in world.of_stream("commerce"):
        if event.user is not None:
            seen[event.user].append(event)
    found: TableRows = set()
    everybody = orders(world)
    for customer, events in seen.items():
        known = Order(events)
        mine = [order for order in everybody if order.customer == customer]
        completed = [order.first_event.at for order in mine if order.completed]
        found.add(
            (customer, known.last("customer_email"), known.last("country"), events[0].at, events[-1].at, len(events))
            + (len(mine), len(completed), min(completed, default=None), max(completed, default=None))
        )
    return found


def customer_history(world: World) -> TableRows:
    """(customer, version, email, country, from, to)."""
    known: dict[str, dict[dt.datetime, tuple[str | None, str | None]]] = defaultdict(dict)
    for event in world.of_stream("commerce"):
        email, country = event.row["customer_email"], event.row["country"]
        if event.user is not None and (email is not None or country is not None):
            mine = known[event.user]
            before = mine[max(mine)] if mine else (None, None)
            mine[event.at] = (email or before[0], country or before[1])
    found: TableRows = set()
    for customer, states in known.items():
        changes = [(None, None), *sorted(states.items())]
        versions = [(at, state) for (_, old), (at, state) in pairwise(changes) if state != old]
        ends = [at for at, _ in versions[1:]] + [None]
        for version, ((start, (email, country)), end) in enumerate(zip(versions, ends, strict=True), 1):
            found.add((customer, version, email, country, start, end))
    return found


@dataclass(frozen=True)
class Purchase:
    """A completed order of any stream."""

    stream: str
    space: str
    id: str
    person: Person | None
    at: dt.datetime
    currency: str | None
    value: Decimal | None


def purchases(world: World) -> list[Purchase]:
    """The completed orders of the shop, and the conversions of all other streams."""
    found = [
        Purchase("commerce", "shop", f"o{o.id}", o.customer and ("shop", o.customer), o.first_event.at,
                 o.latest["currency"], o.total)
        for o in orders(world) if o.completed
    ]  # fmt: skip
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in world.events:
        if event.converts and event.stream != "commerce":
            groups[event.stream, event.conversion].append(event)
    for (stream, id), events in groups.items():
        person = next((who for event in reversed(events) if (who := world.person(event))), None)
        last = events[-1]
        found.append(Purchase(stream, last.space, id, person, events[0].at, last.currency, last.value))
    return found


@dataclass(frozen=True)
class Value:
    """The purchases of a person in one currency, and their scores among all people who bought in it.

    `at`: the times of the purchases. `scores`: of recency, frequency and monetary value.
    """

    person: Person
    currency: str | None
    at: list[dt.datetime]
    monetary: Decimal | None
    recency: int
    scores: tuple[int, int, int | None] = (0, 0, None)

    @property
    def tier(self) -> str | None:
        if self.monetary is None:
            return None
        recency = "High" if self.recency <= 30 else "Medium" if self.recency <= 90 else "Low"
        frequency = "High" if len(self.at) >= 10 else "Medium" if len(self.at) >= 5 else "Low"
        monetary = "High" if self.monetary >= 1000 else "Medium" if self.monetary >= 500 else "Low"
        return f"{recency}-{frequency}-{monetary}"


def _score(value: Decimal | int, everybody: Sequence[Decimal | int]) -> int:
    """The quintile of a value among everybody's, by the share of values that are not greater. 5 is the best."""
    as_good = 5 * sum(other <= value for other in everybody)
    return next(score for score in range(1, 6) if as_good <= score * len(everybody))


def customer_values(world: World, bought: Iterable[Purchase]) -> list[Value]:
    groups: dict[tuple[Person, str | None], list[Purchase]] = defaultdict(list)
    for purchase in bought:
        if purchase.person:
            groups[purchase.person, purchase.currency].append(purchase)
    bases: dict[tuple[str, str | None], list[Value]] = defaultdict(list)
    for (person, currency), mine in groups.items():
        at = sorted(purchase.at for purchase in mine)
        values = [purchase.value for purchase in mine if purchase.value is not None]
        recency = (world.as_of - at[-1].astimezone(dt.UTC).date()).days
        monetary = rounded(sum(values, ZERO), currency) if values else None
        bases[person[0], currency].append(Value(person, currency, at, monetary, recency))
    scored = []
    for base in bases.values():
        recencies, frequencies = [-v.recency for v in base], [len(v.at) for v in base]
        sums = [v.monetary for v in base if v.monetary is not None]
        for v in base:
            last = None if v.monetary is None else _score(v.monetary, sums)
            scores = _score(-v.recency, recencies), _score(len(v.at), frequencies), last
            scored.append(Value(v.person, v.currency, v.at, v.monetary, v.recency, scores))
    return scored


def segment(orders: int) -> str | None:
    return None if not orders else "VIP" if orders > 10 else "Loyal" if orders >= 5 else "New"


def analytics_customer_summary(world: World) -> TableRows:
    """(customer, currency, R, F, M, first, last, scores of the three, tier, orders in all, segment, active)."""
    shop = [purchase for purchase in purchases(world) if purchase.stream == "commerce"]
    values = customer_values(world, shop)
    found: TableRows = set()
    for value in values:
        mine = [other for other in values if other.person == value.person]
        count = sum(len(other.at) for other in mine)
        active = min(other.recency for other in mine) <= 30
        found.add(
            (value.person[1], value.currency, value.recency, len(value.at), value.monetary, value.at[0], value.at[-1])
            + (*value.scores, value.tier, count, segment(count), active)
        )
    return found
