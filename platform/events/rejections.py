"""Why records are rejected, and which of several reasons counts.

Belongs here: the order of reasons, one answer per record. Not here: finding anything wrong (`json`, `documents`,
`enriched`, `conform`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import repeat

import numpy as np
import polars as pl

from events.array_types import Bytes, Int64s
from events.values import KIND_NAMES, NULL, OBJECT

REASONS = ("oversize", "malformed", "type", "missing", "rule", "clock", "conflict", "duplicate")
REJECTED_SCHEMA = {"_row": pl.UInt32, "reason": pl.String, "column": pl.String, "detail": pl.String}


class Rejections:
    """Entries: row, wrong column (None for the whole record), reason (one of `REASONS`), and detail."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str | None, str, str]] = []

    def add(self, rows: Iterable[int], reason: str, details: Iterable[str] | str, column: str | None = None) -> None:
        """Reject rows for one reason, with a detail for each row or one for all."""
        each = repeat(details) if isinstance(details, str) else details
        self.entries += zip(rows, repeat(column), repeat(reason), each, strict=False)

    def without(self, rows: Collection[int]) -> Rejections:
        """The entries of other rows."""
        left = Rejections()
        left.entries = [entry for entry in self.entries if entry[0] not in rows]
        return left

    def moved(self, rows: Int64s) -> Rejections:
        """The entries with row `rows[i]` in place of row `i`."""
        moved = Rejections()
        moved.entries = [(int(rows[row]), column, reason, detail) for row, column, reason, detail in self.entries]
        return moved

    def rows(self) -> Int64s:
        """The row of each entry; a row may come more than once."""
        return np.fromiter((entry[0] for entry in self.entries), np.int64, len(self.entries))

    def worst(self) -> pl.DataFrame:
        """One row per rejected record (`REJECTED_SCHEMA`): its first reason in `REASONS`' order, and all details."""
        rows, columns, reasons, details = zip(*self.entries, strict=True) if self.entries else ((), (), (), ())
        found = pl.DataFrame({"_row": rows, "column": columns, "reason": reasons, "detail": details}, REJECTED_SCHEMA)
        rank = pl.col("reason").replace_strict({r: i for i, r in enumerate(REASONS)}, return_dtype=pl.Int8)
        detail = pl.when(pl.col("column").is_null()).then("detail").otherwise(pl.format("{}: {}", "column", "detail"))
        ordered = found.with_columns(rank.alias("rank"), detail.alias("detail")).sort(
            "_row", "rank", "column", "detail"
        )
        return (
            ordered.group_by("_row", maintain_order=True)
            .agg(pl.col("reason").first(), pl.col("column").first(), pl.col("detail").str.join("; "))
            .cast(REJECTED_SCHEMA)  # type: ignore[arg-type]
        )


def refuse_non_objects(path: str, kinds: Bytes, rejections: Rejections) -> None:
    """Reject rows whose value at a parent path is no object: its content would be lost."""
    wrong = np.flatnonzero((kinds > NULL) & (kinds != OBJECT))
    rejections.add(wrong.tolist(), "type", (f"object wanted, {KIND_NAMES[kind]} found" for kind in kinds[wrong]), path)
