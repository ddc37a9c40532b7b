"""Exact: single values of JSON text as they were sent, for the few that are not plain.

Belongs here: numbers in Python's exact decimals, documents for Python to look at. Not here: whole columns (`columns`).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

INT64 = range(-(2**63), 2**63)
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
    precision, scale = (dtype.precision or 38, dtype.scale) if isinstance(dtype, pl.Decimal) else (19, 0)
    wanted = f"decimal({precision},{scale})" if scale else "64-bit integer"
    try:
        number = Decimal(text) if NUMBER.fullmatch(text) else None
    except InvalidOperation:  # an exponent beyond all decimals
        number = None
    if number is None:
        raise Refused("type", f"is no {wanted}")
    size, exponent = _significant(number)
    if size + exponent > precision - scale:
        raise Refused("type", f"is out of the range of {wanted}")
    if exponent < -scale:
        raise Refused("rule" if scale else "type", f"has more decimals than {wanted} holds")
    if scale:
        return number.quantize(Decimal(1).scaleb(-scale))
    if int(number) not in INT64:
        raise Refused("type", f"is out of the range of {wanted}")
    return int(number)


def _significant(number: Decimal) -> tuple[int, int]:
    """How many digits a number has without zeros around them, and the exponent of the last; never rounded."""
    _, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    kept = text.rstrip("0")
    return (len(kept), int(exponent) + len(text) - len(kept)) if kept else (0, 0)
