"""Content that the same members used, and what each member may like of it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from itertools import permutations

from figures.engagement import ratio
from figures.events import TableRows, World

DAYS, ENTITIES_PER_MEMBER, MINIMUM_MEMBERS, PER_ENTITY, PER_MEMBER = 90, 50, 3, 10, 5
Entity = tuple[str, str]
"""A type and an id."""
Used = dict[Entity, list[dt.date]]


def _used(world: World) -> dict[str, Used]:
    """The entities of each member, with the dates of use."""
    found: dict[str, Used] = defaultdict(lambda: defaultdict(list))
    for event in world.of_stream("web"):
        entity = event.row["entity_id"]
        if event.user is not None and event.category is not None and entity is not None:
            found[event.user][event.category, entity].append(event.date)
    return found


def _recently_used(world: World) -> dict[str, set[Entity]]:
    """The entities that each member used last, in the last days."""
    earliest = world.as_of - dt.timedelta(days=DAYS - 1)
    found = {}
    for member, used in _used(world).items():
        recent = {entity: [date for date in dates if date >= earliest] for entity, dates in used.items()}
        order = sorted((-max(dates).toordinal(), -len(dates), entity) for entity, dates in recent.items() if dates)
        if order:
            found[member] = {entity for _, _, entity in order[:ENTITIES_PER_MEMBER]}
    return found


def _recommendations(world: World) -> dict[Entity, list[tuple[Entity, int, float | None, float | None, float | None]]]:
    """For each entity the others, the best first: entity, members of both, support, confidence, lift."""
    everybody = _recently_used(world)
    members: dict[Entity, set[str]] = defaultdict(set)
    for member, entities in everybody.items():
        for entity in entities:
            members[entity].add(member)
    found = defaultdict(list)
    for entity, other in permutations(members, 2):
        both = len(members[entity] & members[other])
        if both >= MINIMUM_MEMBERS:
            lift = ratio(both * len(everybody), len(members[entity]) * len(members[other]))
            rates = ratio(both, len(everybody)), ratio(both, len(members[entity])), lift
            found[entity].append((other, both, *rates))
    return {
        entity: sorted(others, key=lambda other: (-(other[4] or 0), -other[1], other[0]))[:PER_ENTITY]
        for entity, others in found.items()
    }


def content_recommendations(world: World) -> TableRows:
    """(type, entity, place, recommended type, recommended entity, members, support, confidence, lift)."""
    return {
        (*entity, place, *other, *figures)
        for entity, others in _recommendations(world).items()
        for place, (other, *figures) in enumerate(others, 1)
    }


def member_recommendations(world: World) -> TableRows:
    """(member, place, type, entity, how many of the member's entities lead to it, highest lift)."""
    beside, used = _recommendations(world), _used(world)
    found: TableRows = set()
    for member, entities in _recently_used(world).items():
        leads: dict[Entity, list[float]] = defaultdict(list)
        for entity in entities:
            for other, _, _, _, lift in beside.get(entity, ()):
                if other not in used[member]:
                    leads[other].append(lift or 0)
        ranked = sorted((-len(lifts), -max(lifts), other) for other, lifts in leads.items())
        for place, (_, _, other) in enumerate(ranked[:PER_MEMBER], 1):
            found.add((member, place, *other, len(leads[other]), max(leads[other])))
    return found
