"""When a run that drains a topic is requested."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.asset_specs import landing_key
from assets.landing import PROGRESS, landing_asset, offsets
from contracts.web import WEB
from lake.kafka.progress import Alarm, AlarmKind, OffsetRange, Progress, TopicState
from resources.kafka.kafka import Kafka
from resources.kafka.settings import KafkaSettings
from resources.landing.store import FolderStore
from sensors.drains import drain_request, drains_sensor
from sensors.retry import Attempt

NOW = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)
TOPIC = TopicState("event", "a", {0: OffsetRange(2, 100), 1: OffsetRange(0, 7)})
SUCCESS, FAILURE, STARTED = (getattr(dg.DagsterRunStatus, name) for name in ("SUCCESS", "FAILURE", "STARTED"))
JOB = dg.define_asset_job("drain", dg.AssetSelection.assets(landing_asset(WEB)))


def run(status: Any, minutes: float = 60) -> Attempt:
    return Attempt(status, NOW - dt.timedelta(minutes=minutes))


def test_new_messages_request_a_run() -> None:
    """Its tags say for how many offsets; of a topic that was never drained all count that are there."""
    request = drain_request(WEB, TOPIC, Progress("a", {0: 90, 1: 7}), [run(SUCCESS)], NOW)
    assert isinstance(request, dg.RunRequest)
    assert (request.asset_selection, request.tags) == ([landing_key(WEB)], {"stream": "web", "offsets": "10"})
    first = drain_request(WEB, TOPIC, None, [], NOW)
    assert isinstance(first, dg.RunRequest)
    assert first.tags["offsets"] == "105"


def test_brokers_that_do_not_answer_request_a_run_that_fails() -> None:
    """A failed run is seen in the UI and by `make status`. Other topics are drained meanwhile."""
    assert isinstance(drain_request(WEB, None, None, [], NOW), dg.RunRequest)
    assert isinstance(drain_request(WEB, None, None, [run(FAILURE, 0.1)], NOW), str)


@pytest.mark.parametrize(
    ("before", "runs", "says"),
    [
        (Progress("a", {0: 100, 1: 7}), [run(SUCCESS)], "web: nothing new in the topic"),
        (None, [run(STARTED)], "web: a run is under way"),
        (None, [run(FAILURE, 0.1), run(SUCCESS)], "web: the last run failed, and it is too soon to try again"),
    ],
)
def test_no_run_is_requested_in_vain(before: Progress | None, runs: list[Attempt], says: str) -> None:
    """A run a minute would hide the others from people."""
    assert drain_request(WEB, TOPIC, before, runs, NOW) == says


def test_a_failed_run_is_tried_again() -> None:
    """After a wait. Failures before the last success do not count."""
    assert isinstance(drain_request(WEB, TOPIC, None, [run(FAILURE, 1)], NOW), dg.RunRequest)
    runs = [run(FAILURE, 1), run(SUCCESS), *[run(FAILURE)] * 10]
    assert isinstance(drain_request(WEB, TOPIC, None, runs, NOW), dg.RunRequest)


@pytest.mark.parametrize("brokers", [False, True])
def test_the_sensor_is_quiet_without_brokers(tmp_path: Path, brokers: bool) -> None:
    """With some, it compares the topic with what the last run recorded."""
    kafka = Kafka(KafkaSettings({}) if brokers else None, FolderStore(tmp_path))
    kafka.__dict__["broker"] = type("Brokers", (), {"state": lambda *_: TOPIC})()
    with dg.DagsterInstance.ephemeral() as instance:
        for read_to, requests in ((90, int(brokers)), (100, 0)):
            progress = Progress("a", {0: read_to, 1: 7})
            event = dg.AssetMaterialization(landing_key(WEB), metadata={PROGRESS: progress.to_json()})
            instance.report_runless_asset_event(event)
            context = dg.build_sensor_context(instance, resources={"kafka": kafka})
            result: Any = drains_sensor([WEB], JOB)(context)
            assert len(result.run_requests or []) == requests
    said = str(result.skip_reason.skip_message)
    assert said == ("web: nothing new in the topic" if brokers else "KAFKA_BOOTSTRAP_SERVERS is not set")


def test_lost_messages_fail_the_check_and_other_alarms_warn() -> None:
    """All alarms of the last days are listed, the newest first, with what to do."""
    gap = Alarm(AlarmKind.GAP, "partition 0: offsets 5 to 9 were deleted before they were drained", "2026-05-01")
    added = Alarm(AlarmKind.ADDED, "partition 1 is new; it is drained from its beginning", "2026-05-02")
    assert offsets(WEB, []).passed
    warned, failed = offsets(WEB, [added]), offsets(WEB, [gap, added])
    assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert (failed.passed, failed.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert failed.problem == f"2 alarms, the last one: {added}"
    assert list(failed.examples) == [str(added), str(gap)]
    assert "forget_alarms: true" in (failed.description or "")
