"""Arrivals: request runs of the arrival hours in which objects of the landing zone are new or have changed.

The landing zone is compared with the ledger, so nothing is missed, whenever it arrived and whatever its name is.
Recent hours are listed at every tick, all hours in slices over several ticks. The cursor only remembers what was
requested, so that a change is requested once. Without the cursor it is requested again, and the run has nothing to do.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import dagster as dg

from contracts.stream import Stream
from lake.landing import Landing, NoticesFailed
from lake.tables import Lake
from partitions import arrival_window, key_of
from resources.environment import first_hour, newest_first
from sensors.changes import HOUR, Change, digest_of
from sensors.priority import BACKLOG, LIVE
from sensors.retry import RequestState, latest_attempts, request_state
from sensors.sweep import LandingView, Place, Requests, hinted_hours, place_of

RECENT_HOURS = 3
SWEEP_EVERY = dt.timedelta(minutes=5)
SWEEP_SECONDS = 0.4  # of a tick, after its first slice
NOTICE_WAIT_S = 4.0  # less than the sensor's interval
BACKLOG_HOURS = 3  # when more older hours than these have changed, those of a day share a run
BACKLOG_RUNS = 4  # of older hours, queued or under way at a time
BACKLOG_REQUESTS = 12  # of older hours, with those that wait to be tried again
CHANGE_TAG = ".dagster/arrivals_change"  # the prefix hides it from people
PREFIXES = ("bronze", "silver", "rejected", "warehouse")


@dataclass(frozen=True)
class PlannedRun:
    """A run to request: its first and last arrival hour, and the changes in these."""

    first: dt.datetime
    last: dt.datetime
    changes: tuple[Change, ...]

    @property
    def digest(self) -> str:
        return digest_of(f"{change.stream} {change.hour} {change.digest}" for change in self.changes)

    @property
    def tags(self) -> dict[str, str]:
        """What the run is for, in words: streams, number of objects, and hours if there are several."""
        hours = len({change.hour for change in self.changes})
        span = {"hours": f"{hours} from {key_of(self.first)}"} if hours > 1 else {}
        return {
            "streams": ", ".join(sorted({change.stream for change in self.changes})),
            "objects": str(sum(change.objects for change in self.changes)),
            **span,
        }

    def request(self, recent: dt.datetime | None = None) -> dg.RunRequest:
        """Dagster's request. It has no run key: Dagster runs a key once for ever, and the UI would show it.

        From the hour `recent` on, it is for live data, which goes before older hours and backfills.
        """
        streams = sorted({change.stream for change in self.changes})
        selection = [dg.AssetKey([prefix, stream]) for stream in streams for prefix in PREFIXES]
        urgency = {} if recent is None else LIVE if self.last >= recent else BACKLOG
        tags = {CHANGE_TAG: self.digest, **self.tags, **urgency}
        if self.first == self.last:
            return dg.RunRequest(partition_key=key_of(self.first), tags=tags, asset_selection=selection)
        tags["dagster/asset_partition_range_start"] = key_of(self.first)
        tags["dagster/asset_partition_range_end"] = key_of(self.last)
        return dg.RunRequest(tags=tags, asset_selection=selection)


def plan_runs(
    changes: Sequence[Change], requested: Mapping[str, str], recent: Collection[dt.datetime] = ()
) -> list[PlannedRun]:
    """The runs for changes that were not requested yet. `requested`: from a change's name to its digest.

    Each hour is one run for all streams. In a backlog of hours that are not `recent`, those of a day share a run.
    """
    fresh = sorted((c for c in changes if requested.get(c.name) != c.digest), key=lambda c: (c.hour, c.stream))
    backlog = len({change.hour for change in fresh if change.hour not in recent}) > BACKLOG_HOURS

    def share(change: Change) -> dt.datetime | dt.date:
        return change.hour.date() if backlog and change.hour not in recent else change.hour

    shared = [tuple(group) for _, group in groupby(fresh, share)]
    return [PlannedRun(group[0].hour, group[-1].hour, group) for group in shared]


def choose_runs(
    runs: Sequence[PlannedRun], recent: Collection[dt.datetime], room: int, newest_first: bool
) -> list[PlannedRun]:
    """The runs to request now: all of recent hours, and as many others as there is room for."""
    backlog = [run for run in runs if run.first not in recent]
    ordered = backlog[::-1] if newest_first else backlog
    return [*(run for run in runs if run.first in recent), *ordered[: max(room, 0)]]


def room_for(requests: Requests, states: Mapping[str, RequestState], recent: Collection[dt.datetime]) -> int:
    """How many runs of older hours may be requested now."""
    older = {run for name, (_, run) in requests.items() if place_of(name)[1] not in recent}
    active = sum(states[run] in (RequestState.QUEUED, RequestState.RUNNING) for run in older)
    waiting = sum(states[run] is RequestState.WAITING for run in older)
    return min(BACKLOG_RUNS - active, BACKLOG_REQUESTS - active - waiting)


def open_requests(
    requests: Requests, current: Mapping[str, str | None], states: Mapping[str, RequestState]
) -> dict[str, tuple[str, str]]:
    """The requests that still count: their change is still there, and their run has not failed or not begun yet.

    `current`: the digest of the change (None: no change) of each hour that has been listed.
    """
    return {
        name: (change, run)
        for name, (change, run) in requests.items()
        if states[run] is RequestState.QUEUED
        or (states[run] is not RequestState.DUE and current.get(name, change) == change)
    }


def decide(
    changes: Sequence[Change],
    requests: Requests,
    listed: Collection[str],
    states: Mapping[str, RequestState],
    recent: Collection[dt.datetime],
    newest: bool,
) -> tuple[list[PlannedRun], dict[str, tuple[str, str]]]:
    """The runs to request, and all requests that count then. `changes` are all of the hours `listed` so far.

    An hour whose run waits to begin is not requested again: the run will list the hour when it begins.
    """
    current = dict.fromkeys(listed) | {change.name: change.digest for change in changes}
    kept = open_requests(requests, current, states)
    queued = {name for name, (_, run) in kept.items() if states[run] is RequestState.QUEUED}
    fresh = [change for change in changes if change.name not in queued]
    runs = plan_runs(fresh, {name: change for name, (change, _) in kept.items()}, recent)
    chosen = choose_runs(runs, recent, room_for(kept, states, recent), newest)
    return chosen, kept | {change.name: (change.digest, run.digest) for run in chosen for change in run.changes}


def arrivals_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor that requests runs of the job `ingest`, for all streams."""
    view = LandingView(streams)

    @dg.sensor(
        name="arrivals",
        description="Requests runs of the arrival hours in which objects of the landing zone are new or have changed.",
        job=job,
        minimum_interval_seconds=5,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def arrivals(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], landing: dg.ResourceParam[Landing]
    ) -> dg.SensorResult:
        begun, now, newest = time.monotonic(), dt.datetime.now(dt.UTC), newest_first()
        cursor = json.loads(context.cursor or "{}")
        asked = {name: tuple(each) for name, each in cursor.get("asked", {}).items()}
        before = {name: each for name, each in asked.items() if place_of(name)[0] in view.changes}
        states = {run: _state(context, run, now) for run in {run for _, run in before.values()}}
        window = arrival_window(first_hour(), now)
        recent = [window[1] - (index + 1) * HOUR for index in range(RECENT_HOURS)]
        view.follow(lake)
        if "swept" not in cursor or view.is_sweep_due(now, SWEEP_EVERY):
            view.begin_sweep(landing, window, now, newest)
        view.list_again(before, {run for run, state in states.items() if state is RequestState.SUCCEEDED})
        hinted = _hinted(context, landing, streams, 0)
        view.list_hours(landing, [*((s.name, hour) for s in streams for hour in recent), *hinted], window, now)
        view.list_slices(landing, window, now, lambda: time.monotonic() - begun < SWEEP_SECONDS)
        runs, requests = decide(view.found(window, now), before, view.listed(before), states, recent, newest)
        if not runs and not view.waiting and (hinted := _hinted(context, landing, streams, NOTICE_WAIT_S)):
            view.follow(lake)
            view.list_hours(landing, hinted, window, now)
            runs, requests = decide(view.found(window, now), before, view.listed(before), states, recent, newest)
        return dg.SensorResult(
            run_requests=[run.request(recent[-1]) for run in runs],
            skip_reason=None if runs else "nothing new in the landing zone",
            cursor=json.dumps({"swept": str(view.swept), "asked": requests}),
        )

    return arrivals


def _hinted(
    context: dg.SensorEvaluationContext, landing: Landing, streams: Sequence[Stream], wait_s: float
) -> list[Place]:
    """The hours in which the storage has reported objects. Without its reports the sensor finds all objects later."""
    try:
        return hinted_hours(landing.noticed(wait_s), streams)
    except NoticesFailed as error:
        context.log.warning(str(error))
        return []


def _state(context: dg.SensorEvaluationContext, run_digest: str, now: dt.datetime) -> RequestState:
    return request_state(latest_attempts(context.instance, dg.RunsFilter(tags={CHANGE_TAG: run_digest})), now)
