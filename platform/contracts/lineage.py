"""Lineage: the columns that name the landed record behind each row of bronze, silver and rejected.

Belongs here: their names and types. Not here: a stream's own columns (its contract).
"""

from __future__ import annotations

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
SOURCE_OBJECT = ["_source_file", "_source_version"]  # which landed object, and which version of its content
# Together they identify a record. `_ingested_at`, the time of loading, is stored beside them but is not part of it.
LINEAGE: dict[str, pl.DataType] = {
    "_arrival_hour": INSTANT,
    "_source_file": pl.String(),
    "_source_version": pl.String(),
    "_line": pl.Int64(),
}
