"""Landing assets: the messages of a stream's topic, landed as objects."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from assets.advice import advice
from assets.asset_specs import landing_key, landing_spec
from assets.partition_results import CheckResult, record_check
from contracts.stream import Stream
from lake.kafka.progress import LOSSES, Alarm, Progress
from lake.landing import Landing
from lake.tables import Lake
from resources.kafka.drain import Drained
from resources.kafka.kafka import Kafka, Outcome, forget_alarms

PROGRESS = "progress"  # metadata of a materialization: how far each partition was read, and the alarms


class DrainConfig(dg.Config):
    """What a drain is asked for besides draining."""

    forget_alarms: bool = False


def landing_asset(stream: Stream) -> dg.AssetsDefinition:
    """`landing/<stream>`, without partitions: it holds all messages of the topic that have landed."""

    @dg.multi_asset(
        name=f"landing_{stream.name}",
        specs=[landing_spec(stream)],
        check_specs=[offsets_spec(stream)],
        can_subset=True,
        pool=f"landing_{stream.name}",
    )
    def landed(
        context: dg.AssetExecutionContext,
        config: DrainConfig,
        lake: dg.ResourceParam[Lake],
        landing: dg.ResourceParam[Landing],
        kafka: dg.ResourceParam[Kafka],
    ) -> Iterator[dg.MaterializeResult[None]]:
        before = recorded_progress(context.instance, stream)
        if config.forget_alarms:
            before = forget_alarms(before)
        started = time.monotonic()
        outcome = kafka.drain(lake, landing, stream, before)
        for warning in _warnings(outcome.drained):
            context.log.warning(warning)
        for written in outcome.drained.objects:
            context.log.info(f"landed {written.path}: {written.records:,} messages")
        record_check(context, offsets(stream, outcome.progress.alarms))
        seconds = round(time.monotonic() - started, 3)
        yield dg.MaterializeResult(metadata={**drain_metadata(outcome), "run_seconds": seconds})

    return landed


def _warnings(drained: Drained) -> Iterator[str]:
    """Why a drain has stopped before the end of a partition. The next run goes on, and gives alarm if it has to."""
    for number in sorted(drained.lost):
        yield f"partition {number}: another drain has landed the same messages, so this one stopped"
    for number in sorted(drained.expired):
        yield f"partition {number}: messages were deleted while they were read, so this drain stopped"
    if drained.recreated:
        yield "the topic was created again while it was read, so this drain stopped"


def recorded_progress(instance: dg.DagsterInstance, stream: Stream) -> Progress | None:
    """What the last drain recorded; None if there was none, or its record is gone."""
    event = instance.get_latest_materialization_event(landing_key(stream))
    materialization = event.asset_materialization if event else None
    found = materialization.metadata.get(PROGRESS) if materialization else None
    return Progress.from_json(str(found.value)) if found else None


def drain_metadata(outcome: Outcome) -> dict[str, Any]:
    """The figures of a run; those that are numbers are plotted."""
    drained = outcome.drained
    return {
        "messages": sum(written.records for written in drained.objects),
        "objects": len(drained.objects),
        "bytes_landed": sum(written.size for written in drained.objects),
        **{name: drained.notable[name] for name in ("tombstones", "not_text", "oversize")},
        "lag": sum(outcome.lag.values()),
        **{f"lag_{number}": messages for number, messages in sorted(outcome.lag.items())},
        "topic_id": outcome.progress.topic_id,
        PROGRESS: dg.MetadataValue.text(outcome.progress.to_json()),
    }


def offsets_spec(stream: Stream) -> dg.AssetCheckSpec:
    text = "No message of the topic was lost, and the topic and its partitions are those of the last drain"
    return dg.AssetCheckSpec("offsets", asset=landing_key(stream), description=text)


def offsets(stream: Stream, alarms: Sequence[Alarm]) -> CheckResult:
    """Fails while there are alarms: as an error if messages may be lost, else as a warning."""
    metadata = {"alarms": len(alarms)}
    lost = any(alarm.kind in LOSSES for alarm in alarms)
    severity = dg.AssetCheckSeverity.ERROR if lost else dg.AssetCheckSeverity.WARN
    if not alarms:
        return CheckResult(offsets_spec(stream), True, metadata, severity)
    problem = str(alarms[-1]) if len(alarms) == 1 else f"{len(alarms)} alarms, the last one: {alarms[-1]}"
    texts = [str(alarm) for alarm in reversed(alarms)]
    return CheckResult(offsets_spec(stream), False, metadata, severity, problem, advice("offsets", stream), texts)
