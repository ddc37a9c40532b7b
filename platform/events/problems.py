"""Problems: what is wrong with records, and which of it counts.

Belongs here: the order of judgement, one answer a record. Not here: finding anything wrong (`casts`, `documents`,
`enriched`, `conform`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import repeat

import numpy as np
import numpy.typing as npt
import polars as pl

REASONS = ("oversize", "malformed", "type", "missing", "rule", "clock", "conflict", "duplicate")
REFUSED = {"_row": pl.UInt32, "reason": pl.String, "column": pl.String, "detail": pl.String}


class Problems:
    """Entries: a record's row, the column that it is about, if it is one, the reason (of `REASONS`) and a detail."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str | None, str, str]] = []

    def add(self, rows: Iterable[int], reason: str, details: Iterable[str] | str, column: str | None = None) -> None:
        """The same reason for some rows, with a detail for each or one for all."""
        told = repeat(details) if isinstance(details, str) else details
        self.entries += zip(rows, repeat(column), repeat(reason), told, strict=False)

    def without(self, rows: Collection[int]) -> Problems:
        """Those of other rows."""
        left = Problems()
        left.entries = [entry for entry in self.entries if entry[0] not in rows]
        return left

    def rows(self) -> npt.NDArray[np.int64]:
        """The rows with a problem, those with several as often."""
        return np.fromiter((entry[0] for entry in self.entries), np.int64, len(self.entries))

    def worst(self) -> pl.DataFrame:
        """One row a refused record: the first reason of `REASONS` that it has, and all that was found; `REFUSED`."""
        rows, columns, reasons, details = zip(*self.entries, strict=True) if self.entries else ((), (), (), ())
        found = pl.DataFrame({"_row": rows, "column": columns, "reason": reasons, "detail": details}, REFUSED)
        rank = pl.col("reason").replace_strict({r: i for i, r in enumerate(REASONS)}, return_dtype=pl.Int8)
        detail = pl.when(pl.col("column").is_null()).then("detail").otherwise(pl.format("{}: {}", "column", "detail"))
        ordered = found.with_columns(rank.alias("rank"), detail.alias("detail")).sort(
            "_row", "rank", "column", "detail"
        )
        return (
            ordered.group_by("_row", maintain_order=True)
            .agg(pl.col("reason").first(), pl.col("column").first(), pl.col("detail").str.join("; "))
            .cast(REFUSED)  # type: ignore[arg-type]
        )
