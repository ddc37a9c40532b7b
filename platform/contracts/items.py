"""The lines of an order or cart, as contracts of shops have them.

Belongs here: the type of a list's elements. Not here: where a producer has them (its contract).
"""

from __future__ import annotations

import polars as pl

from contracts.amounts import MONEY

ITEM = pl.Struct(
    {
        "product_id": pl.String,
        "product_name": pl.String,
        "product_category": pl.String,
        "unit_price": MONEY,
        "quantity": pl.Int64,
    }
)
