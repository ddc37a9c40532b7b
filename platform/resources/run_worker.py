"""The run worker: a process that executes runs, one after the other, as `run_launcher` asks for them.

    python -m resources.run_worker FILE_DESCRIPTOR

Each line that it reads from the socket names a run; when that has ended, it answers with a line. It ends when the
launcher is gone. Belongs here: the life of one run in this process. Not here: which worker gets a run.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import dagster as dg
from dagster._core.events import EngineEventData
from dagster._core.instance import InstanceRef
from dagster._grpc.impl import core_execute_run
from dagster._serdes import deserialize_value
from dagster._utils import send_interrupt
from dagster._utils.hosted_user_process import recon_job_from_origin
from dagster._utils.interrupts import capture_interrupts

LARGEST = 2 * 1024**3  # bytes of memory that a worker may have used, if it is to serve again
_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
CANCEL_POLL_S = 1.0
_STOPPED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE)

_ENDS = (dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED)


def main() -> None:
    """Execute runs until the launcher is gone, or until this process had better not serve again."""
    with socket.socket(fileno=int(sys.argv[1])) as channel, channel.makefile("rw") as lines:
        serve(lines)


def serve(lines: TextIO) -> None:
    """Read requests and answer each with whether this process can serve again.

    After a run that failed or was cancelled it cannot: nobody knows what the run has left behind.
    """
    for number, line in enumerate(lines):
        request = json.loads(line)
        succeeded = execute(deserialize_value(request["instance"], InstanceRef), request["run_id"])
        again = succeeded and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT < LARGEST
        print(json.dumps(again), file=lines, flush=True)
        if not again:
            return
        if number == 0:
            gc.collect()
            gc.freeze()  # what the first run has imported and cached: later garbage collections skip it


def execute(reference: InstanceRef, run_id: str) -> bool:
    """Execute a run in this process. Whether it succeeded. Its events tell everything else."""
    with capture_interrupts(), dg.DagsterInstance.from_ref(reference) as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.job_code_origin is None or run.is_finished:
            return False
        pid = os.getpid()
        instance.report_engine_event(f"Run worker {pid} executes the run.", run, EngineEventData.in_process(pid))
        with _cancellation(instance, run_id) as ended:
            try:
                job = recon_job_from_origin(run.job_code_origin)
                for event in core_execute_run(job, run, instance, inject_env_vars=False):
                    if event.event_type in _ENDS:
                        ended.set()
            except BaseException:  # also interrupts; the event log has it
                return False
        after = instance.get_run_by_id(run_id)
        return after is not None and after.status is dg.DagsterRunStatus.SUCCESS


@contextmanager
def _cancellation(instance: dg.DagsterInstance, run_id: str) -> Iterator[threading.Event]:
    """Interrupt this process when the run's status says that it is to stop: anybody can set that, from any process.

    After the given event is set, this process itself sets the status.
    """
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(CANCEL_POLL_S):
            run = instance.get_run_by_id(run_id)
            if run is None or run.status in _STOPPED:
                send_interrupt()
                return

    watcher = threading.Thread(target=watch, name="cancellation", daemon=True)
    watcher.start()
    try:
        yield ended
    finally:
        ended.set()
        watcher.join()


if __name__ == "__main__":
    main()
