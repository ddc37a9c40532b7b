"""How many sessions begin in each hour: the course of a day, the weekend, and an evening newsletter.

Only counts and shares belong here. Who comes is in `population`, and what a session holds is in `sessions`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import polars as pl

from simulate import dice
from simulate.plan import Plan

BY_HOUR = (
    *(0.35, 0.25, 0.2, 0.2, 0.25, 0.4, 0.6, 0.85, 1.05, 1.15, 1.2, 1.25),
    *(1.3, 1.25, 1.2, 1.2, 1.25, 1.3, 1.4, 1.6, 1.7, 1.5, 1.1, 0.7),
)
"""How busy an hour of the day (UTC) is, compared with others."""
BY_WEEKDAY = (1.05, 1.05, 1.05, 1.05, 1.0, 0.9, 0.85)  # from Monday
NEWSLETTER = {17: 0.4, 18: 0.3, 19: 0.15, 20: 0.08}
"""By hour of the day, the sessions that the newsletter adds, as a fraction of the others. It is sent at 17:00."""
LIFT = 3  # its readers buy about so many times as often as others
ADDED = tuple(NEWSLETTER.get(hour, 0.0) for hour in range(24))


def day_weight(plan: Plan, day: int) -> float:
    """How busy a day is, compared with the mean day. Day 0 is the one on which the plan starts."""
    return BY_WEEKDAY[(plan.start.weekday() + day) % 7] * 7 / sum(BY_WEEKDAY)


def sessions_an_hour(plan: Plan, hour: int, mean: float) -> int:
    """The number of sessions of any hour, also before or after the plan. `mean`: events of a session.

    Over the hours of the plan, there are `rate` events an hour.
    """
    return max(1, round(plan.rate * _weight(plan, hour) / _mean_weight(plan) / mean))


def invited_share(plan: Plan, hour: int) -> float:
    """The share of an hour's sessions that the newsletter brings."""
    added = ADDED[(plan.start.hour + hour) % 24]
    return added / (1 + added)


def is_invited(plan: Plan, buys: bool = False) -> pl.Expr:
    """Whether the newsletter brings the session, for rows with `hour` and `key`. `buys`: for sessions that buy."""
    lift = LIFT if buys else 1
    shares = [invited_share(plan, hour) for hour in range(24)]
    lifted = pl.Series([lift * share / (1 + (lift - 1) * share) for share in shares])
    return dice.uniform("invited") < pl.lit(lifted).gather(pl.col("hour") % 24)


def _weight(plan: Plan, hour: int) -> float:
    at = plan.start + timedelta(hours=hour)
    return BY_HOUR[at.hour] * BY_WEEKDAY[at.weekday()] * (1 + ADDED[at.hour])


@lru_cache
def _mean_weight(plan: Plan) -> float:
    return sum(_weight(plan, hour) for hour in range(plan.hours)) / plan.hours
