"""Sessions: when they begin in an arrival hour, how late they arrive, and when the events of their scripts happen.

Every row is a function of (seed, hour, index). Times and keys belong here. What a record looks like is in the stream's
own folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import exp
from statistics import NormalDist

import polars as pl

from simulate import dice
from simulate.clock import DAY_MS, HOUR_MS, milliseconds
from simulate.plan import Plan
from simulate.scripts import Scripts

FIRST_SPARE = 1 << 41  # sessions from this index on land only as spoiled records
SHORTEST_DELAY_MS = 60_000
LONGEST_MS, LONGEST_SPREAD_MS = 40 * 60_000, 18 * 60_000  # the limits of sessions, so that none leaves its hour
SHORTEST_GAP_MS, LONGEST_GAP_MS = 2_000, 20 * 60_000
BOT_GAP_MS = 2_500
BEATS = pl.Series([10_000] * 7 + [20_000, 30_000, 60_000])  # a tracker pings every ten seconds unless nobody moves


def _log_normal(median: float, sigma: float) -> list[float]:
    """256 equally likely values."""
    return [median * exp(sigma * NormalDist().inv_cdf((step + 0.5) / 256)) for step in range(256)]


GAPS = pl.Series([int(min(max(gap, SHORTEST_GAP_MS), LONGEST_GAP_MS)) for gap in _log_normal(105_000, 0.9)])
PACES = pl.Series([int(pace) for pace in _log_normal(1_000, 0.4)])
"""The time between two events of a session (ms), and the speed of the whole session (thousandths)."""


def session_rows(hour: int, indexes: range) -> pl.DataFrame:
    """One row for each index of an hour: `hour` and `index` (Int64)."""
    index = pl.int_range(indexes.start, indexes.stop, indexes.step, dtype=pl.Int64)
    return pl.select(index=index).select(hour=pl.lit(hour, dtype=pl.Int64), index="index")


def session_rows_of(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    """One row for each pair of hour and index, as `session_rows`."""
    return pl.DataFrame(pairs, schema={"hour": pl.Int64, "index": pl.Int64}, orient="row")


def lateness(plan: Plan) -> pl.Expr:
    """For each `key`, how long after its events a session arrives, in ms; 0 for sessions that are not late."""
    delay = dice.pick(_delays(plan.days_late), "delay") + dice.below(60_000, "delay's rest").cast(pl.Int64)
    return pl.when(dice.chance(plan.shares.late, "late")).then(delay).otherwise(0)


@lru_cache
def _delays(days: int) -> pl.Series:
    """How late a late session is, in ms: one minute to these days, evenly spread on a logarithmic scale."""
    ratio = days * DAY_MS / SHORTEST_DELAY_MS
    return pl.Series([int(SHORTEST_DELAY_MS * ratio ** (step / 256)) for step in range(256)])


def place_in_hour(index: pl.Expr, count: pl.Expr | int) -> pl.Expr:
    """Where in its hour a session begins (0 to 1). It grows with the index, so that files follow each other in time."""
    return ((index + dice.uniform("place")) / count) % 1.0


def session_events(plan: Plan, sessions: pl.DataFrame, scripts: Scripts) -> pl.DataFrame:
    """One row per event of the sessions.

    Sessions have `hour`, `key`, `bot`, `late`, `place` and `script` (which is dropped). Events also have `event`,
    `ordinal` (their number in the session), `view` (the number of the session's view that they belong to, from 1), `id`
    (UInt64), `sent` (when they arrive, ms) and `at` (when they happened, ms).
    """
    lists = {"event": scripts.steps, "ordinal": scripts.ordinals, "view": scripts.views_begun}
    found = {name: pl.lit(values).gather("script") for name, values in lists.items()}
    scripted = sessions.with_columns(**found).explode(*lists)
    events = scripted.with_columns(id=dice.key(plan.seed, "event", "key", "ordinal"))
    return _add_times(plan, events, scripts.beats).drop("script", "place")


def _add_times(plan: Plan, events: pl.DataFrame, beats: Sequence[int]) -> pl.DataFrame:
    """Add `sent` and `at`. The events of a session follow each other."""
    is_first = pl.col("ordinal") == 0
    is_last = pl.col("ordinal").shift(-1, fill_value=0) == 0
    gap = pl.when("bot").then(BOT_GAP_MS).otherwise(dice.pick(GAPS, "gap", "id") * dice.pick(PACES, "pace") // 1_000)
    step = gap + dice.below(1_000, "jitter", "id").cast(pl.Int64)
    if beats:
        step = pl.when(pl.col("event").is_in(beats)).then(dice.pick(BEATS, "beat", "id")).otherwise(step)
    events = events.with_columns(total=step.cum_sum())
    since = pl.col("total") - pl.when(is_first).then("total").forward_fill()
    events = events.with_columns(since=since)
    events = events.with_columns(length=pl.when(is_last).then("since").backward_fill())
    longest = LONGEST_MS + dice.below(LONGEST_SPREAD_MS, "longest").cast(pl.Int64)
    shortened = pl.col("since") * longest // pl.max_horizontal("length", longest)
    start = (pl.col("place") * (HOUR_MS - pl.min_horizontal("length", longest))).cast(pl.Int64)
    sent = milliseconds(plan.start) + pl.col("hour") * HOUR_MS + start + shortened
    timed = events.with_columns(sent=sent).with_columns(at=pl.col("sent") - pl.col("late"))
    return timed.drop("total", "since", "length")


def one_event_each(events: pl.DataFrame) -> pl.DataFrame:
    """One event of each session, chosen at random. A session that is there twice gives one event."""
    shuffled = events.with_columns(lot=dice.roll("lot", "id")).sort("lot", maintain_order=True)
    return shuffled.unique("key", keep="first", maintain_order=True).drop("lot")
