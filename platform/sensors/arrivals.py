"""Arrivals: new and changed objects in the landing zone ask for runs of their hours.

What lies there is compared with the ledger, so that nothing is missed whenever it came and whatever its name. Recent
hours are listed at every tick, everything in a slow sweep. The cursor only remembers what was asked for, so that one
change asks once; without it the same is asked again, and finds nothing to do.
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
from lake.ledger import known_objects, ledger_rows, to_retry
from lake.schemas import Layer
from lake.tables import Lake
from partitions import HOURS_PER_RUN, arrival_window, hour_of, inside_window, key_of
from sensors.retrying import Standing, attempts, standing

RECENT_HOURS = 3
SWEEP_EVERY = dt.timedelta(minutes=5)
FEW_HOURS = 3  # more hours than these with news are a backlog, and share runs
CHANGE_TAG = "arrivals/change"
PREFIXES = ("bronze", "silver", "rejected", "warehouse")
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class News:
    """What is new of a stream in an arrival hour; `change` stands for these very objects in these versions."""

    stream: str
    hour: dt.datetime
    change: str


@dataclass(frozen=True)
class Ask:
    """One run to ask for: a span of hours and the news in it."""

    first: dt.datetime
    last: dt.datetime
    news: tuple[News, ...]

    @property
    def change(self) -> str:
        return _digest(f"{n.stream} {n.hour} {n.change}" for n in self.news)

    def request(self, attempt: int) -> dg.RunRequest:
        streams = sorted({n.stream for n in self.news})
        selection = [dg.AssetKey([prefix, stream]) for stream in streams for prefix in PREFIXES]
        tags = {CHANGE_TAG: self.change}
        if self.first == self.last:
            return dg.RunRequest(
                f"{self.change}-{attempt}", partition_key=key_of(self.first), tags=tags, asset_selection=selection
            )
        tags["dagster/asset_partition_range_start"] = key_of(self.first)
        tags["dagster/asset_partition_range_end"] = key_of(self.last)
        return dg.RunRequest(f"{self.change}-{attempt}", tags=tags, asset_selection=selection)


def find_news(
    stream: str, landed: Iterable[LandedObject], known: set[tuple[str, str]], window: tuple[dt.datetime, dt.datetime]
) -> list[News]:
    """Objects that the ledger does not know in their version, by hour. Those of no hour go with the current one,
    whose run refuses them in the ledger."""
    by_hour: dict[dt.datetime, list[str]] = {}
    for landed_object in landed:
        if (landed_object.path, landed_object.version) in known:
            continue
        hour = landed_object.arrival_hour
        at = hour if hour is not None and inside_window(hour, window) else window[1] - HOUR
        by_hour.setdefault(at, []).append(f"{landed_object.path} {landed_object.version}")
    return [News(stream, hour, _digest(sorted(objects))) for hour, objects in sorted(by_hour.items())]


def decide(news: Sequence[News], asked: Mapping[str, str]) -> list[Ask]:
    """The runs that news asks for and nothing asked for yet (`asked`: stream and hour -> change).

    One run an hour for all streams; hours of a backlog share runs of at most a day.
    """
    fresh = sorted((n for n in news if asked.get(_name(n)) != n.change), key=lambda n: (n.hour, n.stream))
    hours = sorted({n.hour for n in fresh})
    width = HOURS_PER_RUN if len(hours) > FEW_HOURS else 1
    asks: list[Ask] = []
    while hours:
        span = [hour for hour in hours if hour - hours[0] < width * HOUR]
        asks.append(Ask(span[0], span[-1], tuple(n for n in fresh if n.hour in span)))
        hours = hours[len(span) :]
    return asks


def _name(news: News) -> str:
    return f"{news.stream} {key_of(news.hour)}"


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def still_asked(
    asked: Mapping[str, tuple[str, str]], news: Sequence[News], failed: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """What stays asked for: (change, run's change) of news that is still news and whose run has not failed."""
    current = {_name(n): n.change for n in news}
    broken = set(failed)
    return {
        name: (change, run)
        for name, (change, run) in asked.items()
        if current.get(name) == change and run not in broken
    }


def arrivals_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """One sensor for all streams."""

    @dg.sensor(name="arrivals", job=job, minimum_interval_seconds=5, default_status=dg.DefaultSensorStatus.RUNNING)
    def arrivals(
        context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake], landing: dg.ResourceParam[Landing]
    ) -> dg.SensorResult:
        """Asks for runs of the hours in which objects are new or have changed."""
        now = dt.datetime.now(dt.UTC)
        cursor = json.loads(context.cursor or "{}")
        sweep = now - dt.datetime.fromisoformat(cursor.get("swept", "1970-01-01T00:00:00+00:00")) >= SWEEP_EVERY
        news = [n for stream in streams for n in _news(lake, landing, stream, now, sweep)]
        before = {name: (change, run) for name, (change, run) in cursor.get("asked", {}).items()}
        seen = news if sweep else [*news, *_remembered(before, now)]
        runs = {run for _, run in before.values()}  # hours of a backlog share runs
        failed = [run for run in runs if _standing(context, run, now) is Standing.TRY]
        asked = still_asked(before, seen, failed)
        asks = decide(news, {name: change for name, (change, _) in asked.items()})
        requests = []
        for ask in asks:
            earlier = attempts(context.instance, dg.RunsFilter(tags={CHANGE_TAG: ask.change}))
            requests.append(ask.request(len(earlier)))
            asked |= {_name(n): (n.change, ask.change) for n in ask.news}
        swept = now.isoformat() if sweep else cursor.get("swept")
        text = json.dumps({"swept": swept, "asked": asked})
        skip = None if requests else "nothing new in the landing zone"
        return dg.SensorResult(run_requests=requests, skip_reason=skip, cursor=text)

    return arrivals


def _standing(context: dg.SensorEvaluationContext, change: str, now: dt.datetime) -> Standing:
    return standing(attempts(context.instance, dg.RunsFilter(tags={CHANGE_TAG: change})), now)


def _remembered(asked: Mapping[str, tuple[str, str]], now: dt.datetime) -> list[News]:
    """What was asked for in hours that only a sweep lists; until the next one it counts as it was."""
    recent = _recent(now)
    found = []
    for name, (change, _) in asked.items():
        stream, key = name.rsplit(" ", 1)
        if hour_of(key) not in recent:
            found.append(News(stream, hour_of(key), change))
    return found


def _recent(now: dt.datetime) -> list[dt.datetime]:
    current = arrival_window(now)[1] - HOUR
    return [current - index * HOUR for index in range(RECENT_HOURS)]


def _news(lake: Lake, landing: Landing, stream: Stream, now: dt.datetime, sweep: bool) -> list[News]:
    window = arrival_window(now)
    hours = _recent(now)
    landed = landing.objects(stream, None if sweep else hours)
    if not landed:
        return []
    ledger = ledger_rows(lake.table(Layer.LEDGER, stream), [window[0], window[1] - HOUR] if sweep else hours)
    current = ledger.filter("current")
    outside = {(o.path, o.version) for o in landed if not inside_window(o.arrival_hour, window)}
    retry = to_retry(now)
    known_inside = known_objects(current, outside_window=False, retry=retry)
    known = known_inside | (known_objects(current, outside_window=True, retry=retry) & outside)
    return find_news(stream.name, landed, known, window)
