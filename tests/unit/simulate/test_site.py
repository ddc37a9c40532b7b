"""The site: its two streams share people and their ids, and each has people of its own."""

from __future__ import annotations

from datetime import datetime

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
