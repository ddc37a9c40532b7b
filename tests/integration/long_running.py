"""Processes that run for long: started again when they end, measured, and killed.

What `/proc` says is used, so this works on Linux only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from driving import ROOT

RESTART_S = 1.0


class Service:
    """A program that is started again whenever it ends, as a service manager does, until `stop`.

    `memory`: for each of its processes the resident MiB, one sample a second.
    """

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> None:
        self.command, self.environment, self.log = command, environment, log
        self.memory: dict[int, list[float]] = {}
        self._stopped = threading.Event()
        self.process = self._start()
        self._keeper = threading.Thread(target=self._keep)
        self._keeper.start()

    def kill(self) -> None:
        """Kill the program, but not what it started."""
        self.process.send_signal(signal.SIGKILL)

    def stop(self) -> None:
        """End the program and all that its group holds, and start it no more."""
        self._stopped.set()
        self._keeper.join()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, start_new_session=True
            )

    def _keep(self) -> None:
        while not self._stopped.wait(RESTART_S):
            if self.process.poll() is not None:
                self.process = self._start()
            with suppress(ProcessLookupError):
                self.memory.setdefault(self.process.pid, []).append(resident_mib(self.process.pid))


def resident_mib(pid: int) -> float:
    """The resident memory of a process. Raises `ProcessLookupError` if it has ended."""
    with suppress(FileNotFoundError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    raise ProcessLookupError(pid)


def descendants(pid: int) -> list[int]:
    """All processes that a process started, directly or not."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(stat.parent.name))
    found = [*parents.get(pid, [])]
    for child in found:
        found += parents.get(child, [])
    return found


def busiest(pids: Sequence[int]) -> int | None:
    """The process that has used the most CPU time, if there is any."""
    used = {}
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            used[pid] = int(fields[11]) + int(fields[12])
    return max(used, key=lambda pid: used[pid], default=None)
