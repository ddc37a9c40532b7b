"""Active users, retention and identities, counted day by day and person by person."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from figures.events import Event, Person, TableRows, World

DAY = dt.timedelta(days=1)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += DAY


def ratio(numerator: int | None, denominator: int | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


Slice = tuple[str, str, str]
"""An identity space, a device platform and an app; each may be `all`."""


def _slices(event: Event, space: str) -> Iterator[Slice]:
    """The slices of an event in one identity space or `all`: everybody, its platform, and its app if it names one."""
    yield space, "all", "all"
    yield space, event.device or "unknown", "all"
    if (app := event.row.get("app_id")) is not None:
        yield space, "all", app


def daily_active_users(world: World) -> TableRows:
    """(date, space, platform, app, dau, wau, mau, dau/mau, new, returning, resurrected, churned)."""
    active: dict[Slice, dict[dt.date, set[Person]]] = {("all", "all", "all"): defaultdict(set)}
    for event in world.events:
        if person := world.person(event):
            for slice in (*_slices(event, "all"), *_slices(event, event.space)):
                active.setdefault(slice, defaultdict(set))[event.date].add(person)
    found: TableRows = set()
    for slice, by_date in active.items():
        seen: set[Person] = set()
        for date in days(world.all_events[0].date, world.as_of):

            def active_in(days: int, last: dt.date = date, by_date: dict = by_date) -> set[Person]:
                """The people active in the `days` days that end on `last`."""
                return {person for ago in range(days) for person in by_date.get(last - ago * DAY, ())}

            today, month, month_before = active_in(1), active_in(28), active_in(28, date - DAY)
            new, known = today - seen, today & seen
            found.add(
                (date, *slice, len(today), len(active_in(7)), len(month), ratio(len(today), len(month)), len(new))
                + (len(known & month_before), len(known - month_before), len(month_before - month))
            )
            seen |= today
    return found


def _period_start(period: str, date: dt.date) -> dt.date:
    if period == "day":
        return date
    return date - date.weekday() * DAY if period == "week" else date.replace(day=1)


def _next_period(period: str, start: dt.date) -> dt.date:
    if period == "month":
        return (start.replace(day=28) + 4 * DAY).replace(day=1)
    return start + (7 if period == "week" else 1) * DAY


def retention_cohorts(world: World) -> TableRows:
    """(space, period, cohort, number, people, retained in that period, rate, retained in it or later, rate)."""
    active: dict[Person, set[dt.date]] = defaultdict(set)
    for event in world.events:
        if person := world.person(event):
            active[person].add(event.date)
    found: TableRows = set()
    for space in {"all", *(space for space, _ in active)}:
        everybody = [dates for person, dates in active.items() if space in ("all", person[0])]
        for period, periods in (("day", 30), ("week", 12), ("month", 12)):
            cohorts: dict[dt.date, list[set[dt.date]]] = defaultdict(list)
            for dates in everybody:
                cohorts[_period_start(period, min(dates))].append(dates)
            for cohort, people in cohorts.items():
                for number, retained in enumerate(_retained(period, periods, cohort, people, world.as_of)):
                    found.add((space, period, cohort, number, len(people), *retained))
    return found


def _retained(
    period: str, periods: int, start: dt.date, people: list[set[dt.date]], as_of: dt.date
) -> Iterator[tuple[int | None, float | None, int | None, float | None]]:
    """For each period after a cohort's own: retained in it, rate, retained in it or later, rate."""
    for _ in range(periods + 1):
        end = _next_period(period, start)
        bounded = unbounded = None
        if end <= as_of:
            bounded = sum(any(start <= date < end for date in dates) for dates in people)
            unbounded = sum(any(start <= date for date in dates) for dates in people)
        yield bounded, ratio(bounded, len(people)), unbounded, ratio(unbounded, len(people))
        start = end


def user_identities(world: World) -> TableRows:
    """(space, type, id, person, linked at, first seen, last seen, days, events)."""
    seen: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in world.events:
        if event.user is not None:
            seen[event.space, "user", event.user].append(event)
        if event.anonymous is not None:
            seen[event.space, "anonymous", event.anonymous].append(event)
    found: TableRows = set()
    for (space, kind, id), events in seen.items():
        user, linked = world.stands_for.get((space, id), (id, None)) if kind == "anonymous" else (id, None)
        dates = {event.date for event in events}
        found.add((space, kind, id, user, linked, events[0].at, events[-1].at, len(dates), len(events)))
    return found
