"""Who comes when: people come back less and less often, a few come far more often, and no file needs another one."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import polars as pl
import pytest

from simulate import dice, population
from simulate.plan import Plan
from simulate.traffic import sessions_an_hour

PLAN = Plan(datetime(2026, 1, 5), hours=30 * 24, rate=200, seed=3)
MEAN = 4.0


def sessions_of(plan: Plan, stream: str, hours: range) -> pl.DataFrame:
    """Sessions with their people."""
    rows = [(hour, number) for hour in hours for number in range(sessions_an_hour(plan, hour, MEAN))]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("hour", "number"), pl.Int64), orient="row")
    keyed = frame.with_columns(key=dice.key(plan.seed, stream, "hour", "number"), bot=pl.lit(False))
    return population.add_people(plan, "somewhere", stream, keyed, MEAN)


@pytest.fixture(scope="module")
def month() -> pl.DataFrame:
    return sessions_of(PLAN, "stream", range(PLAN.hours)).with_columns(day=pl.col("hour") // 24)


def returning(month: pl.DataFrame, first: range, age: int) -> float:
    """Of the people whose first day is one of these, the share that comes `age` days later."""
    days = month.select("person", "day").unique()
    cohort = days.group_by("person").agg(first=pl.col("day").min()).filter(pl.col("first").is_in(list(first)))
    back = days.join(cohort, on="person").filter(pl.col("day") - pl.col("first") == age)
    return len(back) / len(cohort)


def test_newcomers_come_back_less_and_less(month: pl.DataFrame) -> None:
    shares = [returning(month, range(1, 8), age) for age in (1, 3, 7, 14, 21)]
    assert 0.25 < shares[0] < 0.45
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < shares[0] / 2


def test_a_third_or_more_of_the_first_day_is_back_on_the_next(month: pl.DataFrame) -> None:
    """To the platform, everybody is a newcomer on the first day of the data."""
    assert 0.3 < returning(month, range(1), 1) < 0.45


def test_newcomers_arrive_steadily_and_the_number_of_people_stays_the_same(month: pl.DataFrame) -> None:
    first = month.group_by("person").agg(day=pl.col("day").min())
    new = Counter(first["day"])
    expected = PLAN.pool / population.SUPPLY_DAYS
    assert all(0.5 * expected < new[day] < 2 * expected for day in range(20, 30))
    active = month.group_by("day").agg(people=pl.col("person").n_unique()).sort("day")["people"]
    assert 0.7 < active[28] / active[0] < 1.3, "both are Mondays"


def test_a_few_people_come_far_more_often(month: pl.DataFrame) -> None:
    counts = month.group_by("person").len()["len"].sort(descending=True)
    assert counts.median() <= 5  # type: ignore[operator]
    assert counts[: len(counts) // 100].sum() > 0.08 * counts.sum()
    assert counts[: len(counts) // 5].sum() > 0.5 * counts.sum()
    assert counts[0] < 0.01 * counts.sum(), "no person is everybody"


def test_everybody_who_is_active_has_a_session(month: pl.DataFrame) -> None:
    """So that the share of people who come back does not depend on the number of sessions."""
    other = sessions_of(PLAN, "other", range(5 * 24, 6 * 24))
    assert set(other["person"]) == set(month.filter(pl.col("day") == 5)["person"]), "streams of one space share people"


def test_an_hour_is_made_alone() -> None:
    day = sessions_of(PLAN, "stream", range(48, 96))
    for hour in (50, 95):
        alone = sessions_of(PLAN, "stream", range(hour, hour + 1))
        assert alone.equals(day.filter(pl.col("hour") == hour))


@pytest.mark.parametrize("people", [1, 5, 30])
def test_very_few_people(people: int) -> None:
    plan = Plan(PLAN.start, hours=48, rate=500, people=people)
    found = sessions_of(plan, "stream", range(48))["person"].unique()
    assert 1 <= len(found) <= 2 * people + 2


def test_weekends_are_quiet_and_evenings_busy() -> None:
    week = [sessions_an_hour(PLAN, hour, MEAN) for hour in range(7 * 24)]
    days = [sum(week[day * 24 : day * 24 + 24]) for day in range(7)]
    assert max(days[5:]) < 0.9 * min(days[:4])
    assert week[3] < 0.25 * week[18]
    assert week[17] > 1.25 * week[16], "the newsletter is sent"
