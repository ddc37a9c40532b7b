"""The site: its two streams share people and their ids, and each has people of its own."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from simulate import site
from simulate.clickstream.stream import CLICKSTREAM
from simulate.plan import Plan
from simulate.snowplow.stream import SNOWPLOW
from simulate.stream import Stream

PLAN = Plan(datetime(2026, 1, 1), hours=3, rate=600, seed=2, people=2_000)


def users(stream: Stream) -> set[str]:
    """The user ids of all good records."""
    files = PLAN.files(stream.transport.parts(PLAN))
    records = (stream.format.parse(line) for file in files for line in stream.source.batch(file).lines)
    return {user for record in records if (user := record["user_id"])}


def test_streams_share_people() -> None:
    snowplow, clickstream = users(SNOWPLOW), users(CLICKSTREAM)
    assert len(snowplow & clickstream) > 50
    assert len(snowplow - clickstream) > 50
    assert len(clickstream - snowplow) > 50


def test_customers_are_those_with_an_account() -> None:
    numbers = pl.select(number=pl.int_range(1_000)).with_columns(customer=site.customer(pl.col("number")))
    accounts = numbers.filter(site.has_account(pl.col("number")))["number"]
    assert numbers["customer"].unique().sort().equals(accounts)
    assert accounts.len() == 700
