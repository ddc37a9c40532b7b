"""What Snowplow says of consent, of the speed of pages and of errors, by date."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from figures.events import Event, TableRows, World

THRESHOLDS = {
    "lcp": (2500, 4000),
    "fcp": (1800, 3000),
    "fid": (100, 300),
    "inp": (200, 500),
    "cls": (0.1, 0.25),
    "ttfb": (800, 1800),
}


def _by(world: World, key: Callable[[Event], tuple[Any, ...] | None]) -> dict[tuple[Any, ...], list[Event]]:
    """The events of snowplow by a key; those whose key is None are left out."""
    found: dict[tuple[Any, ...], list[Event]] = defaultdict(list)
    for event in world.of_stream("snowplow"):
        if (values := key(event)) is not None:
            found[values].append(event)
    return found


def _ids(events: list[Event]) -> int:
    return len({event.user or event.anonymous for event in events} - {None})


def consent_choices(world: World) -> TableRows:
    """(date, app, choice, version, choices, ids)."""

    def key(event: Event) -> tuple[Any, ...] | None:
        row = event.row
        return (
            (event.date, row["app_id"], row["consent_event"], row["consent_version"]) if row["consent_event"] else None
        )

    return {(*values, len(events), _ids(events)) for values, events in _by(world, key).items()}


def app_errors(world: World) -> TableRows:
    """(date, app, version, language, name, errors, fatal ones, ids)."""

    def key(event: Event) -> tuple[Any, ...] | None:
        row = event.row
        language, name = row["error_language"], row["error_exception"] or row["error_class"]
        return (
            (event.date, row["app_id"], row["app_version"], language, name or "unknown") if language or name else None
        )

    return {
        (*values, len(events), sum(bool(event.row["error_is_fatal"]) for event in events), _ids(events))
        for values, events in _by(world, key).items()
    }


def web_vitals(world: World) -> TableRows:
    """(date, app, host, path, vital, measurements, 75th percentile, its rating, good, in between, poor)."""
    found: TableRows = set()
    for vital, (good, poor) in THRESHOLDS.items():

        def key(event: Event, vital: str = vital) -> tuple[Any, ...] | None:
            row = event.row
            known = row[f"vitals_{vital}"] is not None
            return (event.date, row["app_id"], row["page_urlhost"], row["page_urlpath"], vital) if known else None

        for values, events in _by(world, key).items():
            measured = sorted(event.row[f"vitals_{vital}"] for event in events)
            place = 0.75 * (len(measured) - 1)
            low, high = measured[int(place)], measured[min(int(place) + 1, len(measured) - 1)]
            p75 = low + (high - low) * (place - int(place))
            rating = "good" if p75 <= good else "needs improvement" if p75 <= poor else "poor"
            counts = sum(value <= good for value in measured), sum(value > poor for value in measured)
            found.add((*values, len(measured), p75, rating, counts[0], len(measured) - sum(counts), counts[1]))
    return found
