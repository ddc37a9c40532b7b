"""Single numbers read exactly from their text, for the few that machine code leaves aside.

Belongs here: exponents, and more digits than a machine word holds, by Python's decimals. Not here: whole columns
(`scalars`).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

import polars as pl

INT64 = range(-(2**63), 2**63)
_ROUNDING = Context(prec=39, rounding=ROUND_HALF_EVEN)  # more digits than any decimal type has
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Refused(Exception):
    """A value that its column cannot hold: `reason` is `type` (not such a value) or `rule` (it would be cut)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def exact(text: str, dtype: pl.DataType) -> int | Decimal:
    """The value of a number's text, never rounded. Raises `Refused`."""
    value, rounded = nearest(text, dtype)
    if rounded:
        reason = "rule" if isinstance(dtype, pl.Decimal) else "type"
        raise Refused(reason, f"has more decimals than {_name(dtype)} holds")
    return value


def nearest(text: str, dtype: pl.DataType) -> tuple[int | Decimal, bool]:
    """The value of a number's text, rounded half to even to its type's decimals, and whether rounding changed it.

    Raises `Refused` for text that is no number, and for a number of more whole digits than the type holds.
    """
    try:
        number = Decimal(text) if _NUMBER.fullmatch(text) else None
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
