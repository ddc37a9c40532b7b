"""A contract's shape: all that it declares, as plain data that can be stored, compared and rendered.

Belongs here: turning a contract into mappings, lists, texts and numbers. Not here: what a difference between two shapes
means (`versions`), where a shape is stored (`resources.contract_pages`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pandera.polars as pa
import polars as pl

from contracts.rules import WHOLE, plan
from contracts.stream import Stream


def shape(stream: Stream) -> dict[str, Any]:
    """A contract's fields by name, then its `columns` by name and its `rules` for several columns.

    A column has `type`, and, unless empty, `required`, `rules`, `description` and the arguments of `column()`.
    """
    declared = {field.name: plain(getattr(stream, field.name)) for field in fields(stream) if field.name != "model"}
    columns = {name: _column(stream, name) for name in stream.types}
    return {**declared, "columns": columns, "rules": _rules(stream, stream.schema.checks)}


def plain(value: Any) -> Any:
    """A value of a contract as mappings, lists, texts, numbers and booleans."""
    if isinstance(value, pl.Expr):
        with WHOLE:
            return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dt.timedelta | dt.datetime):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        inner = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        return {type(value).__name__: inner} if inner else type(value).__name__
    return str(value) if isinstance(value, str) else value


def _column(stream: Stream, name: str) -> dict[str, Any]:
    spec = stream.schema.columns[name]
    said = {
        "type": _type(stream.types[name]),
        "required": not spec.nullable,
        **{key: plain(value) for key, value in stream.source_of(name).items()},
        "rules": _rules(stream, spec.checks, name),
        "description": spec.description,
    }
    return {key: value for key, value in said.items() if value not in (None, False, [], {})}


def _type(dtype: Any) -> Any:
    """A type's name; for a list of structs the types of their fields."""
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return {"list": {item.name: _type(item.dtype) for item in dtype.inner.fields}}
    return str(dtype)


def _rules(stream: Stream, checks: list[pa.Check], name: str = "*") -> dict[str, str]:
    """What each rule computes, by the rule's name; `name` is the column that they are about, `*` for several."""
    return {str(check.name): str(check.error or plan(check, stream.types, name)) for check in checks}
