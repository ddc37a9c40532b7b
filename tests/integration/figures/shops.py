"""What people do in shops before they buy, and who buys again: products, carts, cohorts of buyers, limits of scores."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from figures.engagement import ratio
from figures.events import Event, Person, TableRows, World
from figures.money import rounded
from figures.orders import customer_values
from figures.purchases import Purchase, nested, purchases

ACTIONS = (
    "product_view",
    "list_view",
    "list_click",
    "add_to_cart",
    "remove_from_cart",
    "checkout_step",
    "transaction",
    "refund",
)
COHORT_MONTHS = 12


def product_interactions(world: World) -> TableRows:
    """(date, stream, space, product, category, interactions, then by type, carts by views, purchases by carts)."""
    found: dict[tuple[Any, ...], Counter[str]] = defaultdict(Counter)
    for event in world.events:
        if event.action is None:
            continue
        products = [(item["product_id"], item.get("product_category")) for item in nested(event)]
        if not products and event.row.get("product_id") is not None:
            products = [(event.row["product_id"], event.row["category"])]
        for product, category in products:
            key = (event.date, event.stream, event.space, product or "unknown", category or "none")
            found[key][event.action] += 1
    return {
        (*key, counts.total(), *(counts[action] for action in ACTIONS))
        + (ratio(counts["add_to_cart"], counts["product_view"] + counts["list_view"]),)
        + (ratio(counts["transaction"], counts["add_to_cart"]),)
        for key, counts in found.items()
    }


def cart_abandonment(world: World) -> TableRows:
    """(date, stream, space, kind, sessions, purchased, abandoned, rate)."""
    visits: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in world.events:
        if event.session is not None:
            visits[event.stream, event.space, event.session].append(event)
    counts: dict[tuple[Any, ...], list[bool]] = defaultdict(list)
    for (stream, space, _), events in visits.items():
        bought = [event.at for event in events if event.converts or (event.orders and not event.refunds)]
        for kind, action in (("cart", "add_to_cart"), ("checkout", "checkout_step")):
            starts = [event for event in events if event.action == action]
            if starts:
                counts[starts[0].date, stream, space, kind].append(bool(bought) and bought[-1] >= starts[0].at)
    return {
        (*key, len(saved), sum(saved), len(saved) - sum(saved), ratio(len(saved) - sum(saved), len(saved)))
        for key, saved in counts.items()
    }


def _month(date: dt.date, later: int = 0) -> dt.date:
    """The first day of a date's month, or of a later month."""
    months = date.year * 12 + date.month - 1 + later
    return dt.date(months // 12, months % 12 + 1, 1)


def buyer_cohorts(world: World) -> TableRows:
    """(space, currency, month, number, customers, repeat customers, rate, days to the second, buyers, their share,
    purchases, net revenue, so far, for each customer)."""
    bought: dict[tuple[Person, str | None], list[Purchase]] = defaultdict(list)
    for purchase in sorted(purchases(world), key=lambda each: (each.at, each.stream, each.id)):
        if purchase.person and not purchase.is_refunded:
            bought[purchase.person, purchase.currency].append(purchase)
    cohorts: dict[tuple[Any, ...], list[list[Purchase]]] = defaultdict(list)
    for (person, currency), mine in bought.items():
        cohorts[person[0], currency, _month(mine[0].date)].append(mine)
    found: TableRows = set()
    for (space, currency, month), people in cohorts.items():
        gaps = [(mine[1].date - mine[0].date).days for mine in people if len(mine) > 1]
        about = (len(people), len(gaps), ratio(len(gaps), len(people)), ratio(sum(gaps), len(gaps)))
        so_far: Decimal | None = None
        for number in range(COHORT_MONTHS + 1):
            if _month(month, number) > world.as_of:
                break
            buys = [(n, p) for n, mine in enumerate(people) for p in mine if _month(p.date) == _month(month, number)]
            values = [p.net for _, p in buys if p.net is not None]
            if values:
                so_far = (so_far or Decimal(0)) + sum(values)
            known = sum(values) if values else Decimal(0) if not buys and so_far is not None else None
            buyers = len({n for n, _ in buys})
            figures = (buyers, ratio(buyers, len(people)), len(buys), known and rounded(known, currency)) + (
                (None, None) if so_far is None else (rounded(so_far, currency), float(so_far) / len(people))
            )
            over = _month(month, number + 1) <= world.as_of
            found.add((space, currency, month, number, *about, *(figures if over else (None,) * 6)))
    return found


def rfm_limits(world: World) -> TableRows:
    """(space, currency, measure, score, customers, lowest, highest)."""
    groups: dict[tuple[Any, ...], list[Decimal]] = defaultdict(list)
    for value in customer_values(world, purchases(world)):
        measures = {"recency": value.recency, "frequency": len(value.at), "monetary": value.monetary}
        for (measure, number), score in zip(measures.items(), value.scores, strict=True):
            if number is not None:
                groups[value.person[0], value.currency, measure, score].append(Decimal(number))
    return {(*key, len(numbers), min(numbers), max(numbers)) for key, numbers in groups.items()}
