"""The demo: simulate two days, materialize everything through Dagster, show the results, compare them with the truth.

`make demo` runs it. It is the only program that uses both the simulator and the platform, and it is not in the image.
"""

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
from contracts.stream import Stream
from lake.reading import files_of, read
from lake.schemas import Layer
from lake.tables import Lake
from partitions import HOURS_PER_RUN
from resources.environment import data_dir, make
from simulate.plan import Plan
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED
from simulate.truth import by_stream, save

# Two days and the first hour of the third, so that both days are complete.
START, HOURS, RATE, SEED = dt.datetime(2026, 1, 1), 49, 850, 7
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
DAYS_OVER = "event_date < (SELECT max(event_date) FROM marts.daily_active_users)"
FIGURES = (
    f"""SELECT 'people active on ' || event_date, format('{{:,}}; {{:,}} in the 28 days up to it', dau, mau)
        FROM marts.daily_active_users WHERE device_platform = 'all' AND {DAYS_OVER} ORDER BY event_date DESC LIMIT 1""",
    """SELECT 'revenue on ' || ordered_date, string_agg(revenue, ', ' ORDER BY currency) FROM (
           SELECT ordered_date, currency, format('{:,.2f} ', sum(revenue)::DOUBLE) || currency AS revenue
           FROM marts.fct_orders WHERE is_completed GROUP BY ordered_date, currency
       ) GROUP BY ordered_date ORDER BY ordered_date DESC LIMIT 3""",
    """SELECT 'most viewed product, ' || currency,
           format('{}: {:,} views, {:,} purchases', product_id, views, purchases)
       FROM marts.top_products WHERE category = 'all' AND place = 1 ORDER BY currency""",
    """SELECT 'funnel ' || funnel, string_agg(format('{} {:,}', event_name, users), ' > ' ORDER BY step)
           || format(': {:.1f} %', 100 * last(overall_rate ORDER BY step))
       FROM marts.funnel_steps GROUP BY funnel ORDER BY funnel""",
    """SELECT 'back the day after ' || cohort_date,
           format('{:,} of {:,} newcomers: {:.1f} %', retained_users, cohort_users, 100 * retention_rate)
       FROM marts.retention_cohorts
       WHERE cohort_period = 'day' AND period_number = 1 AND retained_users IS NOT NULL
       ORDER BY cohort_date DESC LIMIT 1""",
)
"""Queries of the main figures. Each row is a line of the report: what it is, and its value."""


def main() -> int:
    """Simulate, materialize, report. The exit status is 1 if a run fails or the lake differs from the truth."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore", dg.BetaWarning)
    warnings.simplefilter("ignore", dg.PreviewWarning)
    landing = data_dir() / "landing"
    if truth_file().exists():
        say(f"{landing} holds the simulated events already")
    else:
        say(f"simulating {HOURS} hours of events of {len(STREAMS)} streams into {landing}")
        plan = Plan(START, hours=HOURS, rate=RATE, seed=SEED)
        save(by_stream([simulate(SIMULATED[stream.name], plan, landing) for stream in STREAMS]), truth_file())
    truth = json.loads(truth_file().read_text())["streams"]
    before = snapshots()
    hours = sorted({hour for of_stream in truth.values() for hour in of_stream["landed"]["by_arrival_hour"]})
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
    """The partition keys of hours, one list for each run."""
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
    """The current snapshot of every table. They stay the same when nothing changes."""
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
    """Print what landed and what became of it, the top rows of three gold tables, and the main figures."""
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
        say("main figures")
        for query in FIGURES:
            for what, value in con.execute(query).fetchall():
                say(f"  {what:<34} {value}")


def agrees(truth: dict[str, Any]) -> bool:
    """Whether the lake holds exactly what the truth says. Prints every difference."""
    compared: dict[str, tuple[Any, Any]] = {}
    for stream in STREAMS:
        counts, expected = reasons(stream), truth[stream.name]
        by_reason = expected["rejected"]["by_reason"]
        compared[f"{stream.name}, bronze rows"] = (rows(Layer.BRONZE, stream), expected["landed"]["total"])
        compared[f"{stream.name}, silver rows"] = (rows(Layer.SILVER, stream), expected["silver"]["total"])
        compared[f"{stream.name}, rejected by reason"] = ({reason: counts[reason] for reason in by_reason}, by_reason)
    differences = {name: pair for name, pair in compared.items() if pair[0] != pair[1]}
    for name, (found, expected) in differences.items():
        say(f"{name}: found {found}, the simulator's truth is {expected}")
    if not differences:
        say(f"\nbronze, silver and rejected records by reason equal the simulator's truth, {truth_file()}")
    return not differences


if __name__ == "__main__":
    sys.exit(main())
