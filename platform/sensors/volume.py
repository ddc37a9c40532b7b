"""Volume sensor: judges each arrival hour when it has settled, also an hour in which nothing landed.

A run judges the settled hours that it loads. It is this sensor that sees an hour that no run has loaded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg
from dagster._core.event_api import PartitionKeyFilter

from assets.freshness import HOUR
from assets.partition_results import evaluation_of
from assets.volume import first_needed, is_settled, usual_volume, volume, volume_spec
from contracts.stream import Stream
from lake.hour_volumes import count_landed
from lake.schemas import Layer
from lake.tables import Lake
from partitions import HOURS_PER_RUN, arrival_window, hour_of, key_of
from resources.environment import first_hour


def hours_to_judge(judged: dt.datetime | None, now: dt.datetime) -> list[dt.datetime]:
    """The settled hours after the last one that was judged (None: only the latest), a day of them at most."""
    first, end = arrival_window(first_hour(), now)
    hours = [end - number * HOUR for number in range(HOURS_PER_RUN, 0, -1)]
    settled = [hour for hour in hours if hour >= first and is_settled(hour, now)]
    return settled[-1:] if judged is None else [hour for hour in settled if hour > judged]


def _is_judged(instance: dg.DagsterInstance, stream: Stream, hour: dt.datetime) -> bool:
    """Whether a run or this sensor has judged an hour. Dagster stores one result without a run of each partition."""
    asked = PartitionKeyFilter(key=key_of(hour))
    storage, check = instance.event_log_storage, volume_spec(stream).key
    return bool(storage.get_asset_check_execution_history(check, limit=1, partition_filter=asked))


def volume_sensor(streams: Sequence[Stream]) -> dg.SensorDefinition:
    """The sensor that records the check `volume` without runs. The cursor is the last hour that it judged."""

    @dg.sensor(
        name="volume",
        description="Compares how many records landed in an hour with the same hour of the weeks before.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def volume_of_hours(context: dg.SensorEvaluationContext, lake: dg.ResourceParam[Lake]) -> dg.SensorResult:
        hours = hours_to_judge(hour_of(context.cursor) if context.cursor else None, dt.datetime.now(dt.UTC))
        if not hours:
            return dg.SensorResult(skip_reason="no hour has settled since the last look")
        found = []
        for stream in streams:
            if (table := lake.existing(Layer.BRONZE, stream)) is None:
                continue
            landed = count_landed(table, first_needed(hours), hours[-1] + HOUR)
            known = [hour for hour in hours if usual_volume(hour, landed)]
            left = [hour for hour in known if not _is_judged(context.instance, stream, hour)]
            found += [evaluation_of(volume(stream, hour, landed), key_of(hour)) for hour in left]
        skip = None if found else "no stream has arrivals of enough weeks yet"
        return dg.SensorResult(asset_events=found, skip_reason=skip, cursor=key_of(hours[-1]))

    return volume_of_hours
