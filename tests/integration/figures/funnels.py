"""Funnels, by trying every chain of events. That is slow, but tests have few events."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from figures.costs import costs
from figures.engagement import ratio
from figures.events import Event, Person, Row, TableRows, World

SEED = Path(__file__).resolve().parents[3] / "dbt" / "seeds" / "funnels.csv"
WINDOW_DAYS = 14


@dataclass(frozen=True)
class Step:
    """What an event must be to reach a step: its name, and the value of a column if the step asks for one."""

    event_name: str
    name: str
    column: str | None
    value: str | None

    def is_reached_by(self, event: Event) -> bool:
        if event.name != self.event_name or self.column is None or self.value is None:
            return event.name == self.event_name
        found = _value(event, self.column)
        if found is not None and self.value.endswith("*"):
            return found.startswith(self.value[:-1])
        return found == self.value


def _value(event: Event, column: str) -> str | None:
    """The value of a column of fct_events."""
    own = {"category": event.category, "channel": event.channel, "device_platform": event.device}
    sent = {"action": "ecommerce_action", "page_path": "page_urlpath"}.get(column, column)
    return own[column] if column in own else event.row.get(sent)


@dataclass(frozen=True)
class Funnel:
    name: str
    stream: str
    window: dt.timedelta
    steps: Sequence[Step]


def seeded_funnels(world: World) -> list[Funnel]:
    rows: dict[str, list[Row]] = defaultdict(list)
    with SEED.open(newline="") as file:
        for row in sorted([*csv.DictReader(file), *world.seeded.get("funnels", ())], key=lambda row: int(row["step"])):
            rows[row["funnel"]].append(row)
    return [
        Funnel(
            name,
            steps[0]["stream"],
            dt.timedelta(days=max(int(row["window_days"] or 0) for row in steps) or WINDOW_DAYS),
            [
                Step(
                    row["event_name"],
                    row["step_name"] or row["event_name"],
                    row["condition_column"] or None,
                    row["condition_value"] or None,
                )
                for row in steps
            ],
        )
        for name, steps in rows.items()
    ]


def _reached(start: Event, events: Sequence[Event], funnel: Funnel) -> list[Event]:
    """For each step that can be reached from a start within the window, the earliest event that reaches it.

    The search is depth first, and a chain uses each event once.
    """
    best: dict[int, Event] = {}

    def follow(chain: list[Event]) -> None:
        step = len(chain)
        if step - 1 not in best or chain[-1].moment < best[step - 1].moment:
            best[step - 1] = chain[-1]
        if step < len(funnel.steps):
            candidates = (
                event
                for event in events
                if funnel.steps[step].is_reached_by(event) and event.moment >= chain[-1].moment and event not in chain
            )
            # Whatever can follow a later event of the step can also follow one of the earliest that are left.
            earliest: dt.datetime | None = None
            for event in candidates:
                if event.at - start.at > funnel.window or (earliest is not None and event.at > earliest):
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


def _chains(world: World) -> Iterator[tuple[Funnel, Person, Event, list[Event]]]:
    """Every start of a funnel: the funnel, the person, the first event, and the events that reach its steps."""
    for funnel in seeded_funnels(world):
        for person, events in _events_by_person(world, funnel.stream).items():
            relevant = [event for event in events if any(step.is_reached_by(event) for step in funnel.steps)]
            for start in (event for event in relevant if funnel.steps[0].is_reached_by(event)):
                yield funnel, person, start, _reached(start, relevant, funnel)


def funnel_steps(world: World) -> TableRows:
    """(funnel, stream, space, step, event name, step name, people, drop-off, step rate, overall rate)."""
    reached: dict[str, dict[Person, int]] = defaultdict(dict)
    for funnel, person, _, chain in _chains(world):
        reached[funnel.name][person] = max(reached[funnel.name].get(person, 0), len(chain))
    found: TableRows = set()
    for funnel in seeded_funnels(world):
        depths = reached[funnel.name]
        for space in {space for space, _ in depths} or {"none"}:
            mine = [depth for person, depth in depths.items() if person[0] == space]
            users = [sum(depth >= step for depth in mine) for step in range(1, len(funnel.steps) + 1)]
            for number, step in enumerate(funnel.steps):
                before = users[max(number - 1, 0)]
                rates = ratio(users[number], before), ratio(users[number], users[0])
                found.add(
                    (funnel.name, funnel.stream, space, number + 1, step.event_name, step.name)
                    + (users[number], before - users[number], *rates)
                )
    return found


def conversion_insights(world: World) -> TableRows:
    """(funnel, space, date, window over, dimension, value, step, its name, people, drop-off, step rate, overall rate,
    seconds, cost, its currency, cost of a person). For each person only the quickest way to each step counts."""
    quickest: dict[tuple[str, str, dt.date, str, str], dict[Person, list[int]]] = defaultdict(dict)
    funnels = {funnel.name: funnel for funnel in seeded_funnels(world)}
    for funnel, person, start, chain in _chains(world):
        took = [(event.at - start.at) // dt.timedelta(microseconds=1) for event in chain]
        slices = ("all", "all"), ("channel", start.channel or "unknown"), ("device_platform", start.device or "unknown")
        for dimension, value in slices:
            people = quickest[funnel.name, person[0], start.date, dimension, value]
            known = people.get(person, [])
            longer, shorter = (known, took) if len(known) > len(took) else (took, known)
            people[person] = [min(pair) for pair in zip(longer, shorter, strict=False)] + longer[len(shorter) :]
    found: TableRows = set()
    spent = {key: next(iter(sums.items())) for key, sums in costs(world).items() if len(sums) == 1}
    for (name, space, date, dimension, value), people in quickest.items():
        funnel = funnels[name]
        currency, cost = spent.get((date, value), (None, None)) if dimension == "channel" else (None, None)
        over = date + funnel.window < world.as_of
        users = [sum(len(took) >= step for took in people.values()) for step in range(1, len(funnel.steps) + 1)]
        for number, step in enumerate(funnel.steps):
            total = sum(took[number] for took in people.values() if len(took) > number)
            before = users[max(number - 1, 0)]
            rates = ratio(users[number], before), ratio(users[number], users[0])
            seconds = ratio(total, users[number] * 1_000_000)
            found.add(
                (name, space, date, over, dimension, value, number + 1, step.name)
                + (users[number], before - users[number], *rates, seconds, cost, currency)
                + (ratio(cost and float(cost), users[number]),)
            )
    return found
