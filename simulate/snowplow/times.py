"""The six times of an enriched event, which agree on one time of the event in every case.

Device clocks may be wrong by minutes or by years; that is what the other times are for.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from simulate import dice, text
from simulate.snowplow.vocabulary import SERVER

SKEWS = pl.Series([0] * 6 + [-250, 3_600_000, -260_000_000, 31_536_000_000])  # how wrong a device's clock is, ms
TRANSIT = 300  # milliseconds from the device to the collector
BEYOND = pl.Series(["", "", "000", "123", "000001", "054266"])  # digits behind the milliseconds


def of_time(rows: pl.DataFrame) -> Mapping[str, pl.Expr]:
    """The fields for rows with `at`, `sent` and `late` (ms), `id`, `platform` and `browser`.

    The event's time is known exactly, or as enrichment derived it, or as it can be derived from the device's times and
    the collector's, or, where there is nothing else, as it was collected.
    """
    exact = (pl.col("platform") == SERVER) | dice.chance(0.02, "exact", "id")
    underived = ~exact & dice.chance(0.03, "not derived", "id")
    bare = underived & (pl.col("late") == 0) & dice.chance(0.5, "bare", "id")
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
    whole = {name: pl.lit(_stamps(times, name, pl.lit(""))) for name in ("sent", "created", "transmitted")}
    fine = {name: pl.lit(_stamps(times, name, dice.pick(BEYOND, "beyond", "id"))) for name in ("at", "enriched")}
    return {
        "etl_tstamp": fine["enriched"],
        "collector_tstamp": whole["sent"],
        "dvce_created_tstamp": pl.when(~bare).then(whole["created"]),
        "dvce_sent_tstamp": pl.when(~bare).then(whole["transmitted"]),
        # The exact time counts, also where enrichment knew no better one than when the event came.
        "derived_tstamp": pl.when(exact).then(whole["sent"]).when(~underived).then(fine["at"]),
        "true_tstamp": pl.when(exact).then(fine["at"]),
    }


def _stamps(times: pl.DataFrame, column: str, suffix: pl.Expr) -> pl.Series:
    return text.timestamps(times[column], pl.lit(" "), suffix, times.select("id"))
