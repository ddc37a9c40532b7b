"""Sessions, by the producer's id or by a gap in time, and the journeys through them."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from figures.channels import channel_group
from figures.engagement import ratio
from figures.events import Event, Person, TableRows, World
from figures.views import CAMPAIGN, LANDING, View, known, landing, page, page_host, page_path, views

GAP, LONGEST = dt.timedelta(seconds=1800), dt.timedelta(days=3)


@dataclass(frozen=True)
class Session:
    """One session. `given` is the producer's id, None for a session found by gaps; `events` are in order.

    `after_cut`: how many events came later than three days after the start.
    """

    space: str
    person: Person | None
    given: str | None
    events: list[Event]
    after_cut: int = 0

    @property
    def started(self) -> dt.datetime:
        return self.events[0].at

    @property
    def length(self) -> dt.timedelta:
        return self.events[-1].at - self.started

    @property
    def bot(self) -> bool:
        return any(event.bot for event in self.events)

    @property
    def views(self) -> int:
        return sum(event.view for event in self.events)

    @property
    def conversions(self) -> int:
        """How many distinct conversions there are, by date and by ids as sent."""
        return len({(e.date, e.user, e.anonymous, e.conversion) for e in self.events if e.converts})

    def first(self, attribute: str) -> str | None:
        """The earliest value; if several have the same time, the smallest."""
        values = ((event.at, value) for event in self.events if (value := getattr(event, attribute)) is not None)
        return min(values, default=(None, None))[1]

    @property
    def journey(self) -> str:
        """The first five event names, without immediate repetitions.

        Gold builds a journey from pieces. The events of a piece have one date and one pair of ids; in a session by gap,
        they are also of one run.
        """
        pieces = sorted(
            self._pieces(), key=lambda p: (p[0].at, p[-1].at, _nulls_last(p[0].user), _nulls_last(p[0].anonymous))
        )
        names = [name for piece in pieces for name in _collapsed(event.name for event in piece)[:5]]
        return " > ".join(_collapsed(names)[:5])

    def first_of_parts(self, value_of: Callable[[Event], str | None]) -> str | None:
        """The first value of the earliest part that has one; if several have the same time, the smallest."""
        found = [(part[0].at, min(values)[1]) for part in self._pieces() if (values := _timed(part, value_of))]
        return min(found, default=(None, None))[1]

    def last_of_parts(self, value_of: Callable[[Event], str | None]) -> str | None:
        """The last value of the latest part that has one; if several have the same time, the greatest."""
        found = [(part[-1].at, max(values)[1]) for part in self._pieces() if (values := _timed(part, value_of))]
        return max(found, default=(None, None))[1]

    def _pieces(self) -> list[list[Event]]:
        pieces: dict[tuple[object, ...], list[list[Event]]] = defaultdict(list)
        for event in self.events:
            runs = pieces[event.date, event.user, event.anonymous]
            if runs and (self.given is not None or event.at - runs[-1][-1].at <= GAP):
                runs[-1].append(event)
            else:
                runs.append([event])
        return [run for runs in pieces.values() for run in runs]


def _timed(events: list[Event], value_of: Callable[[Event], str | None]) -> list[tuple[dt.datetime, str]]:
    """The values that are known, with their times."""
    return [(event.at, value) for event in events if (value := value_of(event)) is not None]


def _nulls_last(text: str | None) -> tuple[bool, str]:
    return text is None, text or ""


def _collapsed(names: Iterable[str]) -> list[str]:
    return [name for name, _ in groupby(names)]


def _owner(world: World, events: list[Event]) -> Person | None:
    """The last user in a session, else whom its last anonymous id stands for."""
    users = [(event.at, event.user) for event in events if event.user is not None]
    anonymous = [(event.at, event.anonymous) for event in events if event.anonymous is not None]
    if users:
        return events[0].space, max(users)[1]
    return world.stitched(events[0].space, max(anonymous)[1]) if anonymous else None


def sessions(world: World) -> list[Session]:
    """All sessions, also those of bots.

    An event without a session id belongs to a run of its person's events with small gaps.
    """
    given: dict[tuple[str, str], list[Event]] = defaultdict(list)
    by_gap: dict[Person, list[list[Event]]] = defaultdict(list)
    for event in world.all_events:
        person = world.person(event)
        if event.session is not None:
            given[event.space, event.session].append(event)
        elif person is not None:
            runs = by_gap[person]
            if runs and event.at - runs[-1][-1].at <= GAP:
                runs[-1].append(event)
            else:
                runs.append([event])
    found = []
    for (space, id), events in given.items():
        kept = [event for event in events if event.at - events[0].at <= LONGEST]
        found.append(Session(space, _owner(world, kept), id, kept, len(events) - len(kept)))
    return found + [Session(person[0], person, None, run) for person, runs in by_gap.items() for run in runs]


def sessions_with_views(world: World) -> Iterator[tuple[Session, list[View]]]:
    """Each session, and the views with its id up to its cut."""
    by_session: dict[tuple[str, str], list[View]] = defaultdict(list)
    for view in views(world):
        if view.first.session is not None:
            by_session[view.space, view.first.session].append(view)
    for session in sessions(world):
        seen = by_session.get((session.space, session.given), []) if session.given else []
        yield session, [view for view in seen if view.first.at - session.started <= LONGEST]


def group_of(session: Session, seen: list[View]) -> str:
    """The channel group of the first view's campaign, else of the session's channel."""
    row, channel = seen[0].first.row if seen else {}, session.first("channel")
    source, medium = (channel if row.get(name) is None else row[name] for name in ("mkt_source", "mkt_medium"))
    return channel_group(source, medium, row.get("mkt_campaign"))


def fct_sessions(world: World) -> TableRows:
    """(space, person, given id, start, end, date, seconds, events, cut, events after it, views, conversions, converted,
    engaged, bounce, bot, channel, platform, journey, then what its page views say, channel group)."""
    found: TableRows = set()
    for session, seen in sessions_with_views(world):
        engaged = session.length > dt.timedelta(seconds=10) or session.views >= 2 or session.conversions > 0
        found.add(
            (session.space, session.person and session.person[1], session.given, session.started)
            + (session.events[-1].at, session.events[0].date, session.length // dt.timedelta(seconds=1))
            + (len(session.events), session.after_cut > 0, session.after_cut)
            + (session.views, session.conversions, session.conversions > 0, engaged, session.views > 0 and not engaged)
            + (session.bot, session.first("channel"), session.first("device"), session.journey)
            + details(session, seen)
            + (group_of(session, seen),)
        )
    return found


def details(session: Session, seen: list[View]) -> tuple[str | int | None, ...]:
    """(views, engaged seconds, first and last page, host, path, query, and the columns of `LANDING`).

    Without a view they come from the events, except for the query and the campaign.
    """
    if not seen:
        host, path = session.first_of_parts(page_host), session.first_of_parts(page_path)
        pages = (session.first_of_parts(page), session.last_of_parts(page), host, path, None)
        landed = (None if names in CAMPAIGN else session.first_of_parts(partial(known, names)) for names in LANDING)
        return None, None, *pages, *landed
    first, engaged = seen[0].first, sum(view.engaged_seconds for view in seen)
    pages = (seen[0].page, seen[-1].page, page_host(first), page_path(first), first.row.get("page_urlquery"))
    return len(seen), engaged, *pages, *landing(first)


def conversion_journeys(world: World) -> TableRows:
    """(space, place, journey, sessions, share, converted, rate)."""
    taken: dict[str, Counter[str]] = defaultdict(Counter)
    converted: Counter[tuple[str, str]] = Counter()
    for session in (each for each in sessions(world) if not each.bot):
        taken[session.space][session.journey] += 1
        converted[session.space, session.journey] += session.conversions > 0
    found: TableRows = set()
    for space, counts in taken.items():
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:100]
        for place, (journey, count) in enumerate(ranked, 1):
            rates = ratio(count, counts.total()), converted[space, journey], ratio(converted[space, journey], count)
            found.add((space, place, journey, count, *rates))
    return found
