"""Sessions: who comes when in an arrival hour, and the events that unfold from a script.

Every row is a function of (seed, hour, index). Times, keys and scripts belong here; what an event's record looks like
is the stream's affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from simulate import dice
from simulate.plan import Plan

HOUR = 3_600_000  # milliseconds
SPARES = 1 << 41  # from this index on a session lands only in spoiled records
DELAYS = pl.Series(
    [int(60_000 * 172_800 ** (step / 255)) for step in range(256)]
)  # a minute to 120 days, each scale as likely


class Scripts:
    """The sessions that a stream knows, by number: each is a list of numbers of events. Repeated ones come oftener."""

    def __init__(self, scripts: Sequence[Sequence[int]]) -> None:
        steps = [list(script) for script in scripts]
        self.count = len(steps)
        self.mean = sum(map(len, steps)) / len(steps)
        self.lengths = pl.Series([len(script) for script in steps])
        self.steps = pl.Series(steps, dtype=pl.List(pl.Int64))
        self.ordinals = pl.Series([list(range(len(script))) for script in steps], dtype=pl.List(pl.Int64))

    def pick(self) -> pl.Expr:
        """One script's number for each `key`."""
        return dice.below(self.count, "script").cast(pl.Int64)


def milliseconds(at: datetime) -> int:
    """A naive UTC time as milliseconds since 1970."""
    return round((at - datetime(1970, 1, 1)).total_seconds() * 1000)


def numbered(hour: int, indexes: range) -> pl.DataFrame:
    """Rows of `hour` and `index` (Int64)."""
    index = pl.int_range(indexes.start, indexes.stop, indexes.step, dtype=pl.Int64)
    return pl.select(index=index).select(hour=pl.lit(hour, dtype=pl.Int64), index="index")


def late(plan: Plan) -> pl.Expr:
    """How long after it happened a session arrives, in milliseconds; mostly 0."""
    delay = dice.pick(DELAYS, "delay") + dice.below(60_000, "delay's rest").cast(pl.Int64)
    return pl.when(dice.chance(plan.shares.late, "late")).then(delay).otherwise(0)


def place(index: pl.Expr, count: pl.Expr | int) -> pl.Expr:
    """Where in its hour a session is (0 to 1): in the order of the indexes, so that files follow each other in time."""
    return ((index + dice.uniform("place")) / count) % 1.0


def unfold(plan: Plan, visitors: pl.DataFrame, scripts: Scripts) -> pl.DataFrame:
    """One row per event of rows with `hour`, `key`, `late`, `place` and `script`, which is taken off.

    Adds `event`, `ordinal`, `id` (UInt64), and `sent` and `at` (ms).
    """
    gap = 2_000 + dice.below(90_000, "gap").cast(pl.Int64)
    begun = visitors.with_columns(gap=gap).with_columns(
        event=pl.lit(scripts.steps).gather("script"), ordinal=pl.lit(scripts.ordinals).gather("script")
    )
    room = HOUR - pl.col("gap") * pl.col("event").list.len()  # no session leaves its hour
    start = milliseconds(plan.start) + pl.col("hour") * HOUR + (pl.col("place") * room).cast(pl.Int64)
    told = begun.with_columns(start=start).explode("event", "ordinal")
    told = told.with_columns(id=dice.key(plan.seed, "event", "key", "ordinal"))
    jitter = dice.below(1_000, "jitter", "id").cast(pl.Int64)
    sent = pl.col("start") + pl.col("ordinal") * pl.col("gap") + jitter
    return told.with_columns(sent=sent).with_columns(at=pl.col("sent") - pl.col("late")).drop("script", "gap", "start")


def rows(numbers: list[tuple[int, int]]) -> pl.DataFrame:
    """As `numbered`, of pairs of hour and index."""
    return pl.DataFrame(numbers, schema={"hour": pl.Int64, "index": pl.Int64}, orient="row")


def one_each(events: pl.DataFrame) -> pl.DataFrame:
    """One event of each session, by lot, so that any may be the one; a session picked twice gives one."""
    chosen = events.with_columns(lot=dice.roll("lot", "id")).sort("lot", maintain_order=True)
    return chosen.unique("key", keep="first", maintain_order=True).drop("lot")
