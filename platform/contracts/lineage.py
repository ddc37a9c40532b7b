"""Lineage: the columns that say from which landed record a row of bronze, silver or rejected was made.

Belongs here: their names and types. Not here: a stream's own columns (its contract).
"""

from __future__ import annotations

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
SOURCE_OBJECT = ["_source_file", "_source_version"]  # which landed object, and which version of its content
# Together they identify a record. `_ingested_at`, the time of loading, is stored beside them and identifies nothing.
LINEAGE: dict[str, pl.DataType] = {
    "_arrival_hour": INSTANT,
    "_source_file": pl.String(),
    "_source_version": pl.String(),
    "_line": pl.Int64(),
}
