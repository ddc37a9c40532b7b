"""Numbers, times and templates as text, a column at a time.

Ways of writing that several streams share belong here. Whole records do not.
"""

from __future__ import annotations

import re

import polars as pl

from simulate.clock import DAY_MS

# As `json.dumps` writes a float of whole cents (12.5, not 12.50): a record that is read and written stays the same.
CENTS = pl.Series([f".{cents:02d}".removesuffix("0") if cents else ".0" for cents in range(100)])
SECONDS = pl.Series([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86_400)])
MILLISECONDS = pl.Series([f".{ms:03d}" for ms in range(1000)])
MICROSECONDS = pl.Series([f"{micro:03d}" for micro in range(1000)])  # the digits after those of the milliseconds
UTC_SUFFIXES = pl.Series(["Z", "+00:00"])


def fill(template: str) -> pl.Expr:
    """The template with the values of the columns that it names in angle brackets: `{"id":"<id>"}`."""
    pieces = re.split(r"<(\w+)>", template)
    parts = [pl.col(piece) if place % 2 else pl.lit(piece) for place, piece in enumerate(pieces) if piece]
    return pl.concat_str(parts)


def money(cents: pl.Expr) -> pl.Expr:
    """An amount of whole cents, zero or more, as a JSON number."""
    return pl.concat_str(cents // 100, pl.lit(CENTS).gather(cents % 100))


def timestamps(at: pl.Series, separator: pl.Expr, suffix: pl.Expr, frame: pl.DataFrame) -> pl.Series:
    """Milliseconds since 1970 as ISO 8601 text to the millisecond.

    `separator` (between date and time) and `suffix` are expressions over `frame`, which has one row for each of `at`.
    Dates and times are looked up in tables, because formatting each row is far slower.
    """
    if at.is_empty():
        return pl.Series([], dtype=pl.String)
    day, rest = at // DAY_MS, at % DAY_MS
    first, last = int(day.min()), int(day.max())  # type: ignore[arg-type]
    dates = pl.Series(range(first, last + 1), dtype=pl.Int32).cast(pl.Date).dt.to_string("%Y-%m-%d")
    parts = pl.DataFrame(
        {
            "date": dates.gather(day - first),
            "time": SECONDS.gather(rest // 1000),
            "fraction": MILLISECONDS.gather(rest % 1000),
        }
    )
    text = pl.concat_str("date", separator, "time", "fraction", suffix)
    return parts.hstack(frame).select(text.alias("timestamp"))["timestamp"]
