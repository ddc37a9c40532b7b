"""Sweep: what the sensor knows of the landing zone between its ticks, and which hours it lists next.

Belongs here: the order in which hours are listed. Not here: how a listing is compared (`changes`), which runs are
requested (`arrivals`). Recent hours are listed at every tick. All others are listed in slices, so that no tick is long.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from contracts.stream import Stream
from events.concurrency import parallel_map
from lake.landing import Landing
from lake.tables import Lake
from partitions import Window, hour_of, inside_window
from sensors.changes import Change, StreamChanges

SLICE_HOURS = 48
SLICE_OBJECTS = 10_000
UNLISTED_HOUR = 2_500  # objects that an hour may have which was not listed yet
Place = tuple[str, dt.datetime]  # an hour of a stream
Requests = Mapping[str, tuple[str, str]]  # from a change's name to the digests of change and run


class LandingView:
    """The changes of all streams, and the hours that wait to be listed."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.changes = {stream.name: StreamChanges(stream) for stream in streams}
        self.waiting: dict[Place, None] = {}
        self.swept: dt.datetime | None = None
        self.finished: set[str] = set()

    def follow(self, lake: Lake) -> None:
        """Go on to the ledgers' current snapshots."""
        for changes in self.changes.values():
            changes.follow(lake)

    def begin_sweep(self, landing: Landing, window: Window, now: dt.datetime, newest_first: bool) -> None:
        """Let all hours that have a folder wait to be listed."""
        streams = [each.stream for each in self.changes.values()]
        places: list[Place] = []
        surveys = parallel_map(lambda stream: landing.survey(stream, window), streams, len(streams))
        for changes, survey in zip(self.changes.values(), surveys, strict=True):
            changes.surveyed(survey, window, now)
            places += [(changes.stream.name, hour) for hour in survey.hours]
        by_day = sorted(places, key=lambda place: (place[1].date(), *place), reverse=newest_first)
        self.waiting = dict.fromkeys(by_day)  # a stream's hours of a day together: they may be one request
        self.swept = now

    def is_sweep_due(self, now: dt.datetime, every: dt.timedelta) -> bool:
        """Whether the last sweep began long enough ago and has come to its end."""
        return self.swept is None or (not self.waiting and now - self.swept >= every)

    def list_again(self, requests: Requests, succeeded: set[str]) -> None:
        """List the hours of requests whose run succeeded before all others that wait, once for each run."""
        finished = [place_of(name) for name, (_, run) in requests.items() if run in succeeded - self.finished]
        self.finished = succeeded
        self.waiting = {**dict.fromkeys(finished), **self.waiting}

    def list_slices(self, landing: Landing, window: Window, now: dt.datetime, in_time: Callable[[], bool]) -> None:
        """List the next hours that wait: one slice, and then more as long as `in_time` says so."""
        while self.waiting:
            taken = list(islice(self.waiting, slice_length(self.waiting, self._sizes())))
            self.list_hours(landing, taken, window, now)
            if not in_time():
                return

    def list_hours(self, landing: Landing, places: Iterable[Place], window: Window, now: dt.datetime) -> None:
        """List some hours, several streams at a time. An hour outside the window is left out."""
        by_stream, chosen = defaultdict(list), dict.fromkeys(places)
        for name, hour in chosen:
            if inside_window(hour, window):
                by_stream[name].append(hour)
        wanted = [(self.changes[name], hours) for name, hours in by_stream.items()]
        listed = parallel_map(lambda each: landing.listings(each[0].stream, each[1]), wanted, len(wanted) or 1)
        for (changes, _), listings in zip(wanted, listed, strict=True):
            changes.compare(listings, window, now)
        for place in chosen:  # only now: a listing may fail
            self.waiting.pop(place, None)

    def found(self, window: Window, now: dt.datetime) -> list[Change]:
        """All changes that are known."""
        return [change for changes in self.changes.values() for change in changes.found(window, now)]

    def listed(self, names: Iterable[str]) -> set[str]:
        """Those of the named hours that were listed since this process began."""
        places = {name: place_of(name) for name in names}
        return {
            name
            for name, (stream, hour) in places.items()
            if stream in self.changes and hour in self.changes[stream].hours
        }

    def _sizes(self) -> Mapping[Place, int]:
        ahead = islice(self.waiting, SLICE_HOURS)
        known = ((place, self.changes[place[0]].hours.get(place[1])) for place in ahead)
        return {place: each.count for place, each in known if each}


def slice_length(waiting: Iterable[Place], sizes: Mapping[Place, int]) -> int:
    """How many of the waiting hours are one slice: bounded in hours and objects, at least one. `sizes`: if known."""
    objects = length = 0
    for place in islice(waiting, SLICE_HOURS):
        objects += sizes.get(place, UNLISTED_HOUR)
        if length and objects > SLICE_OBJECTS:
            break
        length += 1
    return length


def place_of(name: str) -> Place:
    """The stream and the hour of a change's name."""
    stream, key = name.rsplit(" ", 1)
    return stream, hour_of(key)


def hinted_hours(paths: Iterable[str], streams: Iterable[Stream]) -> list[Place]:
    """The hours of the objects that notices name, each once. Paths of no stream or no hour give none."""
    found: dict[Place, None] = {}
    listed = list(streams)
    for path in paths:
        for stream in listed:
            relative = path.removeprefix(f"{stream.folder}/")
            if relative != path and (hour := stream.arrival_hour(relative)):
                found[stream.name, hour] = None
    return list(found)
