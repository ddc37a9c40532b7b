"""Latency: how long a landed file takes to be in silver and in gold, while events arrive all the time.

The platform runs as it does for people: Dagster's daemon with its sensors and run workers, on a folder of its own, and
the live simulator beside it. Afterwards the instance's event log and the ledger tell when each file got where. Belongs
here: running that, and reading it. Not here: the other benchmarks (`bench`).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import mean, quantiles
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
STAGES = (
    *("ingest: wait for a tick", "ingest: queue and start", "ingest: bronze and silver", "ingest: warehouse"),
    *("gold: wait for a tick", "gold: queue and start", "gold: before dbt", "gold: dbt", "gold: release"),
)
DBT_STARTS = "models and seeds to build"  # of the message that a gold run logs


@dataclass(frozen=True)
class Ingest:
    """A run of arrivals, for one stream: seconds since 1970."""

    created: float
    bronze: tuple[float, float]
    silver: float
    warehouse: float


@dataclass(frozen=True)
class Release:
    """A gold run: seconds since 1970."""

    created: float
    started: float
    dbt: tuple[float, float]
    ended: float


def latency(folder: Path) -> dict[str, Any]:
    """Run the platform for MINUTES at RATE events a second, and print how late silver and gold were."""
    minutes, rate = float(os.environ.get("MINUTES", "10")), float(os.environ.get("RATE", "500"))
    every = int(os.environ.get("EVERY", "5"))
    home = folder / "dagster"
    home.mkdir()
    shutil.copy(CHECKOUT / "dagster.yaml", home)
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    environment = {
        **os.environ,
        **{"DATA_DIR": str(folder), "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1"},
        **{"PYTHONPATH": os.pathsep.join([str(CHECKOUT / "platform"), str(CHECKOUT)]), "PERSONAL_DATA_KEY": "bench"},
        **{"FIRST_HOUR": f"{today - dt.timedelta(days=7):%Y-%m-%d-%H:%M}"},
    }
    simulator = [sys.executable, "-m", "simulate.live", "--rate", str(rate), "--every", str(every)]
    daemon = [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-w", "workspace.yaml"]
    release = folder / "gold.duckdb"
    with _running(daemon, environment, folder / "daemon.log"):
        with _running([*simulator, "--landing", str(folder / "landing")], environment, folder / "simulator.log"):
            _wait_for_first(release)
            began = time.time()
            print(f"the first release is there; measuring {minutes:g} minutes at {rate:g} events/s", flush=True)
            time.sleep(minutes * 60)
        _wait_for_last(release)
    command = [sys.executable, __file__, str(folder), str(began)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    _print(report)
    return {"minutes": minutes, "events_per_s": rate, **report}


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a process in a group of its own, and end the group on leaving: gently, then by force."""
    with log.open("wb") as output:
        started = subprocess.Popen(
            command, cwd=CHECKOUT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield
    finally:
        for number, patience in ((signal.SIGINT, 20), (signal.SIGKILL, 5)):
            with suppress(ProcessLookupError):
                os.killpg(started.pid, number)
            with suppress(subprocess.TimeoutExpired):
                started.wait(patience)


def _wait_for_first(release: Path) -> None:
    """Wait for the first release: the first runs import and compile, and build everything."""
    deadline = time.monotonic() + 900
    while not release.exists():
        if time.monotonic() > deadline:
            sys.exit(f"there is no release after 15 minutes: see {release.parent / 'daemon.log'}")
        time.sleep(1)


def _wait_for_last(release: Path) -> None:
    """Wait until no release has come for two minutes, as nothing lands any more. At most a quarter of an hour."""
    deadline = time.monotonic() + 900
    stopped = time.time()
    while time.time() - max(stopped, release.stat().st_mtime) < 120 and time.monotonic() < deadline:
        time.sleep(1)


def _print(report: Mapping[str, Any]) -> None:
    """The distribution, and the mean of each stage."""
    print(f"{report['files']} files landed; {report['in_silver']} are in silver, {report['in_gold']} in gold\n")
    print(f"{'seconds':<28}{'p50':>8}{'p95':>8}{'max':>8}")
    for name in ("file to silver", "file to gold"):
        print(f"{name:<28}" + "".join(f"{report[name][each]:>8.1f}" for each in ("p50", "p95", "max")))
    print(f"\n{'where the time goes, mean':<28}")
    for name, seconds in report["stages"].items():
        print(f"{name:<28}{seconds:>8.1f}")


def measure(folder: Path, began: float) -> dict[str, Any]:
    """When each file that landed after `began` was in silver and in gold, and what it waited for."""
    import dagster as dg

    from contracts import STREAMS
    from lake.ledger import ledger_rows
    from lake.schemas import Layer
    from resources.environment import make

    lake = make("lake", STREAMS, logging.getLogger(__name__))
    with dg.DagsterInstance.get() as instance:
        ingests = {stream.name: _ingests(instance, stream.name) for stream in STREAMS}
        releases = _releases(instance)
    silver: list[float] = []
    journeys: list[tuple[float, ...]] = []
    files = 0
    for stream in STREAMS:
        for row in ledger_rows(lake.table(Layer.LEDGER, stream), None).iter_rows(named=True):
            landed = (folder / "landing" / row["path"]).stat().st_mtime
            files += landed >= began
            run = _of(ingests[stream.name], row["_ingested_at"].timestamp()) if landed >= began else None
            if run is None:
                continue
            silver.append(run.silver - landed)
            if release := next((each for each in releases if each.started >= run.warehouse), None):
                at = (landed, run.created, run.bronze[0], run.silver, run.warehouse)
                journeys.append((*at, release.created, release.started, *release.dbt, release.ended))
    # A file may land when its run is already queued: then it has not waited for a tick.
    times = [[*accumulate(each, max)] for each in journeys]
    steps = [[after - before for before, after in pairwise(each)] for each in times]
    return {
        **{"files": files, "in_silver": len(silver), "in_gold": len(journeys)},
        "file to silver": _distribution(silver),
        "file to gold": _distribution([each[-1] - each[0] for each in journeys]),
        "stages": {name: mean(step) for name, step in zip(STAGES, zip(*steps, strict=True), strict=False)},
    }


def _of(runs: Sequence[Ingest], loaded: float) -> Ingest | None:
    """The run whose bronze step loaded something at a time; None if that run has not ended."""
    found = bisect_left(runs, loaded, key=lambda run: run.bronze[1])
    return runs[found] if found < len(runs) and runs[found].bronze[0] <= loaded else None


def _distribution(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        sys.exit(f"only {len(seconds)} files got there: measure for longer, with MINUTES")
    cuts = quantiles(seconds, n=20)
    return {"p50": cuts[9], "p95": cuts[18], "max": max(seconds)}


def _ingests(instance: Any, stream: str) -> list[Ingest]:
    """The runs that loaded a stream, in order."""
    found = []
    for record in _successes(instance, "ingest"):
        steps = {step.step_key: step for step in instance.get_run_step_stats(record.dagster_run.run_id)}
        names = [f"{name}_{stream}" for name in ("bronze", "silver", "warehouse")]
        if all(name in steps for name in names):
            bronze, silver, warehouse = (steps[name] for name in names)
            created = record.create_timestamp.timestamp()
            found.append(Ingest(created, (bronze.start_time, bronze.end_time), silver.end_time, warehouse.end_time))
    return sorted(found, key=lambda run: run.bronze)


def _releases(instance: Any) -> list[Release]:
    """The gold runs, in order."""
    found = []
    for record in _successes(instance, "gold"):
        run_id = record.dagster_run.run_id
        (step,) = instance.get_run_step_stats(run_id)
        logs = instance.all_logs(run_id)
        begins = [entry.timestamp for entry in logs if entry.user_message.startswith(DBT_STARTS)]
        tested = [
            entry.timestamp
            for entry in logs
            if entry.dagster_event and entry.dagster_event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        if begins and tested:
            dbt = (begins[0], min(tested))
            found.append(Release(record.create_timestamp.timestamp(), step.start_time, dbt, step.end_time))
    return sorted(found, key=lambda run: run.started)


def _successes(instance: Any, job: str) -> Any:
    import dagster as dg

    return instance.get_run_records(dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS]))


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), float(sys.argv[2]))))
