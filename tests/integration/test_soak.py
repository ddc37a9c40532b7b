"""Live events for minutes, while processes are killed and a disk is full: nothing is lost, and nothing counts twice.

    make soak MINUTES=20 SOAK_RATE=1000

The code location and the daemon run as in a deployment, and a service manager starts them again. The data folder is a
file system of its own, so that it can be filled. In the end another platform reads the same landing zone in peace, and
both must hold the same rows in every table.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
import reading
from driving import PYTHON, ROOT, Platform
from feeding import Feed
from long_running import Service, busiest, descendants
from serving import answers, free_port, until

from simulate.streams import STREAMS

pytestmark = [pytest.mark.integration, pytest.mark.verify]
MINUTES = float(os.environ.get("SOAK_MINUTES", "3"))
RATE = int(os.environ.get("SOAK_RATE", "200"))
FAULT_EVERY_S = max(20.0, MINUTES * 60 / 10)
FULL_S = 20.0  # the disk is full for so long
DISK = "1g" if MINUTES < 10 else "8g"
SETTLE_S = 600.0
GROWTH = 1.25  # how much more memory the code location may use in the last third than in the second
WORKSPACE = """load_from:
  - grpc_server: {{location_name: platform, host: 127.0.0.1, port: {port}}}
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


class Deployment:
    """A platform with its code location, its daemon and live events."""

    def __init__(self, platform: Platform, stack: ExitStack) -> None:
        self.platform, self.dice = platform, random.Random(1)
        self.home = platform.data / "dagster"
        self.home.mkdir(parents=True)
        shutil.copy(ROOT / "dagster.yaml", self.home)
        port = free_port()
        workspace = self.home / "workspace.yaml"
        workspace.write_text(WORKSPACE.format(port=port))
        code = ["api", "grpc", "-h", "127.0.0.1", "-p", str(port), "-m", "definitions", "-d", "platform"]
        self.code = self._service(stack, "code", [PYTHON, "-m", "dagster", *code])
        until(lambda: answers(port), 90, "the code location answers")
        self.daemon = self._service(stack, "daemon", [PYTHON, "-m", "dagster._daemon", "run", "-w", str(workspace)])
        self.feed = Feed(list(STREAMS.values()), RATE, platform.landing)
        self.feed.start()
        stack.callback(self.feed.stop)

    def _service(self, stack: ExitStack, name: str, command: list[str]) -> Service:
        environment = self.platform.for_child(DAGSTER_HOME=str(self.home))
        service = Service(command, environment, self.platform.data.parent.with_name(f"{name}.log"))
        stack.callback(service.stop)
        return service

    def kill_worker(self) -> str:
        """Kill the run worker that has worked most."""
        worker = busiest(descendants(self.daemon.process.pid))
        if worker is None:
            return "found no run worker to kill"
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        return "killed a run worker"

    def kill_daemon(self) -> str:
        self.daemon.kill()
        return "killed the daemon"

    def kill_code_location(self) -> str:
        self.code.kill()
        return "killed the code location"

    def kill_all(self) -> str:
        """Kill everything, as when the machine goes."""
        parents = [self.daemon.process.pid, self.code.process.pid]
        for process in [*parents, *descendants(parents[0]), *descendants(parents[1])]:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        return "killed all processes"

    def fill_disk(self) -> str:
        """No byte can be written for a while."""
        filler = self.platform.data / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (2**24, 2**12):
                with suppress(OSError):
                    while file.write(bytes(size)) == size:
                        pass
        time.sleep(FULL_S)
        filler.unlink()
        return f"filled the disk for {FULL_S:.0f} s"

    def land_unreadable(self) -> str:
        """An object that is no gzip, in spite of its name."""
        now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
        self.platform.land(now, "unreadable.jsonl.gz", b"\x1f\x8bno gzip")
        return "landed an unreadable file"

    def runs(self) -> Counter[str]:
        """How many runs have a status."""
        with sqlite3.connect(f"file:{self.home}/history/runs.db?mode=ro", uri=True) as con:
            return Counter(dict(con.execute("SELECT status, count(*) FROM runs GROUP BY status")))

    def is_settled(self) -> bool:
        """Whether no run is unfinished and no finding says that something waits."""
        if set(self.runs()) - {"SUCCESS", "FAILURE", "CANCELED"}:
            return False
        environment = self.platform.for_child(DAGSTER_HOME=str(self.home))
        done = subprocess.run(
            [PYTHON, "-m", "assets.status"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        return done.returncode == 0 and "waiting" not in done.stdout


@contextmanager
def deployed(platform: Platform) -> Iterator[Deployment]:
    with ExitStack() as stack:
        yield Deployment(platform, stack)


def disturb(deployment: Deployment) -> None:
    """One fault after the other: each of the three rare ones once, other kills for the rest of the time."""
    kills = [deployment.kill_worker, deployment.kill_daemon, deployment.kill_code_location]
    faults = [deployment.kill_all, deployment.fill_disk, deployment.land_unreadable]
    end = time.monotonic() + MINUTES * 60
    faults += [deployment.dice.choice(kills) for _ in range(int(MINUTES * 60 / FAULT_EVERY_S) - len(faults))]
    deployment.dice.shuffle(faults)
    for fault in faults:
        time.sleep(max(0.0, min(FAULT_EVERY_S, end - time.monotonic())))
        print(f"{dt.datetime.now(dt.UTC):%H:%M:%S} {fault()}; {dict(deployment.runs())}", flush=True)


def test_nothing_is_lost_or_counted_twice(make_platform: Callable[[str], Platform], disk: Path) -> None:
    disturbed = replace(make_platform("disturbed"), data=disk / "data")
    with deployed(disturbed) as deployment:
        disturb(deployment)
        deployment.feed.stop()
        until(deployment.is_settled, SETTLE_S, "everything that landed is in gold")
        runs, memory = deployment.runs(), max(deployment.code.memory.values(), key=len)
        landed = deployment.feed.landed
    streams = [name for name, records in landed.items() if records]
    print(f"landed {landed}; runs {dict(runs)}; code location {memory[0]:.0f} to {max(memory):.0f} MiB")
    for stream in streams:
        ((records,),) = reading.query(disturbed.data, "SELECT count(*) FROM bronze", stream)
        assert records == landed[stream]
        reading.assert_conserved(disturbed.data, stream)
    third = len(memory) // 3
    assert statistics.median(memory[-third:]) <= GROWTH * statistics.median(memory[third:-third])
    assert runs.total() <= 12 * MINUTES + 20  # a run of each job every ten seconds
    undisturbed = make_platform("undisturbed")
    shutil.copytree(disturbed.landing, undisturbed.landing)
    hours = sorted({path.parent for path in undisturbed.landing.glob("commerce/*/*/*/*/*")})
    first, last = (dt.datetime.strptime("/".join(path.parts[-4:]), "%Y/%m/%d/%H") for path in (hours[0], hours[-1]))
    undisturbed.ingest(first, last)
    undisturbed.gold()
    reading.assert_same(disturbed.data, undisturbed.data, ("bronze", "silver", "rejected"), streams)
