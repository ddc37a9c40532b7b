"""Drains: request a run that lands a topic's messages, when the brokers have what the last run did not read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import dagster as dg

from assets.asset_specs import landing_key
from assets.landing import recorded_progress
from contracts.stream import Stream
from lake.kafka.progress import Progress, TopicState, due_partitions, has_changed, read_before
from resources.kafka.errors import KafkaFailed
from resources.kafka.kafka import Kafka
from resources.kafka.settings import BOOTSTRAP
from sensors.retry import Attempt, RequestState, latest_attempts, request_state

POLL_EVERY_SECONDS = 60
LATEST = 20  # runs of a stream
STREAM_TAG = "stream"


def drain_request(
    stream: Stream, topic: TopicState | None, before: Progress | None, runs: Sequence[Attempt], now: dt.datetime
) -> dg.RunRequest | str:
    """The run that drains a stream's topic, or why there is none to request.

    Without a `topic` the brokers did not answer: the run says why, where a person sees it. `runs` are the latest of
    this stream, newest first. Failed ones since the last success make the next one wait.
    """
    failed = []
    for run in runs:
        if run.status is dg.DagsterRunStatus.SUCCESS:
            break
        failed.append(run)
    state = request_state(failed, now)
    if state is not RequestState.DUE:
        return f"{stream.name}: {state.value}"
    if topic is None:
        return dg.RunRequest(asset_selection=[landing_key(stream)], tags={STREAM_TAG: stream.name})
    if not has_changed(topic, before):
        return f"{stream.name}: nothing new in the topic"
    read_to = read_before(topic, before)
    offsets = sum(
        topic.partitions[number].end - max(read_to.get(number, 0), topic.partitions[number].first)
        for number in due_partitions(topic, before)
    )
    tags = {STREAM_TAG: stream.name, "offsets": str(max(offsets, 0))}
    return dg.RunRequest(asset_selection=[landing_key(stream)], tags=tags)


def drains_sensor(streams: Sequence[Stream], job: dg.UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor that requests runs of the job `drain`, for the streams that declare a topic."""

    @dg.sensor(
        name="drains",
        description="Asks Kafka's brokers every minute, and requests a run for each topic that has new messages.",
        job=job,
        minimum_interval_seconds=POLL_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def drains(context: dg.SensorEvaluationContext, kafka: dg.ResourceParam[Kafka]) -> dg.SensorResult:
        if kafka.settings is None:
            return dg.SensorResult(skip_reason=f"{BOOTSTRAP} is not set")
        now, answers = dt.datetime.now(dt.UTC), []
        for stream in streams:
            filters = dg.RunsFilter(job_name=job.name, tags={STREAM_TAG: stream.name})
            runs = latest_attempts(context.instance, filters, LATEST)
            before = recorded_progress(context.instance, stream)
            answers.append(drain_request(stream, _topic(kafka, stream), before, runs, now))
        requests = [answer for answer in answers if isinstance(answer, dg.RunRequest)]
        reasons = "; ".join(answer for answer in answers if isinstance(answer, str))
        return dg.SensorResult(run_requests=requests, skip_reason=None if requests else reasons)

    return drains


def _topic(kafka: Kafka, stream: Stream) -> TopicState | None:
    try:
        return kafka.topic_state(stream)
    except KafkaFailed:
        return None
