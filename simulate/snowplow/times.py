"""The six times of an enriched event. Those that are there always give the same event time.

A device's clock may be wrong by minutes or by years; the other times correct it.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from simulate import dice, text
from simulate.snowplow.vocabulary import SERVER

SKEWS = pl.Series([0] * 6 + [-250, 3_600_000, -260_000_000, 31_536_000_000])  # the error of a device's clock, ms
TRANSIT = 300  # milliseconds from the device to the collector
FINER_DIGITS = pl.Series(["", "", "000", "123", "000001", "054266"])  # after those of the milliseconds


def time_fields(rows: pl.DataFrame) -> Mapping[str, pl.Expr]:
    """The six fields, for rows with `at`, `sent` and `late` (ms), `id`, `platform` and `browser`.

    The event time is the true time, else the one that enrichment derived, else what follows from the times of the
    device and the collector, else the collector's time.
    """
    exact = (pl.col("platform") == SERVER) | dice.chance(0.02, "exact", "id")
    underived = ~exact & dice.chance(0.03, "not derived", "id")
    collector_only = underived & (pl.col("late") == 0) & dice.chance(0.5, "bare", "id")
    skew = dice.pick(SKEWS, "skew", "browser")
    delay = 2_000 + dice.below(8_000, "enriched", "id").cast(pl.Int64)
    times = rows.select(
        "id",
        "at",
        "sent",
        created=pl.col("at") + skew - TRANSIT,
        transmitted=pl.col("sent") + skew - TRANSIT,
        enriched=pl.col("sent") + delay,
    )
    no_digits, digits = pl.lit(""), dice.pick(FINER_DIGITS, "beyond", "id")
    sent, created, transmitted = (_timestamps(times, name, no_digits) for name in ("sent", "created", "transmitted"))
    at, enriched = (_timestamps(times, name, digits) for name in ("at", "enriched"))
    return {
        "etl_tstamp": enriched,
        "collector_tstamp": sent,
        "dvce_created_tstamp": pl.when(~collector_only).then(created),
        "dvce_sent_tstamp": pl.when(~collector_only).then(transmitted),
        # The true time counts, even if enrichment could only derive the time of arrival.
        "derived_tstamp": pl.when(exact).then(sent).when(~underived).then(at),
        "true_tstamp": pl.when(exact).then(at),
    }


def _timestamps(times: pl.DataFrame, column: str, suffix: pl.Expr) -> pl.Expr:
    return pl.lit(text.timestamps(times[column], pl.lit(" "), suffix, times.select("id")))
