"""Amounts in the decimals of their currency: rounded for display, and divided without loss."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

DECIMALS = {"JPY": 0, "KWD": 3, "CLF": 4}  # of the currencies that appear; all others have 2
FINEST = 6
_EXACT = Context(prec=50, rounding=ROUND_HALF_UP)


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def rounded(amount: Decimal, currency: str | None) -> Decimal:
    """Rounded to the currency's own decimals, half away from zero."""
    return amount if currency is None else amount.quantize(Decimal(1).scaleb(-decimals(currency)), context=_EXACT)


def finest_decimals(amount: Decimal, currency: str | None) -> int:
    """The decimals in which an amount is divided: the currency's own, or six if the amount has more than those."""
    return FINEST if currency is None or rounded(amount, currency) != amount else decimals(currency)
