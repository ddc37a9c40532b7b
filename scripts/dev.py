"""Run Dagster's UI and daemon until Ctrl-C or `make stop`, and end everything that they started.

    python -m scripts.dev [PORT]

What Dagster prints goes to `dev.log` in the data folder. Belongs here: one process group, from its start to its end.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from scripts import data_folder
from scripts.data_folder import ROOT
from scripts.terminal import Failed, Steps, interrupted, say

PATIENCE_S = 30.0  # for a gentle end; then by force


def main() -> int:
    """Start, wait, end. After `make stop` the exit status is 0."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored in the background of a script
    try:
        with data_folder.in_use(data_folder.path(), "dev") as lock:
            prepare(port)
            serve(port, data_folder.path() / "dev.log", lock)
    except Failed as failed:
        say(str(failed))
        return 1
    except KeyboardInterrupt:
        state = "Dagster's processes have ended. If a run was under way, materialize its partitions again."
        if not stopped:
            interrupted(state)
        say(state)
    return 0


def prepare(port: int) -> None:
    """Let a new platform begin a month ago; warn of settings that the deployment lacks.

    Raises `Failed` for a port that is in use, and for a deployment that does not exist.
    """
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            hint = f"Choose another one: PORT={port + 1} make dev"
            raise Failed(f"Port {port} cannot be used ({error.strerror}). {hint}") from error
    from resources.environment import begin_recently, check_settings
    from resources.settings import Misconfigured

    try:
        begin_recently(dt.datetime.now(dt.UTC))
        check_settings(logging.getLogger(__name__))
    except Misconfigured as error:
        raise Failed(f"{error}. The file .env.example lists all settings.") from error


def serve(port: int, log: Path, lock: TextIO) -> None:
    """Run `dagster dev` until it ends, which raises `Failed`, or until `KeyboardInterrupt`.

    It gets the lock as well, so that `make stop` finds it even if this process was killed.
    """
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    with log.open("wb") as output:
        dagster = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True, pass_fds=[lock.fileno()]
        )
    print(dagster.pid, file=lock, flush=True)
    try:
        with Steps(1).step("starting Dagster") as show:
            started = time.monotonic()
            while not _answers(port) and dagster.poll() is None:
                show(f"{time.monotonic() - started:.0f} s")
                time.sleep(0.2)
        if dagster.poll() is None:
            say(f"http://localhost:{port} is Dagster's UI. Ctrl-C or `make stop` ends it; {log} is its log.")
        dagster.wait()
        raise Failed("\n  ".join([f"Dagster has ended. {log} says why:", *log.read_text().splitlines()[-10:]]))
    finally:
        end(dagster)


def end(leader: subprocess.Popen[bytes]) -> None:
    """End a process group, gently and then by force. A second Ctrl-C does not stop that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(ProcessLookupError):
        leader.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        leader.wait(PATIENCE_S)
    with suppress(ProcessLookupError):  # the code location and run workers outlive their parent
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


if __name__ == "__main__":
    sys.exit(main())
