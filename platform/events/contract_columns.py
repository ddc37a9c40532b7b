"""The columns that a contract takes from its records, as the core's column definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from contracts.amounts import MONEY
from contracts.stream import Stream
from events.json import Column


def columns_of(stream: Stream) -> tuple[Column, ...]:
    """A contract's columns that come from the record, without those that are computed or filled by the platform."""
    sources = {name: stream.source_of(name) for name in stream.types}
    return tuple(_column(stream, name) for name, source in sources.items() if source["paths"] or source["each"])


def _column(stream: Stream, name: str) -> Column:
    dtype, source = stream.types[name], stream.source_of(name)
    return Column(
        name,
        source["paths"],
        dtype,
        secret=bool(source["personal"]),
        json=source["json"],
        rounds=stream.rounds and dtype == MONEY,
        each=_fields(dtype, source, stream.rounds),
        joined=source["joined"],
        time=source["time"],
        decimal_comma=source["decimal_comma"],
        free_text=source["free_text"],
        unused=name in stream.unused_times,
    )


def _fields(dtype: pl.DataType, source: Mapping[str, Any], rounds: bool) -> tuple[Column, ...]:
    """The fields of a list's structs, or of an object of JSON text. Raises `ValueError` for a list of anything else."""
    each: Mapping[str, str | None] | None = source["each"]
    if source["json"]:
        return tuple(Column(name, (path,), pl.String(), json=True) for name, path in (each or {}).items() if path)
    if not isinstance(dtype, pl.List):
        return ()
    inner = dtype.inner
    if not isinstance(inner, pl.Struct) or each is None:
        raise ValueError(f"a list column wants struct elements and their paths, not {dtype}")
    types = {item.name: item.dtype() if isinstance(item.dtype, type) else item.dtype for item in inner.fields}
    comma = source["decimal_comma"]
    paths = {name: (path,) if (path := each[name]) else () for name in types}
    return tuple(
        Column(name, paths[name], kind, rounds=rounds and kind == MONEY, decimal_comma=comma)
        for name, kind in types.items()
    )
