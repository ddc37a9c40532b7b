"""The run launcher: runs are executed by processes that stay, because a new process spends seconds on imports.

Belongs here: which worker gets a run, and what becomes of a run whose worker dies. Not here: executing it
(`run_worker`). Dagster's own launcher starts a process for each run, from the code location. This one starts workers
from the daemon, which must be on the same machine and have the code: `dagster.yaml` names it, `infra/dagster.yaml` does
not.
"""

from __future__ import annotations

import fcntl
import json
import logging
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, LaunchRunContext, RunLauncher, WorkerStatus
from dagster._serdes import ConfigurableClass, ConfigurableClassData, serialize_value
from dagster._utils import get_run_crash_explanation

WORKER_TAG = ".dagster/run_worker"  # host, process id and name; the prefix hides it from people
MAX_RUNS = 100  # of one worker
MAX_IDLE = 2
REPORT_AGAIN_S = 5.0
_LOG = logging.getLogger(__name__)
_ROOT = Path(__file__).resolve().parents[2]
_CODE = ("platform/**/*.py", "dbt/*.yml", *(f"dbt/{name}/**/*.*" for name in ("models", "macros", "seeds", "tests")))


@dataclass
class Worker:
    """A process, the socket to it, its sign of life, the code that it was started with, and its current run.

    The sign of life is a file that the process keeps locked as long as it lives. A process id would not do: it may be
    given to another process, and that of a process that nobody waited for stays.
    """

    process: subprocess.Popen[bytes]
    channel: socket.socket
    life: Path
    code: int
    runs: int = 0
    run_id: str | None = None

    @classmethod
    def start(cls, code: int, folder: Path) -> Worker:
        """Start a process that waits for runs. `folder`: for signs of life."""
        folder.mkdir(exist_ok=True)
        life = folder / uuid.uuid4().hex
        ours, theirs = socket.socketpair()
        with theirs, life.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            command = [sys.executable, "-m", "resources.run_worker", str(theirs.fileno())]
            given = [theirs.fileno(), lock.fileno()]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=given)
        return cls(process, ours, life, code)

    @property
    def tag(self) -> str:
        return f"{socket.gethostname()} {self.process.pid} {self.life.name}"

    def request(self, instance: dg.DagsterInstance, run_id: str) -> None:
        """Let the process execute a run. Raises `OSError` if the process is gone."""
        self.run_id, self.runs = run_id, self.runs + 1
        line = json.dumps({"instance": serialize_value(instance.get_ref()), "run_id": run_id})
        self.channel.sendall(f"{line}\n".encode())

    def end(self) -> None:
        """Let the process end, as soon as it has no run."""
        with suppress(OSError):
            self.channel.shutdown(socket.SHUT_WR)


class WarmRunLauncher(RunLauncher[dg.DagsterInstance], ConfigurableClass):
    """Gives each run to a worker that has ended one, or to a new worker."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._workers: list[Worker] = []
        self._lock = threading.Lock()
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> WarmRunLauncher:
        return cls(inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        run_id = context.dagster_run.run_id
        with self._lock:
            worker = self._idle_worker() or self._new_worker()
            self._instance.add_run_tags(run_id, {WORKER_TAG: worker.tag})
            worker.request(self._instance, run_id)

    def terminate(self, run_id: str) -> bool:
        """Ask the run's worker to stop: it looks at the run's status each second."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        return True

    def dispose(self) -> None:
        """End idle workers now, and the others after their run."""
        with self._lock:
            for worker in self._workers:
                worker.end()

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the run's worker lives. The daemon that has started it may be gone.

        A run that was started from the command line has no worker. It counts as alive.
        """
        if WORKER_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        host, pid, name = run.tags[WORKER_TAG].split()
        if host != socket.gethostname():
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, f"the run worker is on {host}")
        if not is_locked(self._lives / name):
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"run worker {pid} has ended")
        return CheckRunHealthResult(WorkerStatus.RUNNING)

    @property
    def _lives(self) -> Path:
        return Path(self._instance.root_directory) / "run_workers"

    def _idle_worker(self) -> Worker | None:
        """A worker without a run that has the present code."""
        code = code_version(_ROOT)
        for worker in [each for each in self._workers if each.run_id is None]:
            if worker.code == code and worker.process.poll() is None:
                return worker
            self._dismiss(worker)
        return None

    def _new_worker(self) -> Worker:
        worker = Worker.start(code_version(_ROOT), self._lives)
        self._workers.append(worker)
        threading.Thread(target=self._listen, args=[worker], name="run worker", daemon=True).start()
        return worker

    def _dismiss(self, worker: Worker) -> None:
        self._workers.remove(worker)
        worker.end()

    def _listen(self, worker: Worker) -> None:
        """Wait for a worker's answers until it ends; if it then had a run, that has failed."""
        with worker.channel, worker.channel.makefile("r") as answers:
            for answer in answers:
                with self._lock:
                    worker.run_id = None
                    idle = sum(each.run_id is None for each in self._workers)
                    if worker in self._workers and (
                        not json.loads(answer) or worker.runs >= MAX_RUNS or idle > MAX_IDLE
                    ):
                        self._dismiss(worker)
        exit_code = worker.process.wait()
        worker.life.unlink(missing_ok=True)
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
        while worker.run_id is not None and self.has_instance:
            try:
                self._report_crash(worker.run_id, exit_code)
                return
            except Exception:  # a full disk, or a database that restarts
                _LOG.exception("cannot note yet that run %s has crashed; trying again", worker.run_id)
                time.sleep(REPORT_AGAIN_S)

    def _report_crash(self, run_id: str, exit_code: int) -> None:
        run = self._instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            message = get_run_crash_explanation(f"Run worker of {run_id}", exit_code)
            self._instance.report_engine_event(message, run, cls=type(self))
            self._instance.report_run_failed(run)
            self._instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def is_locked(path: Path) -> bool:
    """Whether a living process has locked the file."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def code_version(root: Path) -> int:
    """A number that differs when a file of the code has changed: a worker keeps what it has imported."""
    files = sorted(path for pattern in _CODE for path in root.glob(pattern))
    return hash(tuple((str(path), (found := path.stat()).st_mtime_ns, found.st_size) for path in files))
