"""The shop's orders, and the customers of all shops and what they are worth."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from figures.events import Event, Person, TableRows, World, completes_order
from figures.money import rounded
from figures.purchases import Purchase, purchases, refunds

ZERO = Decimal(0)


@dataclass(frozen=True)
class Order:
    """One order of the shop from its events, in order. `own`: those that are not only about a refund."""

    events: list[Event]

    @property
    def own(self) -> list[Event]:
        return [event for event in self.events if not event.only_refund]

    def last(self, attribute: str) -> str | None:
        """The latest value of a column that is not null."""
        values = (event.row[attribute] for event in reversed(self.events))
        return next((value for value in values if value is not None), None)

    @property
    def first_event(self) -> Event:
        return self.own[0]

    @property
    def id(self) -> str:
        return self.events[0].order or ""

    @property
    def latest(self) -> dict[str, object]:
        """The row of the latest event."""
        return dict(self.events[-1].row)

    @property
    def total(self) -> Decimal | None:
        return self.own[-1].row["order_total"]

    @property
    def completed(self) -> bool:
        decided = [completes for event in self.own if (completes := completes_order(event.row)) is not None]
        return bool(decided) and decided[-1]

    @property
    def customer(self) -> str | None:
        return self.last("user_id")


def orders(world: World) -> list[Order]:
    """All orders that are known by more than a refund, by the time of their first event."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in world.of_stream("commerce"):
        if event.orders:
            found[event.order or ""].append(event)
    known = [order for events in found.values() if (order := Order(events)).own]
    return sorted(known, key=lambda order: (order.first_event.at, order.id))


def fct_orders(world: World) -> TableRows:
    """(id, customer, country, session, channel, ordered at, date, last event, events, status, currency, total,
    completed, revenue, refunds, net, refunded, first order, days since the one before)."""
    found: TableRows = set()
    given_back: dict[str | None, Decimal] = defaultdict(Decimal)
    for refund in refunds(world):
        if refund.stream == "commerce" and refund.of_purchase:
            given_back[refund.order] += refund.value
    before: dict[str, Order] = {}
    buyers: set[str] = set()
    for order in orders(world):
        customer, first = order.customer, order.first_event
        previous = before.get(customer) if customer else None
        is_first = customer is not None and order.completed and customer not in buyers
        gap = (first.date - previous.first_event.date).days if previous else None
        revenue, back = order.total if order.completed else ZERO, given_back[order.id]
        found.add(
            (order.id, customer, order.last("country"), first.session, first.channel, first.at, first.date)
            + (
                order.events[-1].at,
                len(order.events),
                order.latest["order_status"],
                order.own[-1].row["currency"],
                order.total,
            )
            + (order.completed, revenue, back, revenue - back, 0 < back == revenue, is_first, gap)
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
            currency = order.own[-1].row["currency"]
            sums[currency] = sums.get(currency, ZERO) + order.total
    return dates


def fct_order_items(world: World) -> TableRows:
    """(order, line, product, currency, price, quantity, line total, revenue)."""
    found: TableRows = set()
    for order in orders(world):
        sales = [event for event in order.events if event.converts or not event.refunds]
        last = next((event for event in reversed(sales) if event.row["items"]), None)
        for line, item in enumerate(last.row["items"] if last else (), 1):
            total = item["unit_price"] * item["quantity"]
            found.add(
                (order.id, line, item["product_id"], last.row["currency"], item["unit_price"], item["quantity"], total)
                + (total if order.completed else ZERO,)
            )
    return found


def dim_customers(world: World) -> TableRows:
    """(space, customer, email, country, first seen, last seen, events, orders, completed, first order, last order)."""
    seen: dict[Person, list[Event]] = defaultdict(list)
    bought: dict[Person, list[dt.datetime]] = defaultdict(list)
    for event in world.events:
        if person := world.person(event):
            seen[person].append(event)
    for purchase in purchases(world):
        if purchase.person:
            bought[purchase.person].append(purchase.at)
    found: TableRows = set()
    still_open = [order for order in orders(world) if not order.completed]
    for (space, customer), events in seen.items():
        times = bought[space, customer]
        if space == "shop" or times:
            known, mine = Order(events), [o for o in still_open if space == "shop" and o.customer == customer]
            about = (known.last("customer_email"), known.last("country")) if space == "shop" else (None, None)
            found.add(
                (space, customer, *about, events[0].at, events[-1].at, len(events), len(mine) + len(times), len(times))
                + (min(times, default=None), max(times, default=None))
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
        if purchase.person and not purchase.is_refunded:
            groups[purchase.person, purchase.currency].append(purchase)
    bases: dict[tuple[str, str | None], list[Value]] = defaultdict(list)
    for (person, currency), mine in groups.items():
        at = sorted(purchase.at for purchase in mine)
        values = [purchase.net for purchase in mine if purchase.net is not None]
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
    """(space, customer, currency, R, F, M, first, last, the three scores, tier, orders in all, segment, active)."""
    values = customer_values(world, purchases(world))
    found: TableRows = set()
    for value in values:
        mine = [other for other in values if other.person == value.person]
        count = sum(len(other.at) for other in mine)
        active = min(other.recency for other in mine) <= 30
        found.add(
            (*value.person, value.currency, value.recency, len(value.at), value.monetary, value.at[0], value.at[-1])
            + (*value.scores, value.tier, count, segment(count), active)
        )
    return found
