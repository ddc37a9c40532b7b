"""Runs in workers that stay: who executes them, how they are cancelled, and what becomes of them when a worker dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.reconstruct import reconstructable
from dagster._core.launcher.base import WorkerStatus
from dagster._core.test_utils import instance_for_test
from driving import ROOT
from serving import until

from resources import run_launcher
from resources.run_launcher import WORKER_TAG, WarmRunLauncher

pytestmark = [pytest.mark.integration, pytest.mark.verify]
CLASS = {"module": "resources.run_launcher", "class": "WarmRunLauncher"}


@dg.job(executor_def=dg.in_process_executor)
def quick() -> None:
    @dg.op
    def work() -> None: ...

    work()


@dg.job(executor_def=dg.in_process_executor)
def bad() -> None:
    @dg.op
    def fail() -> None:
        raise ValueError("nothing is right")

    fail()


@dg.job(executor_def=dg.in_process_executor)
def endless() -> None:
    @dg.op
    def wait() -> None:
        signal.pause()

    wait()


JOBS = {"quick": quick, "bad": bad, "endless": endless}


class Launched:
    """An instance whose runs are executed by workers."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance

    def launch(self, job: str) -> str:
        """Launch a run as the daemon does; returns its id."""
        origin = reconstructable(JOBS[job]).get_python_origin()
        run = self.instance.create_run_for_job(JOBS[job], job_code_origin=origin)
        self.instance.launch_run(run.run_id, workspace=None)  # type: ignore[arg-type]
        return run.run_id

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found is not None
        return found

    def worker(self, run_id: str) -> int:
        return int(self.run(run_id).tags[WORKER_TAG].split()[1])

    def wait_for(self, run_id: str, *statuses: str) -> None:
        until(lambda: self.run(run_id).status.value in statuses, 60, f"the run is {statuses}")

    def ended(self, job: str) -> tuple[str, int]:
        """Run a job to its end: its status and its worker."""
        run_id = self.launch(job)
        self.wait_for(run_id, "SUCCESS", "FAILURE", "CANCELED")
        until(lambda: all(each.run_id != run_id for each in self.launcher._workers), 10, "its worker is free")
        return self.run(run_id).status.value, self.worker(run_id)

    @property
    def launcher(self) -> WarmRunLauncher:
        found = self.instance.run_launcher
        assert isinstance(found, WarmRunLauncher)
        return found


@pytest.fixture
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Launched]:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "platform"), str(Path(__file__).parent)]))
    with instance_for_test(overrides={"run_launcher": CLASS}, temp_dir=str(tmp_path)) as instance:
        found = Launched(instance)
        yield found
        workers = [each.process for each in found.launcher._workers]
    for process in workers:
        process.wait(30)  # without the launcher they end


def test_a_worker_serves_again_unless_its_run_failed(launched: Launched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows what a run that failed has left in the process. A worker also keeps the code that it imported."""
    first, again = launched.ended("quick"), launched.ended("quick")
    assert first == again == ("SUCCESS", first[1])
    assert launched.ended("bad") == ("FAILURE", first[1])
    status, second = launched.ended("quick")
    assert status == "SUCCESS"
    assert second != first[1]
    monkeypatch.setattr(run_launcher, "code_version", lambda root: -1)
    status, third = launched.ended("quick")
    assert status == "SUCCESS"
    assert third not in (first[1], second)


def test_a_run_can_be_cancelled_from_any_process(launched: Launched) -> None:
    """The UI's server has not started the worker, so it can only change the run's status."""
    run_id = launched.launch("endless")
    launched.wait_for(run_id, "STARTED")
    assert launched.launcher.check_run_worker_health(launched.run(run_id)).status is WorkerStatus.RUNNING
    assert WarmRunLauncher.terminate(launched.launcher, run_id)
    launched.wait_for(run_id, "CANCELED")
    assert not launched.launcher.terminate(run_id)


def test_a_run_whose_worker_is_killed_fails_at_once(launched: Launched) -> None:
    run_id = launched.launch("endless")
    launched.wait_for(run_id, "STARTED")
    os.kill(launched.worker(run_id), signal.SIGKILL)
    launched.wait_for(run_id, "FAILURE")
    messages = [entry.message for entry in launched.instance.all_logs(run_id)]
    assert any("terminated by signal 9" in message for message in messages)
    assert launched.launcher.check_run_worker_health(launched.run(run_id)).status is WorkerStatus.NOT_FOUND
    assert launched.ended("quick")[0] == "SUCCESS"


def test_a_crash_is_noted_as_soon_as_that_is_possible(launched: Launched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk may be full when a worker dies of that."""
    run_id = launched.launch("endless")
    launched.wait_for(run_id, "STARTED")
    report, errors = dg.DagsterInstance.report_run_failed, iter([OSError("disk I/O error")])

    def report_later(*arguments: object) -> object:
        for error in errors:
            raise error
        return report(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dg.DagsterInstance, "report_run_failed", report_later)
    monkeypatch.setattr(run_launcher, "REPORT_AGAIN_S", 0.1)
    os.kill(launched.worker(run_id), signal.SIGKILL)
    launched.wait_for(run_id, "FAILURE")


def test_a_run_of_the_command_line_is_alive(launched: Launched) -> None:
    """The daemon asks about every started run, also about one that it has not launched."""
    run = launched.instance.create_run_for_job(quick)
    assert launched.launcher.check_run_worker_health(run).status is WorkerStatus.RUNNING


def test_code_changes_are_seen(tmp_path: Path) -> None:
    """Of Python, SQL and seeds; what dbt writes into its target folder is no code."""
    for folder in ("platform/assets", "dbt/models", "dbt/target"):
        (tmp_path / folder).mkdir(parents=True)
    versions = [run_launcher.code_version(tmp_path)]
    for name in ("platform/assets/gold.py", "dbt/models/a.sql", "dbt/dbt_project.yml"):
        (tmp_path / name).write_text("x")
        versions.append(run_launcher.code_version(tmp_path))
    (tmp_path / "dbt/target/manifest.json").write_text("{}")
    assert run_launcher.code_version(tmp_path) == versions[-1]
    assert len(set(versions)) == len(versions)
