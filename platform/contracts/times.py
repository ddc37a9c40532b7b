"""Forms of times other than ISO 8601: numbers since 1970, and times written by the clock of one place.

Belongs here: what such a text means, as Polars expressions. Not here: ISO 8601 (`events.json.timestamps`), which column
has which form (the contracts).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

_SAMPLE = dt.datetime(2001, 2, 3, 16, 5)
_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}  # nanoseconds
_NUMBER = pl.Decimal(38, 9)


@dataclass(frozen=True)
class Epoch:
    """The time since 1970 as a number, or as the text of one; `unit` is `s`, `ms`, `us` or `ns`.

    What is beyond microseconds is cut. Raises `ValueError` for another unit.
    """

    unit: str

    def __post_init__(self) -> None:
        if self.unit not in _UNITS:
            raise ValueError(f"Epoch: the unit must be one of {', '.join(_UNITS)}, not {self.unit!r}")

    def __str__(self) -> str:
        return f"number of {self.unit} since 1970"

    def microseconds(self, texts: pl.Expr) -> pl.Expr:
        """Microseconds since 1970; null for a text that is no such number."""
        number = texts.str.strip_chars().cast(_NUMBER, strict=False)
        factor = _UNITS[self.unit]
        if factor >= 1000:
            return (number * (factor // 1000)).cast(pl.Int64, strict=False)
        return number.cast(pl.Int64, strict=False) // 1000


@dataclass(frozen=True)
class LocalTime:
    """A time as the clocks of a place show it, such as `LocalTime("%d.%m.%Y %H:%M", "Europe/Berlin")`.

    `form` has the directives of strftime; `%.f` is a fraction of a second, if there is one. `zone` is a name of the
    IANA time zone database, or an offset such as `+02:00`. With `%z` in the form, the text itself has the offset. Of an
    hour that the clock repeats, the first one counts; in an hour that it skips there are no times.

    Raises `ValueError` for a form without a whole date or with an unknown directive, and for an unknown zone.
    """

    form: str
    zone: str = "UTC"

    def __post_init__(self) -> None:
        sample = pl.DataFrame({"at": [_SAMPLE]}).with_columns(pl.col("at").dt.replace_time_zone("UTC"))
        try:
            written = sample.select(pl.col("at").dt.strftime(self.form))
            (found,) = written.select(self.microseconds(pl.col("at"))).to_series()
        except pl.exceptions.ComputeError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"LocalTime: cannot read {self.form!r} in zone {self.zone!r}: {reason}") from error
        if found is None or abs(found - sample["at"].dt.epoch("us")[0]) >= 2 * 86_400 * 10**6:
            raise ValueError(f"LocalTime: the form {self.form!r} must have a day, a month and a year")

    def __str__(self) -> str:
        return f"time like {self.form}"

    def microseconds(self, texts: pl.Expr) -> pl.Expr:
        """Microseconds since 1970; null for a text of another form."""
        read = texts.str.strip_chars().str.to_datetime(
            self.form, time_unit="us", time_zone="UTC" if "%z" in self.form else None, strict=False
        )
        if "%z" not in self.form:
            read = read.dt.replace_time_zone(self.zone, ambiguous="earliest", non_existent="null")
        return read.dt.epoch("us")


TimeForm = Epoch | LocalTime
