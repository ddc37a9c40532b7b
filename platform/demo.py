"""The demo: two simulated days, materialized through Dagster, and what came of them. Nothing else uses this module."""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from contracts import STREAMS
from contracts.commerce import COMMERCE
from contracts.stream import Stream
from partitions import HOURS_PER_RUN
from resources.environment import data_dir, make
from resources.lake import Lake, files_of, read
from resources.schemas import Layer
from simulate.plan import Plan
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED
from simulate.truth import save, together

START, HOURS, RATE, SEED = dt.datetime(2026, 1, 1), 48, 850, 7
TABLES = {
    "analytics.analytics_customer_summary": "customer_id, currency, recency, frequency, monetary, rfm_tier, segment",
    "analytics.analytics_orders": "order_id, ordered_at, channel, order_status, currency, order_total",
    "marts.fct_sessions": "session_date, channel, device_platform, events, views, conversions, duration_seconds",
}
ORDERS = {
    "analytics.analytics_customer_summary": "monetary DESC, customer_id, currency",
    "analytics.analytics_orders": "order_total DESC, order_id",
    "marts.fct_sessions": "conversions DESC, events DESC, session_key",
}


def main() -> int:
    """Simulate, materialize, report; the exit status is 1 when a run fails or a figure is not the simulator's."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore", dg.BetaWarning)
    warnings.simplefilter("ignore", dg.PreviewWarning)
    landing = data_dir() / "landing"
    if truth_file().exists():
        say(f"{landing} holds the simulated events already")
    else:
        say(f"simulating {HOURS} hours of events of {len(STREAMS)} streams into {landing}")
        plan = Plan(START, hours=HOURS, rate=RATE, seed=SEED)
        save(together([simulate(SIMULATED[stream.name], plan, landing) for stream in STREAMS]), truth_file())
    truth = json.loads(truth_file().read_text())["streams"]
    before = snapshots()
    hours = sorted({hour for figures in truth.values() for hour in figures["landed"]["by_arrival_hour"]})
    with dg.DagsterInstance.get() as instance:
        if not all(materialize(instance, day) for day in days(hours)) or not gold(instance):
            return 1
    say("nothing has changed: the tables held all this already" if snapshots() == before else "materialized")
    report(truth)
    say(
        f"\nopen next\n  make dev                   the Dagster UI: assets, partitions, checks\n"
        f"  {data_dir() / 'gold.duckdb'}   the marts, for any tool that reads DuckDB\n"
        "  README.md                  where everything is"
    )
    return 0 if agrees(truth) else 1


def truth_file() -> Path:
    return data_dir() / "truth.json"


def say(text: str) -> None:
    print(text, flush=True)


def days(hours: list[str]) -> Iterator[list[str]]:
    """The hours' partition keys in runs of at most a day."""
    for first in range(0, len(hours), HOURS_PER_RUN):
        yield hours[first : first + HOURS_PER_RUN]


def materialize(instance: dg.DagsterInstance, hours: list[str]) -> bool:
    """One run of `ingest` over a range of hours."""
    tags = {"dagster/asset_partition_range_start": hours[0], "dagster/asset_partition_range_end": hours[-1]}
    return _run("ingest", f"{hours[0]} to {hours[-1]}: bronze, silver, rejected, warehouse", instance, tags)


def gold(instance: dg.DagsterInstance) -> bool:
    """One run of `gold`."""
    return _run("gold", "gold: dbt models and tests, published", instance, {})


def _run(job: str, text: str, instance: dg.DagsterInstance, tags: dict[str, str]) -> bool:
    from definitions import defs

    started = time.monotonic()
    print(f"  {text} ... ", end="", flush=True)
    result = defs.resolve_job_def(job).execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    say(f"{'ok' if result.success else 'FAILED'} ({time.monotonic() - started:.1f} s)")
    if not result.success:
        for event in result.filter_events(lambda event: event.is_failure):
            say(f"    {event.message}")
    return result.success


def lake() -> Lake:
    made: Lake = make("lake", STREAMS, logging.getLogger(__name__))
    return made


def snapshots() -> list[int | None]:
    """The current snapshot of every table: equal when nothing has changed."""
    tables = [lake().table(layer, stream) for stream in STREAMS for layer in Layer]
    return [snapshot.snapshot_id if (snapshot := table.current_snapshot()) else None for table in tables]


def rows(layer: Layer, stream: Stream) -> int:
    return sum(file.record_count for file in files_of(lake().table(layer, stream)))


def reasons(stream: Stream) -> Counter[str]:
    table = lake().table(Layer.REJECTED, stream)
    return Counter(
        reason for batch in read(table, files_of(table), ["reason"]) for reason in batch.column(0).to_pylist()
    )


def report(truth: dict[str, Any]) -> None:
    """What landed and what became of it, and the top of three gold tables."""
    for stream in STREAMS:
        landed = truth[stream.name]["landed"]["total"]
        say(
            f"\n{stream.name}: landed {landed:,}, bronze {rows(Layer.BRONZE, stream):,}, "
            f"silver {rows(Layer.SILVER, stream):,}, rejected {rows(Layer.REJECTED, stream):,}"
        )
        for reason, count in reasons(stream).most_common():
            say(f"  {reason:<10} {count:>7,}")
    with duckdb.connect(str(data_dir() / "gold.duckdb"), read_only=True) as con:
        for table, columns in TABLES.items():
            say(f"\n{table}")
            say(str(con.sql(f"SELECT {columns} FROM {table} ORDER BY {ORDERS[table]} LIMIT 5")))


def agrees(truth: dict[str, Any]) -> bool:
    """Whether silver, rejected and revenue per day are exactly what the simulator planned; says which are not."""
    wrong = False
    for stream in STREAMS:
        counts, planned = reasons(stream), truth[stream.name]["rejected"]["by_reason"]
        found = {
            "silver rows": (rows(Layer.SILVER, stream), truth[stream.name]["silver"]["total"]),
            "rejected by reason": ({reason: counts[reason] for reason in planned}, planned),
        }
        if stream is COMMERCE:
            found["revenue per day"] = (revenue(), truth[stream.name]["revenue"])
        for name, (have, want) in found.items():
            if have != want:
                wrong = True
                say(f"{stream.name}, {name}: found {have}, the simulator planned {want}")
    if not wrong:
        say(f"\nsilver, rejected by reason and revenue per day equal the truth of the simulator, {truth_file()}")
    return not wrong


def revenue() -> dict[str, dict[str, str]]:
    """The revenue of completed orders by date and currency."""
    found: dict[str, dict[str, str]] = {}
    query = """SELECT ordered_date::VARCHAR, currency, sum(revenue)::VARCHAR FROM marts.fct_orders
               WHERE is_completed GROUP BY ALL ORDER BY ALL"""
    with duckdb.connect(str(data_dir() / "gold.duckdb"), read_only=True) as con:
        for date, currency, amount in con.execute(query).fetchall():
            found.setdefault(date, {})[currency] = amount
    return found


if __name__ == "__main__":
    sys.exit(main())
