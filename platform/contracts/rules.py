"""Rules: what a pandera check computes, told without any rows.

Belongs here: the plan behind a check, and the columns that it looks at. Not here: running it (`events.conform`).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandera.polars as pa
import polars as pl

WHOLE = pl.Config(fmt_table_cell_list_len=-1, fmt_str_lengths=10_000, apply_on_context_enter=True)


def plan(check: pa.Check, types: Mapping[str, pl.DataType], name: str = "*") -> str:
    """Polars' rendering of what a check computes of columns of some types; `name` is the one that it is about."""
    empty = pl.LazyFrame(schema=types)
    with WHOLE:
        text: str = check._check_fn(pa.PolarsData(empty, name)).explain(optimized=False)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("DF "))


def looked_at(check: pa.Check, types: Mapping[str, pl.DataType]) -> set[str]:
    """The columns that a check of several is about: without one of them it computes something else, or nothing."""
    whole = plan(check, types)
    return {name for name in types if _without(check, types, name) != whole}


def _without(check: pa.Check, types: Mapping[str, pl.DataType], name: str) -> str | None:
    try:
        return plan(check, {other: dtype for other, dtype in types.items() if other != name})
    except pl.exceptions.ColumnNotFoundError:
        return None
