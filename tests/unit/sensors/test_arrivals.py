"""Which runs news asks for: pure decisions."""

from __future__ import annotations

import datetime as dt
import itertools

import dagster as dg
from hypothesis import given
from hypothesis import strategies as st

from lake.landing import LandedObject
from partitions import key_of
from sensors.arrivals import HOUR, News, decide, find_news, still_asked

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), NOW + HOUR)


def landed(path: str, version: str = "1", hour: dt.datetime | None = NOW) -> LandedObject:
    return LandedObject(path, version, 1, hour)


def news(hour: int, stream: str = "shop", change: str = "c") -> News:
    return News(stream, NOW - hour * HOUR, change)


def asked_for(found: list[News]) -> dict[str, str]:
    return {f"{one.stream} {key_of(one.hour)}": one.change for one in found}


def test_news_is_what_the_ledger_does_not_know_in_that_version() -> None:
    """Neither names nor times say what was loaded; the ledger does."""
    objects = [landed("a"), landed("b", "2"), landed("c", hour=NOW - HOUR)]
    found = find_news("shop", objects, {("a", "1"), ("b", "1")}, WINDOW)
    assert [one.hour for one in found] == [NOW - HOUR, NOW]
    assert not find_news("shop", objects, {("a", "1"), ("b", "2"), ("c", "1")}, WINDOW)


def test_the_change_stands_for_these_objects_in_these_versions() -> None:
    """The same news asks once; a re-upload or one object more is other news."""

    def change(*objects: LandedObject) -> str:
        return find_news("shop", objects, set(), WINDOW)[0].change

    base = change(landed("a"), landed("b"))
    assert base == change(landed("b"), landed("a"))
    assert len({base, change(landed("a")), change(landed("a"), landed("b", "2"))}) == 3


def test_a_stray_is_news_of_the_current_hour() -> None:
    """There is no partition of its own to run; the current hour's run refuses it in the ledger."""
    strays = [landed("x", hour=None), landed("y", hour=WINDOW[1]), landed("z", hour=WINDOW[0] - HOUR)]
    assert [one.hour for one in find_news("shop", strays, set(), WINDOW)] == [NOW]


def test_one_run_an_hour_for_all_streams() -> None:
    """A run's start costs seconds; streams that land together share it."""
    (ask,) = decide([news(0), news(0, "site")], {})
    assert [one.stream for one in ask.news] == ["shop", "site"]
    request = ask.request(0)
    assert request.partition_key == key_of(NOW)
    assert dg.AssetKey(["silver", "site"]) in (request.asset_selection or [])


def test_what_was_asked_for_is_not_asked_again() -> None:
    """Ticks come every few seconds, while a run takes longer."""
    assert decide([news(0), news(1)], asked_for([news(0), news(1)])) == []
    (ask,) = decide([news(0), news(1, change="d")], asked_for([news(0), news(1)]))
    assert ask.first == NOW - HOUR


@given(st.sets(st.integers(0, 400), max_size=120))
def test_a_backlog_asks_for_few_runs(hours: set[int]) -> None:
    """Each hour is in exactly one run, no run is longer than a day, and few hours are not joined."""
    asks = decide([news(hour) for hour in hours], {})
    assert sorted(one.hour for ask in asks for one in ask.news) == sorted(NOW - hour * HOUR for hour in hours)
    assert all(ask.first <= one.hour <= ask.last for ask in asks for one in ask.news)
    assert all(ask.last - ask.first < 24 * HOUR for ask in asks)
    assert all(before.last < after.first for before, after in itertools.pairwise(asks))
    if len(hours) <= 3:
        assert all(ask.first == ask.last for ask in asks)


def test_a_hundred_hours_are_five_runs() -> None:
    """A first deployment on a full landing zone must not queue a hundred runs."""
    asks = decide([news(hour) for hour in range(100)], {})
    assert [len(ask.news) for ask in asks] == [24, 24, 24, 24, 4]
    request = asks[0].request(2)
    assert request.partition_key is None
    assert request.tags["dagster/asset_partition_range_start"] == key_of(asks[0].first)
    assert request.tags["dagster/asset_partition_range_end"] == key_of(asks[0].last)
    assert request.run_key == f"{asks[0].change}-2"


def test_what_stays_asked_for() -> None:
    """News that is gone, other, or whose run failed is forgotten: only that lets it be asked for again."""
    asked = {name: (change, "run") for name, change in asked_for([news(0), news(1), news(2)]).items()}
    kept = still_asked(asked, [news(0), news(1, change="d")], [])
    assert list(kept) == list(asked_for([news(0)]))
    assert still_asked(asked, [news(0)], ["run"]) == {}
