"""The columns that a contract takes from its records, as the core's column definitions."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from contracts.amounts import MONEY
from contracts.stream import Stream
from events.json import Column


def columns_of(stream: Stream) -> tuple[Column, ...]:
    """A contract's columns that come from the record, without those that are computed or filled by the platform."""
    return tuple(_column(stream, name) for name in stream.types if stream.source_of(name)["paths"])


def _column(stream: Stream, name: str) -> Column:
    dtype, source = stream.types[name], stream.source_of(name)
    return Column(
        name,
        source["paths"],
        dtype,
        secret=bool(source["personal"]),
        json=source["json"],
        rounds=stream.rounds and dtype == MONEY,
        each=_fields(dtype, source["each"], stream.rounds),
        free_text=source["free_text"],
        unused=name in stream.unused_times,
    )


def _fields(dtype: pl.DataType, each: Mapping[str, str] | None, rounds: bool) -> tuple[Column, ...]:
    """The fields of a list's structs. Raises `ValueError` for a list of anything else."""
    if not isinstance(dtype, pl.List):
        return ()
    inner = dtype.inner
    if not isinstance(inner, pl.Struct) or each is None:
        raise ValueError(f"a list column wants struct elements and their paths, not {dtype}")
    types = {item.name: item.dtype() if isinstance(item.dtype, type) else item.dtype for item in inner.fields}
    return tuple(Column(name, (each[name],), kind, rounds=rounds and kind == MONEY) for name, kind in types.items())
