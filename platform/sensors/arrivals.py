"""Arrivals: request runs of the arrival hours in which objects of the landing zone are new or have changed.

The landing zone is compared with the ledger, so nothing is missed, whenever it arrived and whatever its name is.
Recent hours are listed at every tick, all hours in a sweep every few minutes. The cursor only remembers what was
requested, so that a change is requested once. Without the cursor it is requested again, and the run has nothing to do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from contracts.stream import Stream
from lake.landing import LandedObject, Landing
from lake.ledger import ledger_rows, settled_objects
from lake.schemas import Layer
from lake.tables import Lake
from partitions import HOURS_PER_RUN, Window, arrival_window, hour_of, inside_window, key_of
from resources.environment import first_hour
from sensors.priority import BACKLOG, LIVE
from sensors.retry import RequestState, latest_attempts, request_state

RECENT_HOURS = 3
SWEEP_EVERY = dt.timedelta(minutes=5)
BACKLOG_HOURS = 3  # when more hours than these have changed, they share runs
CHANGE_TAG = ".dagster/arrivals_change"  # the prefix hides it from people
PREFIXES = ("bronze", "silver", "rejected", "warehouse")
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
class PlannedRun:
    """A run to request: its first and last arrival hour, and the changes in these."""

    first: dt.datetime
    last: dt.datetime
    changes: tuple[Change, ...]

    @property
    def digest(self) -> str:
        return _digest(f"{change.stream} {change.hour} {change.digest}" for change in self.changes)

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
    return [Change(stream, hour, _digest(sorted(objects)), len(objects)) for hour, objects in sorted(by_hour.items())]


def plan_runs(changes: Sequence[Change], requested: Mapping[str, str]) -> list[PlannedRun]:
    """The runs for changes that were not requested yet. `requested`: from a change's name to its digest.

    Each hour is one run for all streams. Hours of a backlog share runs of up to `HOURS_PER_RUN` hours.
    """
    fresh = sorted((c for c in changes if requested.get(c.name) != c.digest), key=lambda c: (c.hour, c.stream))
    hours = sorted({change.hour for change in fresh})
    hours_per_run = HOURS_PER_RUN if len(hours) > BACKLOG_HOURS else 1
    runs: list[PlannedRun] = []
    while hours:
        span = [hour for hour in hours if hour - hours[0] < hours_per_run * HOUR]
        runs.append(PlannedRun(span[0], span[-1], tuple(change for change in fresh if change.hour in span)))
        hours = hours[len(span) :]
    return runs


def open_requests(
    requested: Mapping[str, tuple[str, str]], changes: Sequence[Change], failed: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """The requests that still count: their change is still there, and their run is not one of `failed`.

    From a change's name to the digests of change and run.
    """
    current = {change.name: change.digest for change in changes}
    due_again = set(failed)
    return {
        name: (change, run)
        for name, (change, run) in requested.items()
        if current.get(name) == change and run not in due_again
    }


def arrivals_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor that requests runs of the job `ingest`, for all streams."""

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
        now = dt.datetime.now(dt.UTC)
        cursor = json.loads(context.cursor or "{}")
        sweep = now - dt.datetime.fromisoformat(cursor.get("swept", "1970-01-01T00:00:00+00:00")) >= SWEEP_EVERY
        changes = [change for stream in streams for change in listed_changes(lake, landing, stream, now, sweep)]
        before = {name: (change, run) for name, (change, run) in cursor.get("asked", {}).items()}
        known = changes if sweep else [*changes, *_changes_of_old_hours(before, now)]
        runs = {run for _, run in before.values()}  # hours of a backlog share runs
        due = [run for run in runs if _state(context, run, now) is RequestState.DUE]
        requested = open_requests(before, known, due)
        requests = []
        for planned in plan_runs(changes, {name: change for name, (change, _) in requested.items()}):
            requests.append(planned.request(_recent_hours(now)[-1]))
            requested |= {change.name: (change.digest, planned.digest) for change in planned.changes}
        swept = now.isoformat() if sweep else cursor.get("swept")
        text = json.dumps({"swept": swept, "asked": requested})
        skip = None if requests else "nothing new in the landing zone"
        return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=text)

    return arrivals


def listed_changes(lake: Lake, landing: Landing, stream: Stream, now: dt.datetime, sweep: bool) -> list[Change]:
    """The changes in all hours, or in the recent ones only."""
    window = arrival_window(first_hour(), now)
    hours = _recent_hours(now)
    landed = landing.objects(stream, None if sweep else hours)
    if not landed:
        return []
    ledger = ledger_rows(lake.table(Layer.LEDGER, stream), None if sweep else hours)
    return find_changes(stream.name, landed, settled_objects(ledger, landed, window, now), window)


def _changes_of_old_hours(requested: Mapping[str, tuple[str, str]], now: dt.datetime) -> list[Change]:
    """The requested changes of hours that only a sweep lists. Until the next sweep they count as still there."""
    recent = _recent_hours(now)
    found = []
    for name, (change, _) in requested.items():
        stream, key = name.rsplit(" ", 1)
        if hour_of(key) not in recent:
            found.append(Change(stream, hour_of(key), change))
    return found


def _recent_hours(now: dt.datetime) -> list[dt.datetime]:
    current = arrival_window(first_hour(), now)[1] - HOUR
    return [current - index * HOUR for index in range(RECENT_HOURS)]


def _state(context: dg.SensorEvaluationContext, run_digest: str, now: dt.datetime) -> RequestState:
    return request_state(latest_attempts(context.instance, dg.RunsFilter(tags={CHANGE_TAG: run_digest})), now)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
