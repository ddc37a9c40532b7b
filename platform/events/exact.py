"""Exact: single values of JSON text as they were sent, for the few that a fast parser may have changed.

Belongs here: numbers in Python's exact decimals. Not here: whole columns (`fields`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

INT64 = range(-(2**63), 2**63)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Where DuckDB lets pass what JSON forbids (nan in lower case, a comma too many) or changes a number: one longer than
# a double is exact, and -0. A pattern for RE2, which looks at each byte once.
INEXACT = r"[:,\[ \t\r\n]-?(?:[nN][aA][nN]|[iI][nN][fF]|[0-9.]{16})|[:,\[ \t\r\n]-0|,[ \t\r\n]*[}\]]"


# What a document has in it where the pattern fits for other reasons than a long number, as producers write JSON.
_BEFORE = (":", ": ", "[", ", ", ":-", ": -", "[-", ", -")
HINTS = (
    *(before + word for before in _BEFORE for word in ("nan", "NAN", "Nan", "inf", "INF", "Inf")),
    *(before + "0" for before in _BEFORE if before.endswith("-")),
    *(",}", ",]", ", }", ", ]", ",  ", ",\t", ",\r"),
)


class Refused(Exception):
    """A value that its column cannot hold: `reason` is `type` (not one of its values) or `rule` (would be cut)."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class _Literal(str):
    """A number as it stands in JSON text."""


def parse(raw: str, constants: Callable[[str], Any] = _Literal) -> Any:
    """A JSON document with its numbers as text, the first of duplicate keys winning. Raises `ValueError`."""

    def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    return json.loads(
        raw, parse_float=_Literal, parse_int=_Literal, parse_constant=constants, object_pairs_hook=first_wins
    )


def quoted_numbers(raw: str) -> str | None:
    """The document with each number as the text that it was sent as, so that no parser can change it.

    Of duplicate keys only the first is left, NaN and Infinity stay what they are; None where it is no JSON.
    """
    try:
        return json.dumps(parse(raw, constants=float))
    except ValueError:
        return None


def is_json(raw: str) -> bool:
    """Whether a document is JSON to the letter, without NaN and Infinity, a comma too many or the like."""

    def none(constant: str) -> Any:
        raise ValueError(f"{constant} is no JSON")

    with suppress(ValueError):
        parse(raw, constants=none)
        return True
    return False


def exact(text: str, dtype: pl.DataType) -> Any:
    """The value of a number's text, exactly it. Raises `Refused`."""
    if isinstance(dtype, pl.String):
        if NUMBER.fullmatch(text):
            return text
        raise Refused("type", "is no JSON number, and text is wanted")
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
