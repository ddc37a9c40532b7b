"""Profiles of people, and the channels that purchases are attributed to."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction
from math import floor
from operator import itemgetter
from typing import Any

from figures.channels import channel_group
from figures.costs import costs
from figures.engagement import ratio
from figures.events import Event, Person, TableRows, World
from figures.money import finest_decimals, rounded
from figures.orders import Value, customer_values, segment
from figures.purchases import Purchase, purchases
from figures.sessions import Session, details, group_of, sessions, sessions_with_views
from figures.views import View

MODELS = ("first", "last", "linear", "position")


def _favourite(counts: Counter[str]) -> str | None:
    """The most frequent name; ties go to the first by name."""
    return min(counts, key=lambda name: (-counts[name], name), default=None)


def _first_and_last(visits: list[tuple[Session, list[View]]]) -> tuple[object, ...]:
    """The first and the last known channel, channel group, country, device and landing page."""
    said: list[list[tuple[dt.datetime, str | None]]] = [[] for _ in range(5)]
    for session, views in visits:
        country, device, page = itemgetter(14, 17, 2)(details(session, views))
        values = session.first("channel"), group_of(session, views), country, device, page
        for known, value in zip(said, values, strict=True):
            if value is not None:
                known.append((session.started, value))
    return tuple(end(known)[1] if known else None for known in said for end in (min, max))


def user_profiles(world: World) -> TableRows:
    """(space, person, first seen, last seen, days, events, views, sessions, conversions, favourite platform, channel
    and category, orders, first and last order, segment, active, currency, lifetime value, scores, tier, and what the
    first and last session say)."""
    seen: dict[Person, list[Event]] = defaultdict(list)
    visits: dict[Person, list[tuple[Session, list[View]]]] = defaultdict(list)
    worth: dict[Person, list[Value]] = defaultdict(list)
    for event in world.events:
        if person := world.person(event):
            seen[person].append(event)
    for session, views in sessions_with_views(world):
        if session.person and not session.bot:
            visits[session.person].append((session, views))
    for value in customer_values(world, purchases(world)):
        worth[value.person].append(value)
    found: TableRows = set()
    for person, events in seen.items():
        mine, values = [session for session, _ in visits[person]], worth[person]
        orders = sorted(at for value in values for at in value.at)
        main = min(
            values, key=lambda v: (-len(v.at), -(v.monetary or 0), v.currency is None, v.currency or ""), default=None
        )
        found.add(
            (*person, events[0].at, events[-1].at, len({e.date for e in events}), len(events))
            + (sum(e.view for e in events), len(mine), sum(session.conversions for session in mine))
            + (_favourite(Counter(e.device for e in events if e.device)),)
            + (_favourite(Counter(channel for session in mine if (channel := session.first("channel")))),)
            + (_favourite(Counter(e.category for e in events if e.category)),)
            + (len(orders), *((orders[0], orders[-1]) if orders else (None, None)), segment(len(orders)))
            + (any(value.recency <= 30 for value in values),)
            + ((main.currency, main.monetary, *main.scores, main.tier) if main else (None,) * 6)
            + _first_and_last(visits[person])
        )
    return found


def _shares(touches: list[str]) -> dict[str, dict[str, Fraction]]:
    """By model and channel, the share of a purchase. `touches`: the channels in order."""
    n = len(touches)
    found = {model: dict.fromkeys(touches, Fraction(0)) for model in MODELS}
    for place, channel in enumerate(touches):
        first, last = place == 0, place == n - 1
        found["first"][channel] += first
        found["last"][channel] += last
        found["linear"][channel] += Fraction(1, n)
        if n <= 2:
            found["position"][channel] += Fraction(1, n)
        else:
            found["position"][channel] += Fraction(2, 5) if first or last else Fraction(1, 5 * (n - 2))
    return found


def _credits(whole: int, shares: dict[str, Fraction]) -> dict[str, int]:
    """Divide whole units among channels, by name. Running totals are rounded down, so that the sum is exact."""
    found, running, given = {}, Fraction(0), 0
    for channel in sorted(shares):
        running += shares[channel]
        found[channel] = floor(whole * running) - given
        given += found[channel]
    return found


def _touches(purchase: Purchase, visits: dict[Person, list[Session]]) -> list[str]:
    """The channels of the person's sessions in the 30 days before the purchase."""
    earliest = purchase.at - dt.timedelta(days=30)
    mine = visits.get(purchase.person, ()) if purchase.person else ()
    near = [session for session in mine if earliest <= session.started <= purchase.at]
    channels = sorted((session.started, channel) for session in near if (channel := session.first("channel")))
    return [channel for _, channel in channels] or ["untouched"]


def attribution_credits(world: World) -> TableRows:
    """(stream, purchase, channel, touchpoints, then weight and value by each model)."""
    visits: dict[Person, list[Session]] = defaultdict(list)
    for session in sessions(world):
        if session.person and not session.bot:
            visits[session.person].append(session)
    found: TableRows = set()
    for purchase in purchases(world):
        if purchase.is_refunded:
            continue
        touches = _touches(purchase, visits)
        value, places = purchase.net, finest_decimals(purchase.net or Decimal(0), purchase.currency)
        whole = None if value is None else int(value.scaleb(places))
        for channel in set(touches):
            figures: list[object] = [touches.count(channel) if channel != "untouched" else 0]
            for shares in _shares(touches).values():
                figures.append(Decimal(_credits(1_000_000, shares)[channel]).scaleb(-6))
                figures.append(None if whole is None else Decimal(_credits(whole, shares)[channel]).scaleb(-places))
            found.add((purchase.stream, purchase.id, channel, *figures))
    return found


def attribution(world: World) -> TableRows:
    """(date, channel, currency, channel group, touchpoints, purchases, cost, then by each model purchases, value, cost
    of a purchase, return on the cost)."""
    bought = {(purchase.stream, purchase.id): purchase for purchase in purchases(world)}
    rows: dict[tuple[dt.date, object, str | None], list[tuple[Any, ...]]] = defaultdict(list)
    for stream, id, channel, *figures in attribution_credits(world):
        purchase = bought[stream, id]
        rows[purchase.at.astimezone(dt.UTC).date(), channel, purchase.currency].append(tuple(figures))
    spent = {
        (date, channel, currency): cost
        for (date, channel), sums in costs(world).items()
        for currency, cost in sums.items()
    }
    found: TableRows = set()
    for key in {*rows, *spent}:
        group, cost = rows.get(key, []), spent.get(key)
        columns = list(zip(*group, strict=True)) or [(0,)] * (1 + 2 * len(MODELS))
        known = [[value for value in column if value is not None] for column in columns]
        touchpoints, *sums = [sum(column) if column else None for column in known]
        figures: list[object] = []
        for bought_by, value in zip(sums[::2], sums[1::2], strict=True):
            shown = None if value is None else rounded(Decimal(value), key[2])
            figures += [bought_by, shown, _quotient(cost, bought_by), _quotient(shown, cost)]
        channel = str(key[1])
        kind = channel if channel == "untouched" else channel_group(channel, channel, None)
        found.add((*key, kind, touchpoints, len(group), cost, *figures))
    return found


def _quotient(numerator: Decimal | None, denominator: Decimal | None) -> float | None:
    return ratio(*(None if number is None else float(number) for number in (numerator, denominator)))
