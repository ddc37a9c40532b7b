"""Columns of money and of quantities, each with a maximum that values may not exceed.

Belongs here: the maxima, declared once for all contracts, and the rules for them. Not here: the types (`stream`), how a
value is rounded (`events.json`).

Gold's sums and products have types that hold these maxima (docs/decisions/sums-cannot-overflow.md).
"""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

from contracts.stream import column

MONEY = pl.Decimal(24, 6)  # the type of `Money` columns, for the fields of structs
MOST_MONEY = 10**12
MOST_PIECES = 10**6


def money(path: str | tuple[str, ...], *, ge: int = -MOST_MONEY, **options: Any) -> Any:
    """A column of `Money` from `ge` to `MOST_MONEY`; `options` are those of `column`."""
    return column(path, ge=ge, le=MOST_MONEY, **options)


def pieces(path: str | tuple[str, ...], *, ge: int = -MOST_PIECES, **options: Any) -> Any:
    """A column of quantities (`int`) from `ge` to `MOST_PIECES`; `options` are those of `column`."""
    return column(path, ge=ge, le=MOST_PIECES, **options)


def each_in_range(data: pa.PolarsData, name: str, least: int, most: int) -> pl.LazyFrame:
    """For a check of a list column: whether field `name` of every element is from `least` to `most`."""
    within = pl.element().struct.field(name).is_between(least, most)
    return data.lazyframe.select(pl.col(data.key).list.eval(within).list.all())
