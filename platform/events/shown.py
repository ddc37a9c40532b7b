"""Shown: values of typed columns as texts for people, of whatever a column can hold.

Belongs here: writing values that Python or Polars cannot write. Not here: what is said about a value (`casts`,
`conform`), or what may be shown of a personal one.
"""

from __future__ import annotations

import polars as pl

from events.instants import FIRST, LAST


def shown(values: pl.Series) -> pl.Series:
    """Each value as text, null for null.

    A time outside the years 1 to 9999, which only a computed column can have, is shown in microseconds since 1970:
    Python's datetime ends there, and Polars panics somewhat later.
    """
    if not isinstance(values.dtype, pl.Datetime):
        return values.cast(pl.String)
    micros = values.dt.cast_time_unit("us").to_physical()
    inside = micros.is_between(FIRST, LAST, closed="left")
    written = values.zip_with(inside, values.clear(len(values))).dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
    outside = pl.select(pl.format("{} microseconds from 1970", micros)).to_series()
    return written.zip_with(inside, outside)
