"""Write values and texts so that messages and tables can show them.

Belongs here: lengths, surrogates, and times that Python or Polars cannot write. Not here: whether a value is personal
and must not be shown (`conform`, `json`).
"""

from __future__ import annotations

import polars as pl

from events.time_range import END_MICROSECOND, FIRST_MICROSECOND


def shortened(text: str, length: int = 80) -> str:
    """The text, cut to `length` characters, without lone surrogates."""
    return without_surrogates(text if len(text) <= length else text[: length - 3] + "...")


def without_surrogates(text: str) -> str:
    """The text with U+FFFD for each lone half of a surrogate pair, which no encoding can write."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def as_texts(values: pl.Series) -> pl.Series:
    """Each value as text; null stays null.

    A time outside the years 1 to 9999, which only a computed column can have, is written as microseconds since 1970:
    Python's datetime ends there, and Polars panics a little later.
    """
    if not isinstance(values.dtype, pl.Datetime):
        return values.cast(pl.String)
    micros = values.dt.cast_time_unit("us").to_physical()
    inside = micros.is_between(FIRST_MICROSECOND, END_MICROSECOND, closed="left")
    written = values.zip_with(inside, values.clear(len(values))).dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
    outside = pl.select(pl.format("{} microseconds from 1970", micros)).to_series()
    return written.zip_with(inside, outside)
