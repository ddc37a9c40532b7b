"""Sessions: when they begin in an arrival hour, how late they arrive, and the events that follow from a script.

Every row is a function of (seed, hour, index). Times, keys and scripts belong here. What a record looks like is in the
stream's own folder.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from simulate import dice
from simulate.clock import HOUR_MS, milliseconds
from simulate.plan import Plan

FIRST_SPARE = 1 << 41  # sessions from this index on land only as spoiled records
# How late a late session is, in ms: one minute to 120 days, evenly spread on a logarithmic scale.
DELAYS = pl.Series([int(60_000 * 172_800 ** (step / 255)) for step in range(256)])


class Scripts:
    """The scripts of a stream's sessions. Each is a list of event numbers; a repeated script is likelier.

    `count`: how many scripts. `mean`: their average length. By script: `lengths`, `steps` (its event numbers) and
    `ordinals` (0, 1, 2, …).
    """

    def __init__(self, scripts: Sequence[Sequence[int]]) -> None:
        steps = [list(script) for script in scripts]
        self.count = len(steps)
        self.mean = sum(map(len, steps)) / len(steps)
        self.lengths = pl.Series([len(script) for script in steps])
        self.steps = pl.Series(steps, dtype=pl.List(pl.Int64))
        self.ordinals = pl.Series([list(range(len(script))) for script in steps], dtype=pl.List(pl.Int64))

    def pick(self) -> pl.Expr:
        """A script's number for each `key`."""
        return dice.below(self.count, "script").cast(pl.Int64)


def session_rows(hour: int, indexes: range) -> pl.DataFrame:
    """One row for each index of an hour: `hour` and `index` (Int64)."""
    index = pl.int_range(indexes.start, indexes.stop, indexes.step, dtype=pl.Int64)
    return pl.select(index=index).select(hour=pl.lit(hour, dtype=pl.Int64), index="index")


def session_rows_of(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    """One row for each pair of hour and index, as `session_rows`."""
    return pl.DataFrame(pairs, schema={"hour": pl.Int64, "index": pl.Int64}, orient="row")


def lateness(plan: Plan) -> pl.Expr:
    """For each `key`, how long after its events a session arrives, in ms; 0 for sessions that are not late."""
    delay = dice.pick(DELAYS, "delay") + dice.below(60_000, "delay's rest").cast(pl.Int64)
    return pl.when(dice.chance(plan.shares.late, "late")).then(delay).otherwise(0)


def place_in_hour(index: pl.Expr, count: pl.Expr | int) -> pl.Expr:
    """Where in its hour a session begins (0 to 1). It grows with the index, so that files follow each other in time."""
    return ((index + dice.uniform("place")) / count) % 1.0


def session_events(plan: Plan, sessions: pl.DataFrame, scripts: Scripts) -> pl.DataFrame:
    """One row per event of the sessions.

    Sessions have `hour`, `key`, `late`, `place` and `script` (which is dropped). Events also have `event`, `ordinal`
    (their number in the session), `id` (UInt64), `sent` (when they arrive, ms) and `at` (when they happened, ms).
    """
    gap = 2_000 + dice.below(90_000, "gap").cast(pl.Int64)
    scripted = sessions.with_columns(gap=gap).with_columns(
        event=pl.lit(scripts.steps).gather("script"), ordinal=pl.lit(scripts.ordinals).gather("script")
    )
    room = HOUR_MS - pl.col("gap") * pl.col("event").list.len()  # no session leaves its hour
    start = milliseconds(plan.start) + pl.col("hour") * HOUR_MS + (pl.col("place") * room).cast(pl.Int64)
    events = scripted.with_columns(start=start).explode("event", "ordinal")
    events = events.with_columns(id=dice.key(plan.seed, "event", "key", "ordinal"))
    jitter = dice.below(1_000, "jitter", "id").cast(pl.Int64)
    sent = pl.col("start") + pl.col("ordinal") * pl.col("gap") + jitter
    events = events.with_columns(sent=sent).with_columns(at=pl.col("sent") - pl.col("late"))
    return events.drop("script", "gap", "start")


def one_event_each(events: pl.DataFrame) -> pl.DataFrame:
    """One event of each session, chosen at random. A session that is there twice gives one event."""
    shuffled = events.with_columns(lot=dice.roll("lot", "id")).sort("lot", maintain_order=True)
    return shuffled.unique("key", keep="first", maintain_order=True).drop("lot")
