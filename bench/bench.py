"""The benchmark: events per second and peak memory of every stage, compared with DuckDB reading the same files.

    make bench                     1,000,000 events of the commerce stream in 4 arrival hours
    STREAM=web make bench          another stream
    N=4000000 HOURS=4 make bench   more events
    RUNS=1 make bench              each stage once, not the fastest of three
    MODE=history make bench        an hour of 100,000 events in an empty lake and after 1,000 hours, three times each
    MODE=gold N=10000000 make bench  a full gold run, one for a new day with 1 % late events, the slowest query
    MODE=latency MINUTES=10 RATE=500 make bench  seconds from file to silver and to gold, and where they go

Each stage runs in a process of its own, which measures its own peak memory. Only numbers of one run can be compared.
Writes $DATA_DIR/bench.json. Works in $DATA_DIR/bench, whose contents it deletes first.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from latency import latency
from limits import LIMITS

CHECKOUT = Path(__file__).resolve().parents[1]
ROOT = Path(os.environ["DATA_DIR"]) / "bench"
START = dt.datetime(2026, 1, 1)
STREAM = os.environ.get("STREAM") or "commerce"
Measurements = dict[str, float]


def main() -> None:
    mode = os.environ.get("MODE", "landing")
    report = {"landing": landing, "history": history, "gold": gold, "latency": live}[mode]()
    out = Path(os.environ["DATA_DIR"]) / "bench.json"
    out.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\nwritten to {out}")


def landing() -> dict[str, Any]:
    """Landing to gold, stage by stage. The stages compared with the limit run several times, and the fastest counts."""
    events, hours = int(os.environ.get("N", "1000000")), int(os.environ.get("HOURS", "4"))
    data = empty_folder("landing")
    stages = {"simulate": stage(data, "simulate", hours, events // hours)}
    landed = int(stages["simulate"]["events"])
    megabytes = stages["simulate"]["bytes"] / 1e6
    for _ in range(int(os.environ.get("RUNS", "3"))):
        shutil.rmtree(data / "lake", ignore_errors=True)
        for name in ("limit", "bronze", "silver"):
            stages[name] = faster_of(stages.get(name), stage(data, name, hours))
    for name in ("warehouse", "gold"):
        stages[name] = stage(data, name, hours)
    seconds = stages["bronze"]["seconds"] + stages["silver"]["seconds"]
    limit = landed / stages["limit"]["seconds"]
    table(stages, landed, megabytes)
    both = landed / seconds
    peak = max(stages[name]["peak_rss_mib"] for name in ("bronze", "silver"))
    print(f"\nlanding to silver {both:,.0f} events/s, {both / limit:.2f} of the limit; peak memory {peak:,.0f} MiB")
    return {
        "events": landed,
        "limit_events_per_s": limit,
        "landing_to_silver_events_per_s": both,
        "ratio_to_limit": both / limit,
        "peak_rss_mib": peak,
        "stages": stages,
    }


def history() -> dict[str, Any]:
    """The cost of an hour after many others, compared with an hour in an empty lake. The fastest of three runs counts.

    An hour is short: a single run would also measure what else the machine does.
    """
    past, hour_events = int(os.environ.get("PAST", "1000")), 100_000
    runs: dict[str, list[Measurements]] = {"empty": [], "behind": []}
    for _ in range(3):
        data = empty_folder("empty")
        stage(data, "simulate", 1, hour_events)
        runs["empty"].append(stage(data, "hour", 0))
    data = empty_folder("behind")
    stage(data, "simulate", past, 10_000)
    stage(data, "backfill", past)
    for hours in range(past, past + 3):
        stage(data, "upkeep")
        stage(data, "simulate", 1, hour_events, hours)
        runs["behind"].append(stage(data, "hour", hours))
    for name, measured in runs.items():
        seconds = ", ".join(f"{run['seconds']:.2f}" for run in measured)
        peak = max(run["peak_rss_mib"] for run in measured)
        print(f"{name:<8} an hour of {hour_events:,} events: {seconds} s, {peak:,.0f} MiB")
    behind, empty = (min(run["seconds"] for run in runs[name]) for name in ("behind", "empty"))
    print(f"after {past:,} hours it costs {behind / empty:.2f} times as much")
    return {"past_hours": past, "ratio": behind / empty, "stages": runs}


def gold() -> dict[str, Any]:
    """A gold run for one new day compared with a full refresh, and how long a filtered query takes."""
    events, days = int(os.environ.get("N", "10000000")), int(os.environ.get("DAYS", "40"))
    data, hours = empty_folder("gold"), days * 24
    stage(data, "simulate", hours, events // hours)
    stage(data, "backfill", hours)
    stage(data, "warehouse", hours)
    full = stage(data, "gold", hours)
    stage(data, "simulate", 24, events // hours, hours)
    stage(data, "day", hours)
    stage(data, "warehouse", hours + 24)
    new = stage(data, "gold", hours)
    queried = stage(data, "queries")
    ratio, cpu_ratio = (new[unit] / full[unit] for unit in ("seconds", "cpu_seconds"))
    for name, figures in (("full refresh", full), ("one new day", new)):
        s, cpu, peak = figures["seconds"], figures["cpu_seconds"], figures["peak_rss_mib"]
        print(f"{name:<14}{s:>8.2f} s{cpu:>8.2f} cpu s{peak:>10,.0f} MiB")
    print(f"a new day costs {ratio:.2f} of the full refresh, {cpu_ratio:.2f} of its cpu seconds")
    print(f"the slowest filtered query takes {queried['slowest']:.2f} s")
    return {"days": days, "ratio": ratio, "slowest_query_s": queried["slowest"], "full": full, "new_day": new}


def live() -> dict[str, Any]:
    """How long a landed file takes to be in silver and in gold."""
    return latency(empty_folder("latency"))


def empty_folder(name: str) -> Path:
    shutil.rmtree(ROOT / name, ignore_errors=True)
    (ROOT / name).mkdir(parents=True)
    return ROOT / name


def stage(data: Path, name: str, *arguments: int) -> Measurements:
    """Run one stage in a process of its own and return its measurements."""
    sources = os.pathsep.join([str(CHECKOUT / "platform"), str(CHECKOUT)])  # `simulate` is in the top folder
    environment = {**os.environ, "DATA_DIR": str(data), "PERSONAL_DATA_KEY": "bench", "PYTHONPATH": sources}
    command = [sys.executable, __file__, name, *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"stage {name} failed:\n{done.stdout[-4000:]}")
    figures: Measurements = json.loads(done.stdout.splitlines()[-1])
    return figures


def faster_of(one: Measurements | None, other: Measurements) -> Measurements:
    """The faster run of a stage, with the larger peak memory of both. Noise can only add time."""
    if one is None:
        return other
    peak = max(one["peak_rss_mib"], other["peak_rss_mib"])
    return {**min(one, other, key=lambda run: run["seconds"]), "peak_rss_mib": peak}


def table(stages: dict[str, Measurements], events: int, megabytes: float) -> None:
    print(f"{events:,} events, {megabytes:,.0f} MB gzip\n")
    print(f"{'stage':<12}{'s':>8}{'cpu s':>8}{'events/s':>12}{'MB/s':>8}{'peak MiB':>10}")
    for name, figures in stages.items():
        s, cpu, peak = figures["seconds"], figures["cpu_seconds"], figures["peak_rss_mib"]
        print(f"{name:<12}{s:>8.2f}{cpu:>8.2f}{events / s:>12,.0f}{megabytes / s:>8.1f}{peak:>10,.0f}")


def land_events(hours: int, rate: int, after: int = 0) -> Measurements:
    from simulate.plan import Plan, Shares
    from simulate.run import simulate
    from simulate.streams import STREAMS

    folder = Path(os.environ["DATA_DIR"]) / "landing"
    shares = Shares() if LIMITS[STREAM].forgiving else Shares(malformed=0.0)
    plan = Plan(START + dt.timedelta(hours=after), hours=hours, rate=rate, seed=7 + after, shares=shares)
    truth = simulate(STREAMS[STREAM], plan, folder).as_dict()
    return {"events": truth["landed"]["total"], "bytes": truth["bytes"]}


def limit(hours: int) -> Measurements:
    """DuckDB alone: read the same files with typed columns, write one Parquet file with zstd."""
    import duckdb

    folder = Path(os.environ["DATA_DIR"])
    con = duckdb.connect(config={"threads": "2", "preserve_insertion_order": "false"})
    con.execute("SET TimeZone = 'UTC'")
    files = LIMITS[STREAM].sql(f"{folder}/landing/**/*.*")
    con.execute(f"COPY (FROM {files}) TO '{folder}/limit.parquet' (FORMAT parquet, COMPRESSION zstd)")
    return {}


def materialize(
    prefixes: Sequence[str], hours: int, first: int = 0, streams: Sequence[str] = (STREAM,)
) -> Measurements:
    """Materialize assets of streams through Dagster, with checks: one run for each day of hours."""
    import dagster as dg

    from definitions import defs
    from partitions import HOURS_PER_RUN, key_of

    keys = [key_of((START + dt.timedelta(hours=first + i)).replace(tzinfo=dt.UTC)) for i in range(hours)]
    selection = [dg.AssetKey([prefix, stream]) for prefix in prefixes for stream in streams]
    job = defs.resolve_job_def("ingest")
    for start in range(0, len(keys), HOURS_PER_RUN):
        span = keys[start : start + HOURS_PER_RUN]
        tags = {"dagster/asset_partition_range_start": span[0], "dagster/asset_partition_range_end": span[-1]}
        job.execute_in_process(instance=instance(), tags=tags, asset_selection=selection)
    return {}


@cache
def instance() -> Any:
    """One Dagster instance for the process, as in an installation."""
    import dagster as dg

    return dg.DagsterInstance.ephemeral()


def warehouse(hours: int) -> Measurements:
    """The relations of all streams, with or without rows: gold needs them all."""
    from contracts import STREAMS

    return materialize(("warehouse",), 1, hours - 1, streams=[stream.name for stream in STREAMS])


def queries() -> Measurements:
    """Seconds of the slowest query: for each table of gold, the rows of one value of its first column."""
    import duckdb

    slowest = 0.0
    with duckdb.connect(f"{os.environ['DATA_DIR']}/gold.duckdb", read_only=True) as con:
        tables = con.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
        for schema, table in tables:
            column = con.execute(f'SELECT * FROM "{schema}"."{table}" LIMIT 0').description[0][0]
            started = time.perf_counter()
            value = f'(SELECT max("{column}") FROM "{schema}"."{table}")'
            con.execute(f'SELECT * FROM "{schema}"."{table}" WHERE "{column}" = {value} LIMIT 1000').fetchall()
            slowest = max(slowest, time.perf_counter() - started)
    return {"slowest": slowest}


def job(name: str) -> Measurements:
    from definitions import defs

    defs.resolve_job_def(name).execute_in_process(instance=instance())
    return {}


LAKE = ("bronze", "silver", "rejected")
STAGES: dict[str, Callable[..., Measurements]] = {
    "simulate": land_events,
    "limit": limit,
    "bronze": lambda hours: materialize(("bronze",), hours),
    "silver": lambda hours: materialize(("silver", "rejected"), hours),
    "warehouse": warehouse,
    "gold": lambda hours: job("gold"),
    "backfill": lambda hours: materialize(LAKE, hours),
    "upkeep": lambda: job("upkeep"),
    "hour": lambda before: materialize(LAKE, 1, before),
    "day": lambda before: materialize(LAKE, 24, before),
    "queries": queries,
}


def run_stage(name: str, arguments: list[int]) -> None:
    """In the stage's own process: warm up, run, print the measurements as the last line."""
    import logging

    from events import prepare

    if name not in ("simulate", "limit"):
        logging.disable(logging.WARNING)
        prepare.main()  # compiled code, imports and catalog are not measured: an hour without files loads them first
        materialize(LAKE, 1, -1)
    started, cpu = time.perf_counter(), time.process_time()
    figures = STAGES[name](*arguments)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**figures, "seconds": seconds, "cpu_seconds": cpu, "peak_rss_mib": peak}))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_stage(sys.argv[1], [int(argument) for argument in sys.argv[2:]])
    else:
        main()
