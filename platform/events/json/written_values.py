"""Times and amounts as people write them: in several fields, in other forms than ISO 8601, and with a decimal comma.

Belongs here: what contracts declare with `joined`, `time` and `decimal_comma`. Polars reads these texts, a column at a
time. Not here: what JSON and ISO 8601 define (`scalars`, `timestamps`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from contracts.times import TimeForm
from events.array_types import Int64s
from events.byte_spans import ByteSpans, Scratch
from events.json.text_columns import text_columns
from events.time_range import END_MICROSECOND, FIRST_MICROSECOND
from events.values import ESCAPED, NULL, TEXT, Values

_WITH_COMMA = r"^\s*[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?\s*$"


def joined(parts: Sequence[Values]) -> Values:
    """The texts of several fields with a blank between them; null where one is missing."""
    texts = text_columns(parts)
    return _values_of(pl.select(pl.concat_str([pl.lit(text) for text in texts], separator=" ")).to_series())


def formed_times(values: Values, form: TimeForm) -> tuple[pl.Series, Int64s]:
    """Times of a form as UTC timestamps, cut to microseconds, and the rows that hold anything else."""
    (sent,) = text_columns([values])
    micros = sent.rename("sent").to_frame().select(form.microseconds(pl.col("sent"))).to_series()
    inside = micros.is_between(FIRST_MICROSECOND, END_MICROSECOND, closed="left")
    found = micros.set(~inside, None).cast(pl.Datetime("us", "UTC"))
    return found, (sent.is_not_null() & found.is_null()).arg_true().cast(pl.Int64).to_numpy()


def with_points(values: Values) -> tuple[Values, Int64s]:
    """Numbers with a decimal point in place of the comma, without the dots between thousands, and the rows whose text
    is no such number. What is no text stays as it is.
    """
    (sent,) = text_columns([values])
    texts = np.isin(values.kinds, (TEXT, ESCAPED))
    wrong = texts & ~sent.str.contains(_WITH_COMMA).fill_null(False).to_numpy()
    pointed = sent.str.strip_chars().str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    written = pl.select(pl.when(pl.lit(pl.Series(texts))).then(pl.lit(pointed)).otherwise(pl.lit(sent))).to_series()
    kinds = np.where(wrong, NULL, np.where(texts, TEXT, values.kinds)).astype(np.uint8)
    return _values_of(written)._replace(kinds=kinds), np.flatnonzero(wrong)


def _values_of(texts: pl.Series) -> Values:
    """Texts as values; null stays null."""
    spans = ByteSpans.of(pa.chunked_array([texts.to_arrow(compat_level=pl.CompatLevel.oldest())]), Scratch())
    return Values(spans.data, np.where(spans.given, TEXT, NULL).astype(np.uint8), spans.starts, spans.ends)
