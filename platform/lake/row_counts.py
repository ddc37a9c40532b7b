"""Row counts: how many rows share the values of some columns, in bounded memory.

Belongs here: counting while rows are read. Not here: which rows, and what the counts mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa


def count_rows(batches: Iterable[pa.RecordBatch], columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """One row per combination of values of `columns`, with the number of its `rows`. No value may be null.

    Fast if the columns have few values and equal rows come one after the other.
    """
    found: Counter[tuple[Any, ...]] = Counter()
    for batch in batches:
        encoded = [column.dictionary_encode() for column in map(batch.column, columns)]
        sizes = [len(column.dictionary) for column in encoded]
        places = np.ravel_multi_index([column.indices.to_numpy() for column in encoded], sizes)
        runs = np.flatnonzero(np.diff(places, prepend=-1))
        unique, which = np.unique(places[runs], return_inverse=True)
        counts = np.bincount(which, np.diff(runs, append=len(places)), len(unique))
        for place, count in zip(unique, counts, strict=True):
            codes = np.unravel_index(place, sizes)
            values = (column.dictionary[int(code)].as_py() for column, code in zip(encoded, codes, strict=True))
            found[tuple(values)] += int(count)
    rows = [(*values, count) for values, count in found.items()]
    return pl.DataFrame(rows, {**columns, "rows": pl.UInt32()}, orient="row")
