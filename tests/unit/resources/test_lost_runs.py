"""A started run counts as lost when its code location says so, or is surely gone; never before."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence

import dagster as dg
import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.server import DagsterApiServer
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import serialize_value

from resources.lost_runs import LOOK, UNANSWERED, RunLauncher, keep_looking_after_runs

RUN = dg.DagsterRun("gold", run_id="one", tags={GRPC_INFO_TAG: json.dumps({"host": "localhost", "port": 1})})


def asked(monkeypatch: pytest.MonkeyPatch, answers: Sequence[list[str] | None]) -> Iterator[WorkerStatus]:
    """What the launcher concludes from answers of the code location: its runs, or None if it does not answer."""
    launcher, left = RunLauncher(), iter(answers)

    def get_current_runs(client: DagsterGrpcClient) -> str:
        if (runs := next(left)) is None:
            raise DagsterUserCodeUnreachableError("nobody is there")
        return serialize_value(GetCurrentRunsResult(current_runs=runs, serializable_error_info=None))

    monkeypatch.setattr(DagsterGrpcClient, "get_current_runs", get_current_runs)
    return (launcher.check_run_worker_health(RUN).status for _ in answers)


def test_a_run_is_lost_when_its_code_location_has_it_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(asked(monkeypatch, [["two", "one"], ["two"]]))
    assert found == [WorkerStatus.RUNNING, WorkerStatus.FAILED]


def test_a_run_is_lost_when_its_code_location_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    found = list(asked(monkeypatch, [None] * UNANSWERED))
    assert found == [WorkerStatus.RUNNING] * (UNANSWERED - 1) + [WorkerStatus.FAILED]


def test_an_answer_ends_the_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    away = [None] * (UNANSWERED - 1)
    assert set(asked(monkeypatch, [*away, ["one"], *away])) == {WorkerStatus.RUNNING}


def test_a_run_of_the_command_line_is_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon asks about every started run."""
    list(asked(monkeypatch, []))
    assert RunLauncher().check_run_worker_health(dg.DagsterRun("repair")).status is WorkerStatus.RUNNING


def test_an_error_does_not_end_the_search_for_dead_processes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(server: object) -> None:
        raise OSError("disk I/O error")

    monkeypatch.setattr(DagsterApiServer, LOOK, fail)
    keep_looking_after_runs()
    with caplog.at_level(logging.ERROR, "dagster"):
        getattr(DagsterApiServer, LOOK)(object())
    assert "disk I/O error" in caplog.text
