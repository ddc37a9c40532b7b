"""Funnels: every chain of events is tried, on as few events as tests have."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from figures.engagement import Figures, ratio
from figures.events import Event, Person, World

SEED = Path(__file__).resolve().parents[3] / "dbt" / "seeds" / "funnels.csv"
WINDOW = dt.timedelta(days=14)


def seeded() -> dict[tuple[str, str], list[str]]:
    """The steps' event names of every funnel, by its name and stream."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    with SEED.open(newline="") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: int(row["step"])):
            found[row["funnel"], row["stream"]].append(row["event_name"])
    return found


def _reaches(start: Event, events: Sequence[Event], steps: Sequence[str]) -> list[Event]:
    """The event with which each step is reached soonest from a start. Depth first, each event once in a chain."""
    best: dict[int, Event] = {}

    def follow(chain: list[Event]) -> None:
        step = len(chain)
        if step - 1 not in best or chain[-1].moment < best[step - 1].moment:
            best[step - 1] = chain[-1]
        if step < len(steps):
            can = (e for e in events if e.name == steps[step] and e.moment >= chain[-1].moment and e not in chain)
            # Those after the soonest that is left continue in no more ways than it does.
            soonest: dt.datetime | None = None
            for event in can:
                if event.at - start.at > WINDOW or (soonest is not None and event.at > soonest):
                    break
                soonest = event.at
                follow([*chain, event])

    follow([start])
    return [best[number] for number in range(len(best))]


def _people(world: World, stream: str) -> dict[Person, list[Event]]:
    found: dict[Person, list[Event]] = defaultdict(list)
    for event in world.of_stream(stream):
        if person := world.person(event):
            found[person].append(event)
    return found


def _chains(world: World) -> Iterator[tuple[str, str, list[str], Person, Event, list[Event]]]:
    for (funnel, stream), steps in seeded().items():
        for person, events in _people(world, stream).items():
            relevant = [event for event in events if event.name in steps]
            for start in (event for event in relevant if event.name == steps[0]):
                yield funnel, stream, steps, person, start, _reaches(start, relevant, steps)


def funnel_steps(world: World) -> Figures:
    """(funnel, stream, step, event name, people, drop-off, step rate, overall rate)."""
    reached: dict[str, dict[Person, int]] = defaultdict(dict)
    for funnel, _, _, person, _, chain in _chains(world):
        reached[funnel][person] = max(reached[funnel].get(person, 0), len(chain))
    found: Figures = set()
    for (funnel, stream), steps in seeded().items():
        users = [sum(depth >= step for depth in reached[funnel].values()) for step in range(1, len(steps) + 1)]
        for number, name in enumerate(steps):
            before = users[max(number - 1, 0)]
            rates = ratio(users[number], before), ratio(users[number], users[0])
            found.add((funnel, stream, number + 1, name, users[number], before - users[number], *rates))
    return found


def conversion_insights(world: World) -> Figures:
    """(funnel, date, window over, dimension, value, step, people, drop-off, step rate, overall rate, seconds)."""
    quickest: dict[tuple[str, dt.date, str, str], dict[Person, list[int]]] = defaultdict(dict)
    lengths = {funnel: len(steps) for (funnel, _), steps in seeded().items()}
    for funnel, _, _, person, start, chain in _chains(world):
        took = [(event.at - start.at) // dt.timedelta(microseconds=1) for event in chain]
        slices = ("all", "all"), ("channel", start.channel or "unknown"), ("device_platform", start.device or "unknown")
        for dimension, value in slices:
            people = quickest[funnel, start.date, dimension, value]
            known = people.get(person, [])
            longer, shorter = (known, took) if len(known) > len(took) else (took, known)
            people[person] = [min(pair) for pair in zip(longer, shorter, strict=False)] + longer[len(shorter) :]
    found: Figures = set()
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
