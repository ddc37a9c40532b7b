"""What rules see in Dagster's event log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from resources.alerts.rules import Rules
from sensors import alert_events
from sensors.alert_events import events_from, last_event, observations, run_parts
from sensors.alert_state import Observation

RULES = Rules.model_validate(
    {
        "alert": {
            "check": ({"name": "errors", "severity": "error"}, {"name": "late", "asset": "silver/*", "check": "f*"}),
            "run": ({"name": "runs", "job": "in*"},),
        }
    }
)
SILVER = dg.AssetKey(["silver", "web"])
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def check(
    instance: dg.DagsterInstance, name: str, passed: bool, severity: dg.AssetCheckSeverity = ERROR, hour: int = 10
) -> None:
    evaluation = dg.AssetCheckEvaluation(
        asset_key=SILVER,
        check_name=name,
        passed=passed,
        metadata={},
        severity=severity,
        description="**It is late**\n\nDo this",
        partition=f"2024-05-01-{hour}:00",
    )
    instance.report_runless_asset_event(evaluation)


def run(instance: dg.DagsterInstance, job: str, well: bool) -> str:
    found = create_run_for_test(instance, job_name=job, status=dg.DagsterRunStatus.STARTED)
    if well:
        instance.report_engine_event("", found)
        instance.handle_new_event(_ended(found))
    else:
        instance.report_run_failed(found)
    return found.run_id


def _ended(found: dg.DagsterRun) -> object:
    from dagster._core.events import DagsterEvent
    from dagster._core.events.log import EventLogEntry

    event = DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, found.job_name, message="")
    at = dt.datetime.now(dt.UTC).timestamp()
    return EventLogEntry(None, "INFO", "", found.run_id, at, job_name=found.job_name, dagster_event=event)  # type: ignore[no-untyped-call]


def found(instance: dg.DagsterInstance, first: int = 0) -> list[Observation]:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    return [*observations(instance, RULES, events_from(instance, first, later))]


def test_rules_see_their_checks_and_runs(instance: dg.DagsterInstance) -> None:
    """In the order of the log, with the reason and the page to look at."""
    check(instance, "freshness", False, WARN)
    run_id = run(instance, "ingest", False)
    check(instance, "drift", False)
    run(instance, "gold", False)
    run(instance, "ingest", True)
    seen = found(instance)
    assert [(each.rule, each.subject, each.well, each.is_error) for each in seen] == [
        ("errors", "silver/web freshness", True, False),
        ("late", "silver/web freshness", False, False),
        ("runs", "ingest", False, True),
        ("errors", "silver/web drift", False, True),
        ("runs", "ingest", True, True),
    ]
    assert seen[1].why == "It is late"
    assert seen[1].parts == ("2024-05-01-10:00",)
    assert seen[1].path == "/assets/silver/web?view=checks&checkDetail=freshness"
    assert seen[2].path == f"/runs/{run_id}"
    assert seen[2].why.startswith(f"run {run_id.partition('-')[0]}")
    places = [each.place for each in seen]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_reading_goes_on_where_it_ended(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when one kind of event has more than a page, and the events of the others lie behind it."""
    monkeypatch.setattr(alert_events, "EVENTS_PER_TICK", 2)
    for hour in (10, 11, 12):
        check(instance, "drift", False, hour=hour)
    run(instance, "ingest", False)
    check(instance, "drift", True, hour=13)
    seen, first, pages = [], 0, 0
    while page := found(instance, first):
        seen += [(each.subject, each.well) for each in page]
        assert page[-1].place is not None
        first, pages = page[-1].place[0] + 1, pages + 1
    assert seen == [("silver/web drift", False)] * 3 + [("ingest", False), ("silver/web drift", True)]
    assert pages > 1


def test_events_of_this_moment_wait(instance: dg.DagsterInstance) -> None:
    """An event with a smaller number may still be in a transaction that has not ended."""
    assert last_event(instance) == 0
    check(instance, "drift", False)
    assert last_event(instance) > 0
    assert events_from(instance, 0, dt.datetime.now(dt.UTC)) == []
    assert len(found(instance)) == 1


def test_a_deleted_run_is_left_out(instance: dg.DagsterInstance) -> None:
    """Nobody can look at it any more."""
    run_id = run(instance, "ingest", False)
    events = events_from(instance, 0, dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
    instance.delete_run(run_id)
    assert [*observations(instance, RULES, events)] == []


@pytest.mark.parametrize(
    ("tags", "names", "parts"),
    [
        ({}, [], ("* *",)),
        ({"dagster/partition": "2024-05-01-10:00"}, ["web", "web"], ("web 2024-05-01-10:00",)),
        (
            {
                "dagster/asset_partition_range_start": "2024-05-01-23:00",
                "dagster/asset_partition_range_end": "2024-05-02-00:00",
            },
            ["web", "mobile"],
            tuple(f"{name} 2024-05-0{hour}" for name in ("mobile", "web") for hour in ("1-23:00", "2-00:00")),
        ),
        (
            {
                "dagster/asset_partition_range_start": "2024-05-01",
                "dagster/asset_partition_range_end": "2024-05-09",
            },
            [],
            ("* 2024-05-01 to 2024-05-09",),
        ),
    ],
)
def test_what_a_run_is_about(tags: dict[str, str], names: list[str], parts: tuple[str, ...]) -> None:
    """A run of one stream and hour that succeeds says nothing of another one that failed."""
    assert run_parts(tags, names) == parts
