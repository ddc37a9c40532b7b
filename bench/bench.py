"""The benchmark: events per second and peak memory of every stage, and the limit that DuckDB sets on the same files.

    make bench                     1,000,000 events of the commerce stream in 4 arrival hours
    STREAM=web make bench          of another stream
    N=4000000 HOURS=4 make bench   more of them
    RUNS=1 make bench              each stage once, not the fastest of three
    MODE=history make bench        an hour of 100,000 events into an empty lake, and behind 1,000 hours, thrice each
    MODE=gold N=10000000 make bench  gold in full, and after one more day of which 1 % is late; the slowest query

Each stage runs in a process of its own, so that its peak memory is its own. Figures are comparable within one run.
Writes $DATA_DIR/bench.json; works in $DATA_DIR/bench and empties that folder first.
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

from limits import LIMITS

CHECKOUT = Path(__file__).resolve().parents[1]
ROOT = Path(os.environ["DATA_DIR"]) / "bench"
START = dt.datetime(2026, 1, 1)
STREAM = os.environ.get("STREAM") or "commerce"
Figures = dict[str, float]


def main() -> None:
    mode = os.environ.get("MODE", "landing")
    report = {"landing": landing, "history": history, "gold": gold}[mode]()
    out = Path(os.environ["DATA_DIR"]) / "bench.json"
    out.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\nwritten to {out}")


def landing() -> dict[str, Any]:
    """Landing to gold in one go, next to the limit; what is compared with it runs as often, and the fastest counts."""
    events, hours = int(os.environ.get("N", "1000000")), int(os.environ.get("HOURS", "4"))
    data = fresh("landing")
    stages = {"simulate": stage(data, "simulate", hours, events // hours)}
    landed = int(stages["simulate"]["events"])
    megabytes = stages["simulate"]["bytes"] / 1e6
    for _ in range(int(os.environ.get("RUNS", "3"))):
        shutil.rmtree(data / "lake", ignore_errors=True)
        for name in ("limit", "bronze", "silver"):
            stages[name] = faster(stages.get(name), stage(data, name, hours))
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
    """What an hour costs when there are many before it, against an hour in an empty lake: the fastest of three each.

    One takes no longer than a machine that others use may lose meanwhile.
    """
    past, hour_events = int(os.environ.get("PAST", "1000")), 100_000
    figures: dict[str, list[Figures]] = {"empty": [], "behind": []}
    for _ in range(3):
        data = fresh("empty")
        stage(data, "simulate", 1, hour_events)
        figures["empty"].append(stage(data, "hour", 0))
    data = fresh("behind")
    stage(data, "simulate", past, 10_000)
    stage(data, "backfill", past)
    for hours in range(past, past + 3):
        stage(data, "upkeep")
        stage(data, "simulate", 1, hour_events, hours)
        figures["behind"].append(stage(data, "hour", hours))
    for name, hours_figures in figures.items():
        seconds = ", ".join(f"{each['seconds']:.2f}" for each in hours_figures)
        peak = max(each["peak_rss_mib"] for each in hours_figures)
        print(f"{name:<8} an hour of {hour_events:,} events: {seconds} s, {peak:,.0f} MiB")
    behind, empty = (min(each["seconds"] for each in figures[name]) for name in ("behind", "empty"))
    print(f"behind {past:,} hours it costs {behind / empty:.2f} times as much")
    return {"past_hours": past, "ratio": behind / empty, "stages": figures}


def gold() -> dict[str, Any]:
    """A gold run for one new day against the full refresh, and what readers wait for a filtered query."""
    events, days = int(os.environ.get("N", "10000000")), int(os.environ.get("DAYS", "40"))
    data, hours = fresh("gold"), days * 24
    stage(data, "simulate", hours, events // hours)
    stage(data, "backfill", hours)
    stage(data, "warehouse", hours)
    full = stage(data, "gold", hours)
    stage(data, "simulate", 24, events // hours, hours)
    stage(data, "day", hours)
    stage(data, "warehouse", hours + 24)
    new = stage(data, "gold", hours)
    asked = stage(data, "queries")
    ratio = new["seconds"] / full["seconds"]
    for name, figures in (("full refresh", full), ("one new day", new)):
        print(f"{name:<14}{figures['seconds']:>8.2f} s{figures['peak_rss_mib']:>10,.0f} MiB")
    print(f"a new day costs {ratio:.2f} of the full refresh; the slowest filtered query {asked['slowest']:.2f} s")
    return {"days": days, "ratio": ratio, "slowest_query_s": asked["slowest"], "full": full, "new_day": new}


def fresh(name: str) -> Path:
    shutil.rmtree(ROOT / name, ignore_errors=True)
    (ROOT / name).mkdir(parents=True)
    return ROOT / name


def stage(data: Path, name: str, *arguments: int) -> Figures:
    """Run one stage in a process of its own; what it says of itself."""
    sources = os.pathsep.join([str(CHECKOUT / "platform"), str(CHECKOUT)])  # `simulate` is at the top
    environment = {**os.environ, "DATA_DIR": str(data), "PERSONAL_DATA_KEY": "bench", "PYTHONPATH": sources}
    command = [sys.executable, __file__, name, *map(str, arguments)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"stage {name} failed:\n{done.stdout[-4000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def faster(one: Figures | None, other: Figures) -> Figures:
    """The faster run of a stage, with the larger peak of both: noise only ever adds time."""
    if one is None:
        return other
    peak = max(one["peak_rss_mib"], other["peak_rss_mib"])
    return {**min(one, other, key=lambda run: run["seconds"]), "peak_rss_mib": peak}


def table(stages: dict[str, Figures], events: int, megabytes: float) -> None:
    print(f"{events:,} events, {megabytes:,.0f} MB gzip\n")
    print(f"{'stage':<12}{'s':>8}{'cpu s':>8}{'events/s':>12}{'MB/s':>8}{'peak MiB':>10}")
    for name, figures in stages.items():
        s, cpu, peak = figures["seconds"], figures["cpu_seconds"], figures["peak_rss_mib"]
        print(f"{name:<12}{s:>8.2f}{cpu:>8.2f}{events / s:>12,.0f}{megabytes / s:>8.1f}{peak:>10,.0f}")


def simulated(hours: int, rate: int, after: int = 0) -> Figures:
    from simulate.plan import Plan, Shares
    from simulate.run import simulate
    from simulate.streams import STREAMS

    folder = Path(os.environ["DATA_DIR"]) / "landing"
    shares = Shares() if LIMITS[STREAM].forgiving else Shares(malformed=0.0)
    plan = Plan(START + dt.timedelta(hours=after), hours=hours, rate=rate, seed=7 + after, shares=shares)
    truth = simulate(STREAMS[STREAM], plan, folder).figures()
    return {"events": truth["landed"]["total"], "bytes": truth["bytes"]}


def limit(hours: int) -> Figures:
    """DuckDB alone: the same files, typed by explicit columns, to one zstd Parquet file."""
    import duckdb

    folder = Path(os.environ["DATA_DIR"])
    con = duckdb.connect(config={"threads": "2", "preserve_insertion_order": "false"})
    con.execute("SET TimeZone = 'UTC'")
    files = LIMITS[STREAM].sql(f"{folder}/landing/**/*.*")
    con.execute(f"COPY (FROM {files}) TO '{folder}/limit.parquet' (FORMAT parquet, COMPRESSION zstd)")
    return {}


def materialized(prefixes: Sequence[str], hours: int, first: int = 0, streams: Sequence[str] = (STREAM,)) -> Figures:
    """The assets of streams, through Dagster, checks on; a run for every day of hours."""
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
    """One Dagster instance a process, as an installation has one."""
    import dagster as dg

    return dg.DagsterInstance.ephemeral()


def warehouse(hours: int) -> Figures:
    """The relations of all streams up to some hour, as gold wants them, whether they have rows or not."""
    from contracts import STREAMS

    return materialized(("warehouse",), 1, hours - 1, streams=[stream.name for stream in STREAMS])


def queries() -> Figures:
    """Seconds that the slowest of gold's tables takes to answer for one value of its first column that has any."""
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


def job(name: str) -> Figures:
    from definitions import defs

    defs.resolve_job_def(name).execute_in_process(instance=instance())
    return {}


LAKE = ("bronze", "silver", "rejected")
STAGES: dict[str, Callable[..., Figures]] = {
    "simulate": simulated,
    "limit": limit,
    "bronze": lambda hours: materialized(("bronze",), hours),
    "silver": lambda hours: materialized(("silver", "rejected"), hours),
    "warehouse": warehouse,
    "gold": lambda hours: job("gold"),
    "backfill": lambda hours: materialized(LAKE, hours),
    "upkeep": lambda: job("upkeep"),
    "hour": lambda before: materialized(LAKE, 1, before),
    "day": lambda before: materialized(LAKE, 24, before),
    "queries": queries,
}


def run_stage(name: str, arguments: list[int]) -> None:
    """In the stage's own process: warm up, run, print the figures as the last line."""
    import logging

    from events import prepare

    if name not in ("simulate", "limit"):
        logging.disable(logging.WARNING)
        prepare.main()  # imports, catalog and code are not what is measured: no records, an hour without files
        materialized(LAKE, 1, -1)
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
