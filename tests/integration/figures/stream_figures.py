"""Events, and figures of one stream each: clickstream, mobile and web."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal

from figures.engagement import ratio
from figures.events import Event, TableRows, World
from figures.money import rounded

HOUR, WEEK = dt.timedelta(hours=1), dt.timedelta(days=7)


def fct_events(world: World) -> TableRows:
    """(stream, space, id, name, time, date, sequence, ids, what all have, product, entity, country, city, bot)."""
    return {
        (e.stream, e.space, e.id, e.name, e.at, e.date, e.sequence, e.user, e.anonymous, e.session, e.device, e.channel,
         e.category, e.view, e.converts, e.value, e.currency, e.order,
         e.row["ti_sku"] if e.line and "ti_sku" in e.row else e.row.get("product_id"), e.row.get("entity_id"),
         e.row.get("geo_country", e.row.get("country")), e.row.get("geo_city", e.row.get("city")), e.bot)
        for e in world.all_events
    }  # fmt: skip


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)


def _products(events: list[Event]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if event.row["product_id"] is not None:
            counts[event.row["product_id"]][event.name] += 1
    return counts


def conversion_funnel(world: World) -> TableRows:
    """(product, category, views, carts, purchases, three ratios)."""
    found: TableRows = set()
    by_category: dict[str | None, list[Event]] = defaultdict(list)
    for event in world.of_stream("clickstream"):
        by_category[event.category].append(event)
    for category, events in by_category.items():
        for product, counts in _products(events).items():
            views, carts, bought = (counts[name] for name in ("page_view", "add_to_cart", "purchase"))
            ratios = ratio(carts, views), ratio(bought, carts), ratio(bought, views)
            found.add((product, category, views, carts, bought, *ratios))
    return found


def hourly_revenue(world: World) -> TableRows:
    """(hour, date, currency, transactions, units, revenue)."""
    hours: dict[tuple[dt.datetime, str | None], list[Event]] = defaultdict(list)
    for event in world.of_stream("clickstream"):
        if event.name == "purchase":
            hours[_hour(event.at), event.currency].append(event)
    return {
        (hour, hour.date(), currency, len({e.conversion for e in events}), sum(e.row["quantity"] for e in events),
         rounded(sum((e.row["price"] * e.row["quantity"] for e in events), Decimal(0)), currency))
        for (hour, currency), events in hours.items()
    }  # fmt: skip


def top_products(world: World) -> TableRows:
    """(category, place, product, views, carts, purchases, units, revenue)."""
    groups: dict[str, list[Event]] = defaultdict(list)
    for event in world.of_stream("clickstream"):
        groups["all"].append(event)
        if event.category is not None:
            groups[event.category].append(event)
    found: TableRows = set()
    for category, events in groups.items():
        ranked = sorted(_products(events).items(), key=lambda item: (-item[1]["page_view"], item[0]))
        for place, (product, counts) in enumerate(ranked[:10], 1):
            sold = [e for e in events if e.name == "purchase" and e.row["product_id"] == product]
            units, revenue = sum(e.row["quantity"] for e in sold), sum((e.value for e in sold), Decimal(0))
            counted = (counts[name] for name in ("page_view", "add_to_cart", "purchase"))
            found.add((category, place, product, *counted, units, rounded(revenue, "USD")))
    return found


def category_performance(world: World) -> TableRows:
    """(date, category, events, views, searches, carts, removals, purchases)."""
    days: dict[tuple[dt.date, str], Counter[str]] = defaultdict(Counter)
    for event in world.of_stream("clickstream"):
        days[event.date, event.category or "none"][event.name] += 1
    names = ("page_view", "search", "add_to_cart", "remove_from_cart", "purchase")
    return {(*key, counts.total(), *(counts[name] for name in names)) for key, counts in days.items()}


def user_activity(world: World) -> TableRows:
    """(date, users, sessions, events)."""
    days: dict[dt.date, list[Event]] = defaultdict(list)
    for event in world.of_stream("clickstream"):
        days[event.date].append(event)
    return {
        (date, len({e.user for e in events}), len({(e.user, e.session) for e in events}), len(events))
        for date, events in days.items()
    }


def _naive(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(tzinfo=None)


def mobile_users(world: World) -> TableRows:
    """(user, system, city, latitude, longitude)."""
    journeys: dict[str, dict[str, Event]] = defaultdict(dict)
    for event in sorted(world.of_stream("mobile"), key=lambda event: (event.at, event.id)):
        journeys[event.user or ""][event.id.split("-")[0]] = event
    found: TableRows = set()
    for user, mine in journeys.items():
        latest = [event.row for event in reversed(mine.values())]
        system = next((row["os_user"] for row in latest if row["os_user"] is not None), None)
        places = ((row["city"], row["latitude"], row["longitude"]) for row in latest)
        place = next((place for place in places if any(part is not None for part in place)), (None, None, None))
        found.add((user, system, *place))
    return found


def mobile_events(world: World) -> TableRows:
    """(id, user, name, time)."""
    return {(event.id, event.user, event.name, _naive(event.at)) for event in world.of_stream("mobile")}


def mobile_orders(world: World) -> TableRows:
    """(id, user, type, status, payment, time)."""
    return {
        (event.order, event.user, event.row["order_type"].upper(), event.row["status"].upper())
        + (event.row["payment_method"], _naive(event.at))
        for event in world.of_stream("mobile")
        if event.order is not None
    }


def purchase_counts(world: World) -> TableRows:
    """(user, hour, date, in the hour, on the date, in the last sixty minutes)."""
    bought: dict[str | None, list[dt.datetime]] = defaultdict(list)
    for _, user, _, status, _, at in mobile_orders(world):
        if status == "COMPLETED":
            bought[user].append(at)
    found: TableRows = set()
    for user, times in bought.items():
        for hour in {at.replace(minute=0, second=0, microsecond=0) for at in times}:
            inside = [at for at in times if hour <= at < hour + HOUR]
            day = hour.replace(hour=0)
            today = sum(day <= at < day + 24 * HOUR for at in times)
            recent = sum(max(inside) - HOUR < at <= max(inside) for at in times)
            found.add((user, hour, day, len(inside), today, recent))
    return found


def web_events(world: World) -> list[tuple[object, ...]]:
    """(user, type, description, entity type, entity, session, device, time, name); rows may be equal."""
    return [
        (e.user, e.name, e.row["description"], e.category, e.row["entity_id"], e.session, e.row["device"])
        + (_naive(e.at), e.row["username"])
        for e in world.of_stream("web")
    ]


def content_preferences(world: World) -> TableRows:
    """(type, entity, interactions, users, sessions, share, recent, previous, trend)."""
    typed = [event for event in world.of_stream("web") if event.category is not None]
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in typed:
        groups[event.category or "", "all"].append(event)
        if event.row["entity_id"] is not None:
            groups[event.category or "", event.row["entity_id"]].append(event)
    found: TableRows = set()
    for (kind, entity), mine in groups.items():
        whole = typed if entity == "all" else groups[kind, "all"]
        recent = sum(world.as_of - WEEK < e.date for e in mine)
        previous = sum(world.as_of - 2 * WEEK < e.date <= world.as_of - WEEK for e in mine)
        sessions = {(e.user, e.session) for e in mine if e.session is not None}
        found.add(
            (kind, entity, len(mine), len({e.user for e in mine}), len(sessions), ratio(len(mine), len(whole)))
            + (recent, previous, ratio(recent - previous, previous))
        )
    return found


def member_preferences(world: World) -> TableRows:
    """(user, type, interactions, share, place)."""
    counts: dict[str | None, Counter[str]] = defaultdict(Counter)
    for event in world.of_stream("web"):
        if event.category is not None:
            counts[event.user][event.category] += 1
    return {
        (user, kind, count, ratio(count, mine.total()), place)
        for user, mine in counts.items()
        for place, (kind, count) in enumerate(sorted(mine.items(), key=lambda item: (-item[1], item[0])), 1)
    }
