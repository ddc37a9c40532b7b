"""Freshness: how long a stream's assets may go without new events.

The contract promises that at the end of an arrival hour the newest event is at most `freshness` old. Until the next
hour ends, it may become one hour older. Both things below use this limit:

- Dagster's freshness policy of an asset looks at the time of its last materialization: has anything been loaded?
- The check `up_to_date` looks at the newest event in silver, so a backfill of old hours does not make it pass. It
  warns, as the hours that are there are good.

Where nothing is loaded, no event gets newer: both fail together. After a backfill only the check fails. A stream that
is silent by night needs a longer `freshness` in its contract; nothing here knows what a night is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.advice import advice
from assets.partition_results import CheckResult
from assets.ui import in_words
from contracts.stream import Stream
from lake.schemas import Layer

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
GOLD_AFTER = HOUR  # how long after silver a gold run may end


def oldest_allowed(stream: Stream) -> dt.timedelta:
    """How old a stream's newest event may be at any time."""
    return stream.freshness + HOUR


def lake_policy(stream: Stream) -> dg.FreshnessPolicy:
    """For bronze, silver and the warehouse: warns after the promised time, fails when the promise is broken."""
    return dg.FreshnessPolicy.time_window(oldest_allowed(stream), stream.freshness)


def gold_policy(streams: Sequence[Stream]) -> dg.FreshnessPolicy | None:
    """For a model that is made of these streams: it is built when any of them has new rows. None if it has none."""
    if not streams:
        return None
    allowed = min(oldest_allowed(stream) for stream in streams)
    return dg.FreshnessPolicy.time_window(allowed + GOLD_AFTER, allowed)


def up_to_date_spec(stream: Stream) -> dg.AssetCheckSpec:
    """The check of the newest event. It has no partitions: it is about the stream, not about an hour."""
    limit = in_words(oldest_allowed(stream))
    return dg.AssetCheckSpec(
        "up_to_date",
        asset=[Layer.SILVER.value, stream.name],
        description=f"The newest event in silver is at most {limit} old, whichever hours were materialized last",
    )


def up_to_date(stream: Stream, newest: dt.datetime, now: dt.datetime) -> CheckResult:
    """Warns if the newest event is too old at `now`."""
    age, limit = now - newest, oldest_allowed(stream)
    metadata = {"newest_event": newest.isoformat(), "minutes_old": round(age / MINUTE, 1)}
    spec, warn = up_to_date_spec(stream), dg.AssetCheckSeverity.WARN
    if age <= limit:
        return CheckResult(spec, True, metadata, warn)
    problem = f"The newest event is {in_words(age)} old; the contract allows {in_words(limit)}"
    return CheckResult(spec, False, metadata, warn, problem, advice("up_to_date", stream))
