"""Changes: which arrival hours have objects that the ledger does not know, for a sensor that looks again and again.

Belongs here: comparing the landing zone with the ledger, and remembering the result. Not here: which hours to look at
(`sweep`), which runs to request (`arrivals`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from contracts.stream import Stream
from lake.landing import HourListing, LandedObject, Landing, ZoneSurvey
from lake.ledger import OUTSIDE_HOUR, next_retry, settled_objects
from lake.ledger_days import LedgerDays
from lake.schemas import Layer
from lake.tables import Lake
from partitions import Window, inside_window, key_of

HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Change:
    """New objects of a stream in an arrival hour. `digest` identifies these objects in these versions."""

    stream: str
    hour: dt.datetime
    digest: str
    objects: int = 0

    @property
    def name(self) -> str:
        return f"{self.stream} {key_of(self.hour)}"


@dataclass(frozen=True)
class Comparison:
    """What an hour's listing and its day in the ledger gave: `change`, if any. It holds until `until`."""

    listing: bytes
    ledger: frozenset[str]
    change: Change | None
    count: int
    until: dt.datetime | None

    def holds(self, listing: bytes, ledger: frozenset[str], now: dt.datetime) -> bool:
        """Whether comparing again would give the same."""
        return (self.listing, self.ledger) == (listing, ledger) and (self.until is None or now < self.until)


@dataclass
class StreamChanges:
    """The changes of one stream, as they were when each hour was last listed.

    An hour is compared again only if its listing or its day's data files in the ledger have changed. So a sensor's
    memory is a digest for each hour, and most listings are never made into objects.
    """

    stream: Stream
    ledger: LedgerDays = field(default_factory=LedgerDays)
    hours: dict[dt.datetime, Comparison] = field(default_factory=dict)
    strays: list[LandedObject] = field(default_factory=list)

    def follow(self, lake: Lake) -> None:
        """Go on to the ledger's current snapshot."""
        self.ledger.follow(lake.existing(Layer.LEDGER, self.stream))

    def compare(self, listings: Iterable[HourListing], window: Window, now: dt.datetime) -> None:
        """Compare the listings of some hours with the ledger."""
        for listing in listings:
            version = self.ledger.version([listing.hour.date()])
            before = self.hours.get(listing.hour)
            if before is None or not before.holds(listing.digest, version, now):
                self.hours[listing.hour] = self._compared(listing, version, window, now)

    def surveyed(self, survey: ZoneSurvey, window: Window, now: dt.datetime) -> None:
        """Forget hours that have gone, and note the objects outside the window that the ledger does not settle."""
        there = set(survey.hours)
        self.hours = {hour: each for hour, each in self.hours.items() if hour in there}
        self.strays = self._unsettled(survey.outside, window, now)

    def found(self, window: Window, now: dt.datetime) -> list[Change]:
        """All changes that are known. Objects outside the window count for the current hour, whose run refuses them."""
        self.strays = self._unsettled(self.strays, window, now)
        known = [each.change for each in self.hours.values() if each.change]
        return with_strays(self.stream.name, known, self.strays, window)

    def _compared(self, listing: HourListing, version: frozenset[str], window: Window, now: dt.datetime) -> Comparison:
        landed = listing.make()
        rows = self.ledger.rows([listing.hour.date()]) if landed else self.ledger.rows([])
        rows = rows.filter(arrival_hour=listing.hour)
        settled = settled_objects(rows, landed, window, now)
        changes = find_changes(self.stream.name, landed, settled, window)
        return Comparison(
            listing.digest, version, changes[0] if changes else None, listing.count, next_retry(rows, now)
        )

    def _unsettled(self, outside: Sequence[LandedObject], window: Window, now: dt.datetime) -> list[LandedObject]:
        outside = [landed for landed in outside if not inside_window(landed.arrival_hour, window)]
        if not outside:
            return []
        days = {landed.arrival_hour.date() for landed in outside if landed.arrival_hour}
        settled = settled_objects(self.ledger.rows({OUTSIDE_HOUR.date(), *days}), outside, window, now)
        return [landed for landed in outside if (landed.path, landed.version) not in settled]


def find_changes(
    stream: str, landed: Iterable[LandedObject], known: set[tuple[str, str]], window: Window
) -> list[Change]:
    """The objects whose version is not `known`, by arrival hour.

    Objects outside the window count for the current hour, whose run refuses them in the ledger.
    """
    by_hour: dict[dt.datetime, list[str]] = {}
    for found in landed:
        if (found.path, found.version) not in known:
            hour = found.arrival_hour
            counted = hour if hour is not None and inside_window(hour, window) else window[1] - HOUR
            by_hour.setdefault(counted, []).append(f"{found.path} {found.version}")
    return [Change(stream, hour, digest_of(sorted(objects)), len(objects)) for hour, objects in sorted(by_hour.items())]


def with_strays(stream: str, changes: Sequence[Change], strays: Sequence[LandedObject], window: Window) -> list[Change]:
    """The changes, and objects outside the window as a part of the current hour's change."""
    found = {change.hour: change for change in changes}
    for stray in find_changes(stream, strays, set(), window):
        same = found.get(stray.hour)
        digest = digest_of([same.digest, stray.digest]) if same else stray.digest
        found[stray.hour] = Change(stream, stray.hour, digest, stray.objects + (same.objects if same else 0))
    return [change for _, change in sorted(found.items())]


def listed_changes(lake: Lake, landing: Landing, stream: Stream, window: Window, now: dt.datetime) -> list[Change]:
    """The changes of all hours, listed at once."""
    changes, survey = StreamChanges(stream), landing.survey(stream, window)
    changes.follow(lake)
    changes.surveyed(survey, window, now)
    changes.compare(landing.listings(stream, survey.hours), window, now)
    return changes.found(window, now)


def digest_of(parts: Iterable[str]) -> str:
    """A short digest: the cursor holds many."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
