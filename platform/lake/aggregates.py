"""Aggregates: what a snapshot's rows amount to, in bounded memory.

Belongs here: grouping as the rows stream by. Not here: what is asked of them (`assets.checks`, `judge_silver`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa


def row_counts(batches: Iterable[pa.RecordBatch], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """How many `rows` there are of each combination of columns, which have few values and no nulls."""
    found: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        coded = [column.dictionary_encode() for column in map(batch.column, columns)]
        sizes = [len(column.dictionary) for column in coded]
        places = np.ravel_multi_index([column.indices.to_numpy() for column in coded], sizes)
        runs = np.flatnonzero(np.diff(places, prepend=-1))  # rows of one object lie together
        unique, which = np.unique(places[runs], return_inverse=True)
        counts = np.bincount(which, np.diff(runs, append=len(places)), len(unique))
        for place, count in zip(unique, counts, strict=True):
            codes = np.unravel_index(place, sizes)
            values = (column.dictionary[int(code)].as_py() for column, code in zip(coded, codes, strict=True))
            found[tuple(values)] += int(count)
    rows = [(*values, count) for values, count in found.items()]
    return pl.DataFrame(rows, {**columns, "rows": pl.UInt32()}, orient="row")
