"""The people of the web shop's site, as its streams of one identity space know them.

Ids belong here: of users, their browsers and their phones. What people do does not.
"""

from __future__ import annotations

import polars as pl

from simulate import dice
from simulate.plan import Plan

ACCOUNTS = 7  # of ten people have one


def visitor(plan: Plan) -> pl.Expr:
    """A person's number for each `key`. A few people come often, most of them seldom."""
    return (dice.uniform("visitor") ** 2 * plan.pool).cast(pl.Int64)


def customer(number: pl.Expr) -> pl.Expr:
    """The number of somebody with an account, near that person."""
    return number - number % 10 + number % 10 * ACCOUNTS // 10


def has_account(number: pl.Expr) -> pl.Expr:
    """Whether the person of that number can log in."""
    return number % 10 < ACCOUNTS


def user_id(number: pl.Expr) -> pl.Expr:
    """The account's id, the same in every stream of the site."""
    return pl.concat_str(pl.lit("u_"), number + 10_000)


def device(plan: Plan, kind: str, person: str) -> pl.Expr:
    """The key of that person's device of a kind, the same whenever it is used."""
    return dice.key(plan.seed, f"site {kind}", person)
