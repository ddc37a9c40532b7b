"""Exact: single values of JSON text as they were sent, for the few that are not plain.

Belongs here: numbers in Python's exact decimals, documents for Python to look at. Not here: whole columns (`columns`).
"""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import polars as pl

INT64 = range(-(2**63), 2**63)
_ROUNDING = Context(prec=39, rounding=ROUND_HALF_EVEN)  # more digits than any decimal has
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Refused(Exception):
    """A value that its column cannot hold: `reason` is `type` (not one of its values) or `rule` (would be cut)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def outline(raw: str) -> Any:
    """A JSON document with its texts and its structure; the first of duplicate keys wins. Raises `ValueError`.

    Numbers are only zeros of their kind: there is none that Python could not hold.
    """

    def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    return json.loads(raw, parse_float=lambda _: 0.0, parse_int=lambda _: 0, object_pairs_hook=first_wins)


def exact(text: str, dtype: pl.DataType) -> Any:
    """The value of a number's text, exactly it. Raises `Refused`."""
    value, rounded = nearest(text, dtype)
    if rounded:
        reason = "rule" if isinstance(dtype, pl.Decimal) else "type"
        raise Refused(reason, f"has more decimals than {_name(dtype)} holds")
    return value


def nearest(text: str, dtype: pl.DataType) -> tuple[Any, bool]:
    """The value of a number's text, rounded half to even to its type's decimals, and whether that changed it.

    Raises `Refused` for what is no number, and for one of more whole digits than the type holds.
    """
    try:
        number = Decimal(text) if NUMBER.fullmatch(text) else None
    except InvalidOperation:  # an exponent beyond all decimals
        number = None
    if number is None:
        raise Refused("type", f"is no {_name(dtype)}")
    precision, scale = (dtype.precision or 38, dtype.scale) if isinstance(dtype, pl.Decimal) else (19, 0)
    most = Decimal(10) ** (precision - scale)
    if number.copy_abs() < most:
        value = number.quantize(Decimal((0, (1,), -scale)), context=_ROUNDING)
        if value.copy_abs() < most and (isinstance(dtype, pl.Decimal) or int(value) in INT64):
            return value if isinstance(dtype, pl.Decimal) else int(value), value != number
    raise Refused("type", f"is out of the range of {_name(dtype)}")


def _name(dtype: pl.DataType) -> str:
    return f"decimal({dtype.precision},{dtype.scale})" if isinstance(dtype, pl.Decimal) else "64-bit integer"
