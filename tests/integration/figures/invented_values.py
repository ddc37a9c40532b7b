"""Invented values that several streams have: times on a grid, and amounts."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from random import Random
from typing import Any

START = dt.datetime(2024, 2, 20, tzinfo=dt.UTC)
DAYS, PEOPLE = 30, 12
SilverRow = dict[str, Any]


def moment(dice: Random) -> dt.datetime:
    grid = dt.timedelta(minutes=10 * dice.randrange(DAYS * 144))
    return START + grid + dt.timedelta(microseconds=dice.choice([0, 0, 0, 0, -1, 1, dice.randrange(600_000_000)]))


def cents(dice: Random) -> Decimal:
    return Decimal(dice.randrange(1, 99_999)).scaleb(-2)


def amount(dice: Random) -> Decimal:
    """An amount, mostly in cents, sometimes with more decimals than its currency has."""
    return Decimal(dice.randrange(1, 99_999)).scaleb(dice.choice([-2, -2, -2, 0, -3, -6]))
