"""The people of the web shop's site, whom two streams (snowplow and clickstream) know by the same ids.

Ids of users and of their devices belong here. What people do does not.
"""

from __future__ import annotations

import polars as pl

from simulate import dice
from simulate.plan import Plan

ACCOUNTS = 7  # of ten people have an account


def has_account(person: pl.Expr) -> pl.Expr:
    """Whether the person with that number has an account. The others are guests."""
    return person % 10 < ACCOUNTS


def user_id(person: pl.Expr) -> pl.Expr:
    """The user id of the person with that number, the same in both streams."""
    return pl.concat_str(pl.lit("u_"), person + 10_000)


def device_key(plan: Plan, kind: str, column: str) -> pl.Expr:
    """The key (UInt64) of a device of a kind, from the column that numbers devices. A device keeps its key."""
    return dice.key(plan.seed, f"site {kind}", column)
