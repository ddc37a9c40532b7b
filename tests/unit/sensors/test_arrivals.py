"""Which runs the changes of the landing zone request: pure decisions."""

from __future__ import annotations

import datetime as dt
import itertools
import json

import dagster as dg
from dagster._core.storage.tags import TagType, get_tag_type
from hypothesis import given
from hypothesis import strategies as st

from lake.landing import LandedObject
from partitions import key_of
from sensors.arrivals import BACKLOG_REQUESTS, BACKLOG_RUNS, PlannedRun, decide, open_requests, plan_runs
from sensors.changes import HOUR, Change, find_changes
from sensors.retry import RequestState

NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
RECENT = [NOW, NOW - HOUR, NOW - 2 * HOUR]
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


def test_a_hundred_hours_are_a_run_for_each_day() -> None:
    """A first deployment on a full landing zone must not queue a hundred runs. A day keeps its run as time goes on."""
    runs = plan_runs([change(hour) for hour in range(100)], {})
    assert [len(run.changes) for run in runs] == [17, 24, 24, 24, 11]
    assert all(run.first.date() == run.last.date() for run in runs)
    request = runs[0].request()
    assert request.partition_key is None
    assert request.tags["dagster/asset_partition_range_start"] == key_of(runs[0].first)
    assert request.tags["dagster/asset_partition_range_end"] == key_of(runs[0].last)


def test_recent_hours_share_no_run_with_a_backlog() -> None:
    """Live data would wait for a day of old hours."""
    runs = plan_runs([change(hour) for hour in range(10)], {}, RECENT)
    assert [(run.first, run.last) for run in runs[-3:]] == [(hour, hour) for hour in RECENT[::-1]]
    assert len(runs) == 4


def test_what_stays_requested() -> None:
    """A change that has gone or differs, or whose run failed, is forgotten, so that it can be requested again."""
    before = {name: (change, "run") for name, change in requested([change(0), change(1), change(2), change(9)]).items()}
    current = {change(0).name: "c", change(1).name: "d", change(2).name: None}
    kept = open_requests(before, current, {"run": RequestState.RUNNING})
    assert list(kept) == list(requested([change(0), change(9)])), "the last one was not listed yet"
    assert open_requests(before, current, {"run": RequestState.DUE}) == {}
    assert open_requests(before, current, {"run": RequestState.QUEUED}) == before


def test_an_hour_whose_run_waits_to_begin_is_not_requested_again() -> None:
    """The run lists the hour when it begins. While it is under way, later objects need another one."""
    before = {change(0).name: ("c", "run")}
    for state, runs in ((RequestState.QUEUED, 0), (RequestState.RUNNING, 1)):
        found, kept = decide([change(0, digest="d")], before, [change(0).name], {"run": state}, RECENT, True)
        assert len(found) == runs
        assert list(kept) == [change(0).name]


class Backlog:
    """Hours with a change each, and the requests for them. Hours whose run succeeds have no change any more."""

    def __init__(self, hours: set[int], broken: set[int]) -> None:
        self.changes = {change(hour).name: change(hour) for hour in hours}
        self.broken = {change(hour).name for hour in broken}
        self.requests: dict[str, tuple[str, str]] = {}
        self.states: dict[str, RequestState] = {}
        self.begun: list[PlannedRun] = []

    def tick(self, newest: bool) -> list[PlannedRun]:
        listed = {*self.changes, *self.requests}
        runs, self.requests = decide(list(self.changes.values()), self.requests, listed, self.states, RECENT, newest)
        self.states = {run: self.states.get(run, RequestState.QUEUED) for _, run in self.requests.values()}
        self.begun += runs
        return runs

    def finish(self, pick: int) -> None:
        """One of the runs under way ends: broken hours stay changed, and the run is tried again after a while."""
        active = [run for run in self.begun if self.states.get(run.digest) is RequestState.QUEUED]
        if active:
            run = active[pick % len(active)]
            left = [one for one in run.changes if one.name in self.broken]
            self.states[run.digest] = RequestState.WAITING if left else RequestState.SUCCEEDED
            for one in run.changes:
                if one not in left:
                    self.changes.pop(one.name, None)


@given(
    st.sets(st.integers(0, 1000), max_size=300),
    st.sets(st.integers(0, 1000), max_size=20),
    st.lists(st.integers(0, 9), min_size=1),
    st.booleans(),
)
def test_a_backlog_is_loaded_by_a_bounded_number_of_runs(
    hours: set[int], broken: set[int], picks: list[int], newest: bool
) -> None:
    """Whatever the order in which runs end and whichever fail, all other hours get their turn."""
    backlog = Backlog(hours, broken & hours)
    for pick in itertools.islice(itertools.cycle(picks), 4 * len(hours) + 1):
        backlog.tick(newest)
        older = {run for name, (_, run) in backlog.requests.items() if backlog.changes.get(name, change(9)).hour < NOW}
        states = [backlog.states[run] for run in older]
        assert states.count(RequestState.QUEUED) <= BACKLOG_RUNS + len(RECENT)
        assert len(json.dumps(backlog.requests)) < 100 * 24 * (BACKLOG_REQUESTS + len(RECENT))
        backlog.finish(pick)
    left = set(backlog.changes)
    stuck = sum(state is RequestState.WAITING for state in backlog.states.values()) >= BACKLOG_REQUESTS
    assert left == backlog.broken or stuck


def test_a_backlog_of_a_thousand_hours_begins_with_the_newest() -> None:
    """A person wants today before last year; who replays history may want the opposite. Live hours come first."""
    for newest, days in ((True, [0, 1, 2, 3]), (False, [42, 41, 40, 39])):
        runs = Backlog(set(range(1000)), set()).tick(newest)
        assert [run.first for run in runs[:3]] == RECENT[::-1]
        assert [(NOW.date() - run.first.date()).days for run in runs[3:]] == days
