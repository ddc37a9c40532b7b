"""Lost runs: tell that a run's process is gone, so that the run fails and the next one can begin.

Dagster's own launcher leaves a run as started until its time limit, and the run keeps its place in the pools, if the
code location was killed with it, or if the code location has stopped looking after its runs. Belongs here: how both are
noticed. Not here: when a failed run is repeated (`sensors.retry`).
"""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from functools import cached_property, wraps

from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value

SERVER, LOOK = "dagster._grpc.server", "_check_for_orphaned_runs"
UNANSWERED = 4  # so many questions without an answer mean that the code location is gone


class RunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which also answers the daemon's question whether a started run is still alive.

    `dagster.yaml` names it. The daemon asks at every `poll_interval_seconds` of its run monitoring.
    """

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    @cached_property
    def _unanswered(self) -> Counter[str]:
        return Counter()

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Ask the code location that started the run. Until it is surely gone, the run counts as alive.

        A run that was started from the command line has no code location. It counts as alive.
        """
        if GRPC_INFO_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        address = json.loads(run.tags[GRPC_INFO_TAG])
        try:
            answer = deserialize_value(DagsterGrpcClient(**address).get_current_runs(), GetCurrentRunsResult)
        except DagsterUserCodeUnreachableError:
            self._unanswered[run.run_id] += 1
            if self._unanswered[run.run_id] < UNANSWERED:
                return CheckRunHealthResult(WorkerStatus.RUNNING)
            return CheckRunHealthResult(WorkerStatus.FAILED, "The code location that started the run does not answer.")
        self._unanswered.pop(run.run_id, None)
        if run.run_id in answer.current_runs:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "The run's process ended together with its code location.")


def keep_looking_after_runs() -> None:
    """Let a code location survive an error while it looks for dead processes of runs: it looks again a moment later.

    Without this, the thread that looks ends at the first error, such as a full disk or a database that restarts. Does
    nothing in a process that serves no code location.
    """
    if server := sys.modules.get(SERVER):
        setattr(server.DagsterApiServer, LOOK, _surviving_errors(getattr(server.DagsterApiServer, LOOK)))


def _surviving_errors(look: Callable[[object], None]) -> Callable[[object], None]:
    @wraps(look)
    def look_again(server: object) -> None:
        try:
            look(server)
        except Exception:
            logging.getLogger("dagster").exception("cannot tell yet which runs have ended; trying again")

    return look_again
