"""Freshness sensor: re-evaluates the check `up_to_date` while nothing arrives, when no run would do it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence

import dagster as dg

from assets.freshness import up_to_date
from assets.partition_results import evaluation_of
from contracts.stream import Stream
from lake.reading import newest
from lake.schemas import Layer
from lake.tables import Lake

EVERY_SECONDS = 60


def freshness_sensor(streams: Sequence[Stream]) -> dg.SensorDefinition:
    """The sensor that records check results without runs. It records a stream's result only when it has changed.

    The cursor holds the results by stream. A stream that has no event in silver yet is left out.
    """

    @dg.sensor(
        name="freshness",
        description="Looks at each stream's newest event and records the check up_to_date when its result changes.",
        minimum_interval_seconds=EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def freshness(context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake]) -> dg.SensorResult:
        before, now = json.loads(context.cursor or "{}"), dt.datetime.now(dt.UTC)
        tables = ((stream, lake.existing(Layer.SILVER, stream)) for stream in streams)
        events = ((stream, newest(table, "event_at")) for stream, table in tables if table)
        found = {stream.name: up_to_date(stream, at, now) for stream, at in events if at}
        changed = [result for name, result in found.items() if before.get(name) != result.passed]
        return dg.SensorResult(
            asset_events=[evaluation_of(result) for result in changed],
            skip_reason=None if changed else "no stream's result has changed",
            cursor=json.dumps({name: result.passed for name, result in found.items()}),
        )

    return freshness
