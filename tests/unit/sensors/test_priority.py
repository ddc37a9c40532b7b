"""Which queued runs Dagster starts first, with the limits of the instance that people run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context, instance_for_test
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon

from sensors.arrivals import Change, PlannedRun
from sensors.priority import GOLD

ROOT = Path(__file__).resolve().parents[3]
NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
BACKFILL = {"dagster/backfill": "abc"}


def planned(hour: dt.datetime) -> dict[str, str]:
    """The tags of a run of arrivals of one hour, requested now."""
    return dict(PlannedRun(hour, hour, (Change("shop", hour, "1"),)).request(NOW - dt.timedelta(hours=2)).tags)


LIVE, OLD = planned(NOW), planned(NOW - dt.timedelta(days=30))


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    kept = {name: settings[name] for name in ("run_coordinator", "concurrency")}
    launcher = {"module": "dagster._core.test_utils", "class": "MockedRunLauncher"}
    with instance_for_test(overrides={**kept, "run_launcher": launcher}, temp_dir=str(tmp_path)) as instance:
        yield instance


def started(instance: dg.DagsterInstance, folder: Path, *queued: dict[str, str]) -> list[dict[str, str]]:
    """Queue runs with these tags, in this order; the tags of those that Dagster starts, in order."""
    code = folder / "small.py"
    code.write_text("import dagster as dg\n@dg.job\ndef small(): pass\n")
    target = PythonFileTarget(str(code), None, None, "small")
    with create_test_daemon_workspace_context(target, instance) as workspace:
        location = workspace.create_request_context().get_code_location("small")
        (repository,) = location.get_repositories().values()
        origin = repository.get_full_job("small").get_remote_origin()
        ids = {}
        for tags in queued:
            run = create_run_for_test(
                instance, "small", remote_job_origin=origin, status=dg.DagsterRunStatus.QUEUED, tags=tags
            )
            ids[run.run_id] = tags
        list(QueuedRunCoordinatorDaemon(interval_seconds=1).run_iteration(workspace))
        launched = instance.run_launcher.queue()  # type: ignore[attr-defined]
        return [ids[run.run_id] for run in launched]


def test_live_data_goes_before_a_backfill_that_was_there_first(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """A backfill of a month is many runs; gold follows all arrivals, so it goes first of all."""
    order = started(instance, tmp_path, *[BACKFILL] * 9, OLD, LIVE, dict(GOLD))
    assert order[:2] == [GOLD, LIVE]


def test_a_backfill_leaves_room_for_live_data(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """Its runs are long: if they took all places, live data would wait until one has ended."""
    order = started(instance, tmp_path, *[BACKFILL] * 9, OLD, OLD)
    assert sorted(order, key=str) == sorted([BACKFILL, BACKFILL, OLD], key=str)
    limits = yaml.safe_load((ROOT / "dagster.yaml").read_text())["concurrency"]["runs"]
    assert len(order) < limits["max_concurrent_runs"]
