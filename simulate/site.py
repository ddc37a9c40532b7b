"""The people of the web shop's site, whom two streams (snowplow and clickstream) know by the same ids.

Ids of users and of their devices belong here. What people do does not.
"""

from __future__ import annotations

import polars as pl

from simulate import dice
from simulate.plan import Plan

ACCOUNTS = 7  # of ten people have an account


def visitor(plan: Plan) -> pl.Expr:
    """A person's number for each `key`. A few people come often and most of them seldom."""
    return (dice.uniform("visitor") ** 2 * plan.pool).cast(pl.Int64)


def customer(number: pl.Expr) -> pl.Expr:
    """The number of a person with an account, close to the given number."""
    return number - number % 10 + number % 10 * ACCOUNTS // 10


def has_account(number: pl.Expr) -> pl.Expr:
    """Whether the person with that number has an account."""
    return number % 10 < ACCOUNTS


def user_id(number: pl.Expr) -> pl.Expr:
    """The id of the person's account, the same in both streams."""
    return pl.concat_str(pl.lit("u_"), number + 10_000)


def device_key(plan: Plan, kind: str, column: str) -> pl.Expr:
    """The key (UInt64) of a device of a kind, from the column that numbers devices. A device keeps its key."""
    return dice.key(plan.seed, f"site {kind}", column)
