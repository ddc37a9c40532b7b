"""Single numbers are read exactly, or refused with the right reason."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.json.exact_numbers import Refused, exact, nearest

MONEY, INTEGER = pl.Decimal(18, 2), pl.Int64()
NUMBERS = st.builds(
    lambda sign, whole, part, exponent: f"{sign}{whole}{part}{exponent}",
    st.sampled_from(["", "-"]),
    st.integers(0, 10**20).map(str),
    st.sampled_from(["", ".0", ".5", ".12", ".120", ".125", ".1" + "0" * 40, ".1" + "0" * 40 + "1"]),
    st.sampled_from(["", "e0", "E+2", "e-2", "e-19", "e5"]),
)


def told(text: str, dtype: pl.DataType) -> object:
    try:
        return exact(text, dtype)
    except Refused as refused:
        return refused.reason


@given(NUMBERS)
def test_numbers_are_taken_exactly_or_not_at_all(text: str) -> None:
    """Money that is cut or rounded here can never be corrected."""
    value = Fraction(text)
    money: object = "type" if abs(value) >= 10**16 else "rule" if (value * 100).denominator != 1 else value
    integer: object = "type" if value.denominator != 1 or not -(2**63) <= value < 2**63 else value
    assert told(text, MONEY) == money
    assert told(text, INTEGER) == integer


@given(NUMBERS)
def test_the_nearest_value_is_told_from_the_exact_one(text: str) -> None:
    """Half to even: sums of many rounded amounts have no bias."""
    value = Fraction(text)
    cents = round(value * 100)
    if abs(cents) < 10**18:
        found, rounded = nearest(text, MONEY)
        assert (Fraction(found) * 100, rounded) == (cents, value * 100 != cents)
    else:
        with pytest.raises(Refused, match="is out of the range"):
            nearest(text, MONEY)


@pytest.mark.parametrize("text", ["", " 1", "1 ", "+1", ".5", "1.", "1e", "0x1", "1_0", "NaN", "Infinity", "-", "١٢"])
def test_what_is_no_json_number_is_of_the_wrong_type(text: str) -> None:
    """Python's own converters accept most of these."""
    assert [told(text, dtype) for dtype in (MONEY, INTEGER)] == ["type", "type"]


@pytest.mark.parametrize(("text", "value"), [("1e99999999999999999999", "type"), ("0e99999", Decimal("0.00"))])
def test_an_exponent_of_any_size_has_an_answer(text: str, value: object) -> None:
    """A huge exponent must neither raise nor make a number of a billion digits."""
    assert told(text, MONEY) == value
