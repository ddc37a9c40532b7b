"""Sessions: they last minutes, stay in their hour, and their events follow each other."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from simulate import dice
from simulate.clock import DAY_MS, HOUR_MS, milliseconds
from simulate.plan import Plan, Shares
from simulate.scripts import Scripts
from simulate.sessions import lateness, session_events

PLAN = Plan(datetime(2026, 1, 1), hours=24, rate=1)
SCRIPTS = Scripts([[7] * length for length in range(1, 41)], crawl=[7] * 60)


def events() -> pl.DataFrame:
    rows = pl.select(index=pl.int_range(8_000)).with_columns(hour=pl.lit(5, pl.Int64), bot=pl.col("index") % 100 == 0)
    keyed = rows.with_columns(key=dice.key(1, "sessions", "index"))
    script = pl.when("bot").then(SCRIPTS.count).otherwise(pl.col("index") % SCRIPTS.count)
    late = pl.when(pl.col("index") % 7 == 0).then(DAY_MS).otherwise(0)
    return session_events(PLAN, keyed.with_columns(script=script, late=late, place=dice.uniform("place")), SCRIPTS)


def test_sessions_stay_in_their_hour_and_their_events_follow_each_other() -> None:
    found = events()
    start = milliseconds(PLAN.start) + 5 * HOUR_MS
    assert found["sent"].is_between(start, start + HOUR_MS - 1).all()
    assert (found["sent"] - found["at"] == found["late"]).all()
    gaps = found.with_columns(gap=pl.col("sent").diff().over("key")).filter(pl.col("ordinal") > 0)
    assert gaps["gap"].min() > 0  # type: ignore[operator]


def test_sessions_last_minutes() -> None:
    spans = (
        events()
        .filter(~pl.col("bot"))
        .group_by("key")
        .agg(events=pl.len(), minutes=(pl.col("sent").max() - pl.col("sent").min()) / 60_000)
    )
    of_three = spans.filter(pl.col("events") == 3)["minutes"]
    assert 3 < of_three.median() < 8  # type: ignore[operator]
    assert of_three.quantile(0.99) > 10  # type: ignore[operator]
    assert spans["minutes"].max() <= 58  # type: ignore[operator]


def test_late_sessions_are_a_minute_to_the_plans_days_late() -> None:
    plan = Plan(PLAN.start, hours=1, rate=1, shares=Shares(late=0.5), days_late=3)
    keys = pl.select(index=pl.int_range(20_000)).with_columns(key=dice.key(1, "late", "index"))
    late = keys.select(late=lateness(plan))["late"]
    delays = late.filter(late > 0)
    assert 0.47 < len(delays) / len(late) < 0.53
    assert 60_000 <= delays.min() < delays.max() < 3 * DAY_MS + 60_000  # type: ignore[operator]
    assert delays.median() < 2 * HOUR_MS, "most are late by minutes or hours"  # type: ignore[operator]
