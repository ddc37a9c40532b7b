"""Verdicts: one record of a key wins, the others are duplicates or conflicts. Rows move to fit their verdicts.

Belongs here: the rule, as functions from data to data. Not here: which records share a key (`membership`,
`bloom_filter`), reading stored records (`lake.stored_keys`), moving rows (`lake.judge_silver`).

A verdict depends only on the set of records, not on the order in which runs load them.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from contracts.lineage import LINEAGE
from events.dedup.keys import KEY

LOSERS = ("duplicate", "conflict")
NEW: dict[str, pl.DataType] = {**LINEAGE, "_key": pl.Binary(), "_scope": pl.Date(), "_content": pl.Binary()}
STORED: dict[str, pl.DataType] = {**NEW, "reason": pl.String(), "_file": pl.String()}


@dataclass(frozen=True)
class RowMoves:
    """The records that are in the wrong place for their verdict, as frames of `STORED` and `verdict`.

    `lost`: new ones that go to rejected. `demoted`: from silver to rejected. `promoted`: from rejected to silver.
    `reason_changed`: stay in rejected, with the other of its two reasons.
    """

    lost: pl.DataFrame
    demoted: pl.DataFrame
    promoted: pl.DataFrame
    reason_changed: pl.DataFrame


def dedup(new: pl.DataFrame, stored: pl.DataFrame) -> RowMoves:
    """Which rows move, given all records of some keys.

    `new` (columns `NEW`) are on their way to silver. `stored` (columns `STORED`) are in silver where `reason` is null,
    else in rejected for that reason, in the data file `_file`. Each record is stored once.
    """
    nowhere = pl.lit(None, pl.String())
    both = pl.concat(
        [
            new.select(*NEW, nowhere.alias("reason"), nowhere.alias("_file"), pl.lit(False).alias("stored")),
            stored.select(*STORED, pl.lit(True).alias("stored")),
        ]
    )
    judged = with_verdicts(both).filter(pl.col("verdict") != pl.col("reason").fill_null("winner"))
    in_rejected, wins = pl.col("reason").is_not_null(), pl.col("verdict") == "winner"
    return RowMoves(
        *(
            judged.filter(chosen).select(*STORED, "verdict")
            for chosen in (
                ~pl.col("stored"),
                pl.col("stored") & ~in_rejected,
                in_rejected & wins,
                in_rejected & ~wins,
            )
        )
    )


def with_verdicts(records: pl.DataFrame) -> pl.DataFrame:
    """Records (at least the columns `NEW`) with a column `verdict`: winner, duplicate or conflict.

    The earliest of a key by (arrival hour, file, line) wins. Another one with the same content is a duplicate, one with
    other content a conflict.
    """
    ordered = records.sort("_arrival_hour", "_source_file", "_line", "_source_version")
    first = pl.int_range(pl.len()).over(KEY) == 0
    same = pl.col("_content") == pl.col("_content").first().over(KEY)
    verdict = pl.when(first).then(pl.lit("winner")).when(same).then(pl.lit("duplicate")).otherwise(pl.lit("conflict"))
    return ordered.with_columns(verdict.alias("verdict"))
