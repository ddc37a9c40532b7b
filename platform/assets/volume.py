"""Volume: whether as many records landed in an arrival hour as in the same hour of the weeks before.

Traffic repeats by the week, so an hour is compared with the hours one to `WEEKS` weeks earlier: with their median, and
with their median distance from it (MAD). Neither moves when one of these hours had an outage or a rush. An hour is
judged when it has been over for `SETTLED_AFTER`, as an unfinished hour says nothing.

Known limits: a holiday differs from other weeks, and is told. After a lasting change (a launch, a new producer) the
check warns until half of the weeks have the new level.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

import dagster as dg

from assets.advice import advice
from assets.freshness import HOUR
from assets.partition_results import CheckResult
from assets.partition_sets import arrival_hours
from contracts.stream import Stream
from lake.schemas import Layer
from partitions import key_of

WEEK = dt.timedelta(weeks=1)
WEEKS, LEAST_WEEKS = 6, 3
SETTLED_AFTER = dt.timedelta(minutes=15)  # after the hour's end: transports deliver its last objects until then
SIGMA_OF_MAD = 1.4826  # of normally distributed numbers, MAD times this is the standard deviation
SIGMAS = 4.0
LEAST_SHARE = 0.3  # of the median: a few weeks may agree by chance, and their MAD is too small then
LEAST_RECORDS = 20.0


class Usual(NamedTuple):
    """What is usual in an hour: the median of the same hour of earlier weeks, and the distance that is tolerated."""

    records: float
    tolerance: float
    weeks: int


def is_settled(hour: dt.datetime, now: dt.datetime) -> bool:
    """Whether an arrival hour has been over for long enough to be judged."""
    return now >= hour + HOUR + SETTLED_AFTER


def first_needed(hours: Sequence[dt.datetime]) -> dt.datetime:
    """The first hour whose count is needed to judge some hours."""
    return min(hours) - WEEKS * WEEK


def usual_volume(hour: dt.datetime, landed: Mapping[dt.datetime, int]) -> Usual | None:
    """What is usual, by the records that landed in each hour before. None with less than `LEAST_WEEKS` weeks of them.

    Weeks before the first hour in `landed` do not count. After it, an hour that is not there had no records.
    """
    first = min(landed, default=hour)
    earlier = [hour - number * WEEK for number in range(1, WEEKS + 1)]
    counts = [landed.get(each, 0) for each in earlier if each >= first]
    if len(counts) < LEAST_WEEKS:
        return None
    middle = median(counts)
    spread = SIGMA_OF_MAD * median(abs(count - middle) for count in counts)
    # Counts of independent events vary by the root of their number, however steady their source is.
    tolerance = max(SIGMAS * spread, LEAST_SHARE * middle, SIGMAS * math.sqrt(middle), LEAST_RECORDS)
    return Usual(middle, tolerance, len(counts))


def volume_spec(stream: Stream) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "volume",
        asset=[Layer.BRONZE.value, stream.name],
        description=f"As many records as usual landed in the hour: as in this hour of the last {WEEKS} weeks",
        partitions_def=arrival_hours(),
    )


def volume(stream: Stream, hour: dt.datetime, landed: Mapping[dt.datetime, int]) -> CheckResult:
    """Warns if the number of records of a settled hour is unusual. Passes, and says so, while there is no base."""
    spec, warn = volume_spec(stream), dg.AssetCheckSeverity.WARN
    found, usual = landed.get(hour, 0), usual_volume(hour, landed)
    if usual is None:
        base = f"none yet: it takes {LEAST_WEEKS} weeks of arrivals"
        return CheckResult(spec, True, {"records": found, "base": base}, warn)
    metadata = {
        "records": found,
        "usual_records": usual.records,
        "least_expected": max(usual.records - usual.tolerance, 0.0),
        "most_expected": usual.records + usual.tolerance,
        "base": f"this hour of {usual.weeks} earlier weeks",
    }
    if abs(found - usual.records) <= usual.tolerance:
        return CheckResult(spec, True, metadata, warn)
    than = "fewer" if found < usual.records else "more"
    problem = f"{found:,} records landed, far {than} than the usual {usual.records:,.0f}"
    return CheckResult(spec, False, metadata, warn, problem, advice("volume", stream, key_of(hour)))
