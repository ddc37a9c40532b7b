"""Funnels, by trying every chain of events. That is slow, but tests have few events."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from figures.engagement import ratio
from figures.events import Event, Person, TableRows, World

SEED = Path(__file__).resolve().parents[3] / "dbt" / "seeds" / "funnels.csv"
WINDOW = dt.timedelta(days=14)


def seeded_funnels() -> dict[tuple[str, str], list[str]]:
    """The steps' event names of every funnel, by its name and stream."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    with SEED.open(newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: int(row["step"])):
            found[row["funnel"], row["stream"]].append(row["event_name"])
    return found


def _reached(start: Event, events: Sequence[Event], steps: Sequence[str]) -> list[Event]:
    """For each step that can be reached from a start within the window, the earliest event that reaches it.

    The search is depth first, and a chain uses each event once.
    """
    best: dict[int, Event] = {}

    def follow(chain: list[Event]) -> None:
        step = len(chain)
        if step - 1 not in best or chain[-1].moment < best[step - 1].moment:
            best[step - 1] = chain[-1]
        if step < len(steps):
            candidates = (
                e for e in events if e.name == steps[step] and e.moment >= chain[-1].moment and e not in chain
            )
            # Whatever can follow a later event of the same name can also follow the earliest one that is left.
            earliest: dt.datetime | None = None
            for event in candidates:
                if event.at - start.at > WINDOW or (earliest is not None and event.at > earliest):
                    break
                earliest = event.at
                follow([*chain, event])

    follow([start])
    return [best[number] for number in range(len(best))]


def _events_by_person(world: World, stream: str) -> dict[Person, list[Event]]:
    found: dict[Person, list[Event]] = defaultdict(list)
    for event in world.of_stream(stream):
        if person := world.person(event):
            found[person].append(event)
    return found


def _chains(world: World) -> Iterator[tuple[str, Person, Event, list[Event]]]:
    """Every start of a funnel: the funnel, the person, the first event, and the events that reach its steps."""
    for (funnel, stream), steps in seeded_funnels().items():
        for person, events in _events_by_person(world, stream).items():
            relevant = [event for event in events if event.name in steps]
            for start in (event for event in relevant if event.name == steps[0]):
                yield funnel, person, start, _reached(start, relevant, steps)


def funnel_steps(world: World) -> TableRows:
    """(funnel, stream, step, event name, people, drop-off, step rate, overall rate)."""
    reached: dict[str, dict[Person, int]] = defaultdict(dict)
    for funnel, person, _, chain in _chains(world):
        reached[funnel][person] = max(reached[funnel].get(person, 0), len(chain))
    found: TableRows = set()
    for (funnel, stream), steps in seeded_funnels().items():
        users = [sum(depth >= step for depth in reached[funnel].values()) for step in range(1, len(steps) + 1)]
        for number, name in enumerate(steps):
            before = users[max(number - 1, 0)]
            rates = ratio(users[number], before), ratio(users[number], users[0])
            found.add((funnel, stream, number + 1, name, users[number], before - users[number], *rates))
    return found


def conversion_insights(world: World) -> TableRows:
    """(funnel, date, window over, dimension, value, step, people, drop-off, step rate, overall rate, seconds).

    For each person only the quickest way to each step counts.
    """
    quickest: dict[tuple[str, dt.date, str, str], dict[Person, list[int]]] = defaultdict(dict)
    lengths = {funnel: len(steps) for (funnel, _), steps in seeded_funnels().items()}
    for funnel, person, start, chain in _chains(world):
        took = [(event.at - start.at) // dt.timedelta(microseconds=1) for event in chain]
        slices = ("all", "all"), ("channel", start.channel or "unknown"), ("device_platform", start.device or "unknown")
        for dimension, value in slices:
            people = quickest[funnel, start.date, dimension, value]
            known = people.get(person, [])
            longer, shorter = (known, took) if len(known) > len(took) else (took, known)
            people[person] = [min(pair) for pair in zip(longer, shorter, strict=False)] + longer[len(shorter) :]
    found: TableRows = set()
    for (funnel, date, dimension, value), people in quickest.items():
        over = date + WINDOW < world.as_of
        users = [sum(len(took) >= step for took in people.values()) for step in range(1, lengths[funnel] + 1)]
        for number in range(lengths[funnel]):
            total = sum(took[number] for took in people.values() if len(took) > number)
            before = users[max(number - 1, 0)]
            rates = ratio(users[number], before), ratio(users[number], users[0])
            seconds = ratio(total, users[number] * 1_000_000)
            found.add(
                (funnel, date, over, dimension, value, number + 1, users[number], before - users[number])
                + (*rates, seconds)
            )
    return found
