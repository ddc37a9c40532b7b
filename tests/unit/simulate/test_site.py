"""The site: its two streams know the same people by the same ids, some of them only by one of the two."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from simulate import site
from simulate.clickstream.stream import CLICKSTREAM
from simulate.plan import Plan
from simulate.run import simulate
from simulate.snowplow.stream import SNOWPLOW
from simulate.truth import Truth, together

PLAN = Plan(datetime(2026, 1, 1), hours=3, rate=600, seed=2, people=2_000)


def users(truth: Truth) -> set[str]:
    return set(truth.total.people["user"].drop_nulls())


def test_streams_share_people(tmp_path: Path) -> None:
    truths = [simulate(stream, PLAN, tmp_path) for stream in (SNOWPLOW, CLICKSTREAM)]
    tracked, clicking = map(users, truths)
    assert len(tracked & clicking) > 50
    assert len(tracked - clicking) > 50
    assert len(clicking - tracked) > 50
    spaces = together(truths)["identity_spaces"]
    assert list(spaces) == ["site"]
    for day, count in spaces["site"]["active_users"].items():
        alone = [truth.figures()["active_users"].get(day, 0) for truth in truths]
        assert max(alone) <= count <= sum(alone)
    assert spaces["site"]["active_users"]["2026-01-01"] < sum(
        truth.figures()["active_users"]["2026-01-01"] for truth in truths
    )


def test_customers_are_those_with_an_account() -> None:
    numbers = pl.select(number=pl.int_range(1_000)).with_columns(customer=site.customer(pl.col("number")))
    accounts = numbers.filter(site.has_account(pl.col("number")))["number"]
    assert numbers["customer"].unique().sort().equals(accounts)
    assert accounts.len() == 700
