"""Which runs the changes of the landing zone request: pure decisions."""

from __future__ import annotations

import datetime as dt
import itertools

import dagster as dg
from dagster._core.storage.tags import TagType, get_tag_type
from hypothesis import given
from hypothesis import strategies as st

from lake.landing import LandedObject
from partitions import key_of
from sensors.arrivals import HOUR, Change, find_changes, open_requests, plan_runs

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), NOW + HOUR)


def landed(path: str, version: str = "1", hour: dt.datetime | None = NOW) -> LandedObject:
    return LandedObject(path, version, 1, hour)


def change(hour: int, stream: str = "shop", digest: str = "c") -> Change:
    return Change(stream, NOW - hour * HOUR, digest)


def requested(found: list[Change]) -> dict[str, str]:
    return {one.name: one.digest for one in found}


def test_a_change_is_an_object_that_the_ledger_does_not_know_in_its_version() -> None:
    """Only the ledger says what was loaded; names and times do not."""
    objects = [landed("a"), landed("b", "2"), landed("c", hour=NOW - HOUR)]
    found = find_changes("shop", objects, {("a", "1"), ("b", "1")}, WINDOW)
    assert [one.hour for one in found] == [NOW - HOUR, NOW]
    assert not find_changes("shop", objects, {("a", "1"), ("b", "2"), ("c", "1")}, WINDOW)


def test_a_digest_identifies_these_objects_in_these_versions() -> None:
    """The same change requests one run; a re-upload or one more object is another change."""

    def digest(*objects: LandedObject) -> str:
        return find_changes("shop", objects, set(), WINDOW)[0].digest

    base = digest(landed("a"), landed("b"))
    assert base == digest(landed("b"), landed("a"))
    assert len({base, digest(landed("a")), digest(landed("a"), landed("b", "2"))}) == 3


def test_an_object_outside_the_window_counts_for_the_current_hour() -> None:
    """It has no partition of its own; the current hour's run refuses it in the ledger."""
    strays = [landed("x", hour=None), landed("y", hour=WINDOW[1]), landed("z", hour=WINDOW[0] - HOUR)]
    assert [one.hour for one in find_changes("shop", strays, set(), WINDOW)] == [NOW]


def test_one_run_an_hour_for_all_streams() -> None:
    """Starting a run takes seconds, so streams that land together share one."""
    (run,) = plan_runs([change(0), change(0, "site")], {})
    assert [one.stream for one in run.changes] == ["shop", "site"]
    request = run.request()
    assert request.partition_key == key_of(NOW)
    assert dg.AssetKey(["silver", "site"]) in (request.asset_selection or [])


def test_a_run_says_what_it_is_for() -> None:
    """The list of runs shows these tags. The digest, which only the sensor reads, is hidden."""
    objects = [landed("a"), landed("b"), landed("c", hour=NOW - HOUR)]
    changes = [*find_changes("shop", objects, set(), WINDOW), *find_changes("site", objects[:1], set(), WINDOW)]
    earlier, latest = plan_runs(changes, {})
    assert latest.tags == {"streams": "shop, site", "objects": "3"}
    assert earlier.tags == {"streams": "shop", "objects": "1"}
    hidden = set(latest.request().tags) - set(latest.tags)
    assert all(get_tag_type(name) is TagType.HIDDEN for name in hidden)


def test_a_run_of_a_backlog_names_its_hours() -> None:
    """How many have something new, and which is the first."""
    (run,) = plan_runs([change(hour) for hour in (0, 1, 2, 5)], {})
    assert run.tags["hours"] == f"4 from {key_of(NOW - 5 * HOUR)}"


def test_a_change_is_requested_once() -> None:
    """A tick comes every few seconds, and a run takes longer."""
    assert plan_runs([change(0), change(1)], requested([change(0), change(1)])) == []
    (run,) = plan_runs([change(0), change(1, digest="d")], requested([change(0), change(1)]))
    assert run.first == NOW - HOUR


@given(st.sets(st.integers(0, 400), max_size=120))
def test_a_backlog_requests_few_runs(hours: set[int]) -> None:
    """Each hour is in exactly one run, no run is longer than a day, and a few hours get a run each."""
    runs = plan_runs([change(hour) for hour in hours], {})
    assert sorted(one.hour for run in runs for one in run.changes) == sorted(NOW - hour * HOUR for hour in hours)
    assert all(run.first <= one.hour <= run.last for run in runs for one in run.changes)
    assert all(run.last - run.first < 24 * HOUR for run in runs)
    assert all(before.last < after.first for before, after in itertools.pairwise(runs))
    if len(hours) <= 3:
        assert all(run.first == run.last for run in runs)


def test_a_hundred_hours_are_five_runs() -> None:
    """A first deployment on a full landing zone must not queue a hundred runs."""
    runs = plan_runs([change(hour) for hour in range(100)], {})
    assert [len(run.changes) for run in runs] == [24, 24, 24, 24, 4]
    request = runs[0].request()
    assert request.partition_key is None
    assert request.tags["dagster/asset_partition_range_start"] == key_of(runs[0].first)
    assert request.tags["dagster/asset_partition_range_end"] == key_of(runs[0].last)


def test_what_stays_requested() -> None:
    """A change that has gone or differs, or whose run failed, is forgotten, so that it can be requested again."""
    before = {name: (change, "run") for name, change in requested([change(0), change(1), change(2)]).items()}
    kept = open_requests(before, [change(0), change(1, digest="d")], [])
    assert list(kept) == list(requested([change(0)]))
    assert open_requests(before, [change(0)], ["run"]) == {}
