"""Which hours are listed next, and what the sensor remembers of those that it has listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import STREAMS
from contracts.commerce import COMMERCE
from contracts.stream import Stream
from lake.landing import HourListing, LandedObject
from lake.load_bronze import load_bronze, write_entries
from lake.schemas import LEDGER, Layer
from lake.tables import Lake
from partitions import Window
from resources.landing.folder import FolderLanding
from sensors import sweep
from sensors.changes import HOUR, StreamChanges, listed_changes
from sensors.sweep import SLICE_HOURS, SLICE_OBJECTS, LandingView, Place, hinted_hours, slice_length

NOW = dt.datetime(2024, 5, 1, 10, 30, tzinfo=dt.UTC)
CURRENT = NOW.replace(minute=0)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), CURRENT + HOUR)


class CountingLanding(FolderLanding):
    """A folder that notes which hours were listed, and how many listings were made into objects."""

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        self.listed.append(list(hours))
        return [self._counted(each) for each in super().listings(stream, hours)]

    @property
    def listed(self) -> list[list[dt.datetime]]:
        return self.__dict__.setdefault("_listed", [])

    @property
    def made(self) -> list[dt.datetime]:
        return self.__dict__.setdefault("_made", [])

    def _counted(self, listing: HourListing) -> HourListing:
        def make() -> list[LandedObject]:
            self.made.append(listing.hour)
            return listing.make()

        return HourListing(listing.hour, listing.count, listing.digest, make)


@pytest.fixture
def landing(tmp_path: Path) -> CountingLanding:
    return CountingLanding(tmp_path / "landing")


def put(landing: FolderLanding, hour: dt.datetime, name: str = "a", content: bytes = b"{}") -> None:
    path = landing.root / "commerce" / f"{hour:%Y/%m/%d/%H}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def load(lake: Lake, landing: FolderLanding, *hours: dt.datetime, now: dt.datetime = NOW) -> None:
    load_bronze(lake, landing, COMMERCE, hours, WINDOW, now)


def test_a_sweep_lists_every_hour_once_in_slices(landing: CountingLanding, lake: Lake) -> None:
    """A tick lists one slice, and more only if there is time. No hour is left out."""
    hours = [CURRENT - index * HOUR for index in range(100)]
    for hour in hours:
        put(landing, hour)
    view = LandingView([COMMERCE])
    view.begin_sweep(landing, WINDOW, NOW, newest_first=True)
    while view.waiting:
        view.list_slices(landing, WINDOW, NOW, lambda: False)
    assert [hour for listed in landing.listed for hour in listed] == hours
    assert max(map(len, landing.listed)) <= SLICE_HOURS
    assert [each.hour for each in view.found(WINDOW, NOW)] == hours[::-1]
    view.begin_sweep(landing, WINDOW, NOW, newest_first=False)
    view.list_slices(landing, WINDOW, NOW, lambda: True)
    assert [hour for listed in landing.listed for hour in listed][100:] == hours[::-1]


def test_an_hour_is_compared_again_only_if_it_or_the_ledger_has_changed(landing: CountingLanding, lake: Lake) -> None:
    """At 100,000 objects a day nobody could make them all into objects every few seconds."""
    changes = StreamChanges(COMMERCE)

    def look(now: dt.datetime = NOW) -> list[dt.datetime]:
        landing.made.clear()
        changes.follow(lake)
        changes.compare(landing.listings(COMMERCE, [CURRENT, CURRENT - 30 * HOUR]), WINDOW, now)
        return landing.made

    put(landing, CURRENT)
    put(landing, CURRENT - 30 * HOUR)
    assert look() == [CURRENT, CURRENT - 30 * HOUR]
    assert look() == []
    load(lake, landing, CURRENT)
    assert look() == [CURRENT], "the other hour's day has the same files in the ledger"
    assert [each.hour for each in changes.found(WINDOW, NOW)] == [CURRENT - 30 * HOUR]
    put(landing, CURRENT, content=b"{}{}")
    assert look() == [CURRENT]
    assert len(changes.found(WINDOW, NOW)) == 2


def test_what_the_storage_did_not_give_is_due_again_after_a_day(landing: CountingLanding, lake: Lake) -> None:
    """The listing and the ledger stay as they are, and still the object is new again one day later."""
    put(landing, CURRENT, "good")
    (landing.root / "commerce" / f"{CURRENT:%Y/%m/%d/%H}" / "broken").symlink_to("/proc/self/mem")
    changes = StreamChanges(COMMERCE)
    load(lake, landing, CURRENT)
    for hours, found in ((0, 0), (23, 0), (25, 1)):
        now = NOW + hours * HOUR
        changes.follow(lake)
        changes.compare(landing.listings(COMMERCE, [CURRENT]), WINDOW, now)
        assert len(changes.found(WINDOW, now)) == found


def test_the_memory_is_bounded(landing: CountingLanding, lake: Lake) -> None:
    """The code server lives for weeks. It keeps a digest for each hour that is there, and rows of a few data files."""
    bronze = lake.table(Layer.BRONZE, COMMERCE)
    hours = [CURRENT - 24 * index * HOUR for index in range(9)]
    for hour in hours:
        put(landing, hour)
        entry = ("x", "v", 1, hour, 1, None, True, NOW)
        write_entries(lake.table(Layer.LEDGER, COMMERCE), pl.DataFrame([entry], LEDGER, orient="row"), bronze)
    changes = StreamChanges(COMMERCE)
    changes.follow(lake)
    changes.compare(landing.listings(COMMERCE, hours), WINDOW, NOW)
    assert len(changes.hours) == 9
    assert len(changes.ledger.kept) == 4
    (landing.root / "commerce" / f"{hours[8]:%Y/%m/%d/%H}" / "a").unlink()
    (landing.root / "commerce" / f"{hours[8]:%Y/%m/%d/%H}").rmdir()
    changes.surveyed(landing.survey(COMMERCE, WINDOW), WINDOW, NOW)
    assert len(changes.hours) == 8


PLACES = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 90)), min_size=1, max_size=80, unique=True)


@given(PLACES, st.dictionaries(st.integers(0, 90), st.integers(0, 30_000)))
def test_a_slice_is_bounded_and_never_empty(places: list[tuple[str, int]], sizes: dict[int, int]) -> None:
    """An hour with more objects than a slice has is a slice of its own."""
    waiting: list[Place] = [(name, CURRENT - hour * HOUR) for name, hour in places]
    known = {place: sizes[hour] for place, (_, hour) in zip(waiting, places, strict=True) if hour in sizes}
    length = slice_length(waiting, known)
    total = sum(known.get(place, sweep.UNLISTED_HOUR) for place in waiting[:length])
    assert 1 <= length <= min(SLICE_HOURS, len(waiting))
    assert length == 1 or total <= SLICE_OBJECTS


PATHS = st.lists(st.text("abc/0123456789", max_size=30) | st.sampled_from(["commerce/2024/05/01/10/a", "web/x", ""]))


@given(PATHS)
def test_hints_name_hours_of_streams_and_nothing_else(paths: list[str]) -> None:
    """Whatever a notice says, it can only cause a listing of an hour. Doubled and reordered ones cause the same."""
    found = hinted_hours(paths, STREAMS)
    assert set(found) == set(hinted_hours(paths[::-1] * 2, STREAMS))
    assert len(found) == len(set(found))
    assert (("commerce", CURRENT) in found) == ("commerce/2024/05/01/10/a" in paths)


@given(st.sets(st.integers(0, 9)), st.lists(st.integers(0, 9), max_size=12))
def test_any_order_of_listings_finds_the_same(hours: set[int], order: list[int]) -> None:
    """Hints and slices only change when an hour is listed."""
    window: Window = WINDOW
    places = [("commerce", CURRENT - hour * HOUR) for hour in order]
    view = LandingView([COMMERCE])
    view.waiting = dict.fromkeys([("commerce", CURRENT - hour * HOUR) for hour in range(10)])
    landing = _Hours({CURRENT - hour * HOUR for hour in hours})
    view.list_hours(landing, places, window, NOW)
    assert not set(view.waiting) & set(places)
    view.list_slices(landing, window, NOW, lambda: True)
    assert {change.hour for change in view.found(window, NOW)} == landing.full


class _Hours(FolderLanding):
    """A landing zone with one object in some hours, without files."""

    def __init__(self, full: set[dt.datetime]) -> None:
        super().__init__(Path("/nowhere"))
        self.__dict__["full"] = full

    @property
    def full(self) -> set[dt.datetime]:
        found: set[dt.datetime] = self.__dict__["full"]
        return found

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        return [self._listing(hour) for hour in hours]

    def _listing(self, hour: dt.datetime) -> HourListing:
        objects = [LandedObject(f"commerce/{hour}/a", "1", 1, hour)] if hour in self.full else []
        return HourListing(hour, len(objects), str(objects).encode(), lambda: objects)


class _Broken(_Hours):
    """A landing zone that cannot be listed."""

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        raise ConnectionError("no answer")


def test_hours_that_could_not_be_listed_still_wait() -> None:
    """A tick fails with the storage. The next one goes on where that one was."""
    view = LandingView([COMMERCE])
    view.waiting = {("commerce", CURRENT): None}
    with pytest.raises(ConnectionError):
        view.list_slices(_Broken({CURRENT}), WINDOW, NOW, lambda: True)
    view.list_slices(_Hours({CURRENT}), WINDOW, NOW, lambda: True)
    assert [change.hour for change in view.found(WINDOW, NOW)] == [CURRENT]
    assert not view.waiting


def test_all_at_once_is_the_same_as_in_slices(landing: CountingLanding, lake: Lake) -> None:
    """The demo lists everything at once."""
    for index in range(30):
        put(landing, CURRENT - index * HOUR)
    (landing.root / "commerce" / "astray").write_bytes(b"{}")
    load(lake, landing, CURRENT - 7 * HOUR)
    put(landing, CURRENT - 5 * HOUR, "b")
    view = LandingView([COMMERCE])
    view.follow(lake)
    view.begin_sweep(landing, WINDOW, NOW, newest_first=True)
    view.list_slices(landing, WINDOW, NOW, lambda: True)
    assert view.found(WINDOW, NOW) == listed_changes(lake, landing, COMMERCE, WINDOW, NOW)
