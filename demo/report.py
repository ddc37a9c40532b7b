"""Report: what the tables hold, compared with the simulator's truth, and the figures to look at.

Belongs here: counting and showing. Not here: how figures are computed (`dbt/`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from contracts import STREAMS
from contracts.stream import Stream
from demo.terminal import Terminal
from lake.reading import files_of, read
from lake.schemas import Layer
from lake.tables import Lake
from resources.environment import data_dir, make

# The last date is left out: only its first hour was simulated.
LAST_DAY = """(SELECT max(event_date) FROM marts.daily_active_users
    WHERE event_date < (SELECT max(event_date) FROM marts.daily_active_users))"""
EVERYBODY = "identity_space = 'all' AND device_platform = 'all' AND app_id = 'all'"
FIGURES = (
    f"""SELECT 'people active on ' || event_date, format('{{:,}}, of whom {{:,}} were new', dau, new_users)
        FROM marts.daily_active_users WHERE {EVERYBODY} AND event_date = {LAST_DAY}""",
    f"""SELECT 'revenue on ' || {LAST_DAY}, string_agg(revenue, ' and ' ORDER BY revenue) FROM (
            SELECT format('{{:,.2f}} ', sum(revenue)::DOUBLE) || currency AS revenue
            FROM marts.fct_orders WHERE is_completed AND ordered_date = {LAST_DAY} GROUP BY currency
        )""",
    """SELECT 'best seller',
            format('{}: {:,} sold, {:,} views', product_id, sum(units_sold)::BIGINT, sum(views)::BIGINT)
        FROM marts.top_products WHERE category = 'all' GROUP BY product_id ORDER BY sum(units_sold) DESC, 2 LIMIT 1""",
    """SELECT 'from first view to order',
            format('{:.1f} % of {:,} people: ', 100 * last(overall_rate ORDER BY step), first(users ORDER BY step))
            || string_agg(format('{} {:,}', event_name, users), ', ' ORDER BY step)
        FROM marts.funnel_steps WHERE funnel = 'shop order' GROUP BY funnel""",
    """SELECT 'back on the next day',
            format('{:.1f} % of {:,} who were new on {}', 100 * retention_rate, cohort_users, cohort_date)
        FROM marts.retention_cohorts
        WHERE identity_space = 'all' AND cohort_period = 'day' AND period_number = 1 AND retained_users IS NOT NULL
        ORDER BY cohort_date DESC LIMIT 1""",
)
"""Queries of the five figures. Each gives what the figure is, and its value."""


@dataclass(frozen=True)
class Counts:
    """How many records of a stream are in bronze, in silver, and in rejected for each reason."""

    bronze: int
    silver: int
    rejected: Mapping[str, int]

    @classmethod
    def of_truth(cls, truth: Mapping[str, Any]) -> Counts:
        """What the platform must find of a stream."""
        reasons = {reason: count for reason, count in truth["rejected"]["by_reason"].items() if count}
        return cls(truth["landed"]["total"], truth["silver"]["total"], reasons)

    @classmethod
    def of_lake(cls, lake: Lake, stream: Stream) -> Counts:
        """What the tables of a stream hold."""
        bronze, silver = (
            sum(file.record_count for file in files_of(lake.table(layer, stream)))
            for layer in (Layer.BRONZE, Layer.SILVER)
        )
        rejected = lake.table(Layer.REJECTED, stream)
        batches = read(rejected, files_of(rejected), ["reason"])
        return cls(bronze, silver, dict(Counter(reason for batch in batches for reason in batch.column(0).to_pylist())))


def report(terminal: Terminal, truth: Mapping[str, Any]) -> bool:
    """Show everything; whether the tables hold exactly what the truth says."""
    lake: Lake = make("lake", STREAMS, logging.getLogger(__name__))
    found = {stream.name: Counts.of_lake(lake, stream) for stream in STREAMS}
    terminal.say("\nWhat became of the records")
    terminal.counts([*found, "total"], rows(found))
    differences = list(compare(found, {name: Counts.of_truth(truth[name]) for name in found}))
    for difference in differences:
        terminal.say(difference)
    if not differences:
        terminal.say("  All of these numbers equal the simulator's truth, stream by stream and reason by reason.")
    terminal.say("\nFive figures of gold")
    with duckdb.connect(str(data_dir() / "gold.duckdb"), read_only=True) as con:
        terminal.pairs((name, value) for query in FIGURES for name, value in con.execute(query).fetchall())
    return not differences


def rows(found: Mapping[str, Counts]) -> Iterator[tuple[str, list[int]]]:
    """The rows of the table of counts: a name, and a number for each stream and for all together."""
    reasons: Counter[str] = Counter()
    for each in found.values():
        reasons.update(each.rejected)
    by_name = {
        "landed": [each.bronze for each in found.values()],
        "in silver": [each.silver for each in found.values()],
        "rejected": [sum(each.rejected.values()) for each in found.values()],
        **{
            f"  {reason}": [each.rejected.get(reason, 0) for each in found.values()]
            for reason, _ in reasons.most_common()
        },
    }
    yield from ((name, [*numbers, sum(numbers)]) for name, numbers in by_name.items())


def compare(found: Mapping[str, Counts], expected: Mapping[str, Counts]) -> Iterator[str]:
    """A line for each stream whose counts are not those expected."""
    for name, counts in found.items():
        if counts != expected[name]:
            yield f"{name}: found {counts}, but the simulator's truth is {expected[name]}"
