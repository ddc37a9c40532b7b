"""When a stream counts as stale, and that old hours cannot hide it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import dagster as dg
import pytest

from assets.freshness import HOUR, lake_policy, oldest_allowed, up_to_date
from assets.ui import in_words
from contracts.commerce import COMMERCE
from lake.reading import newest
from lake.schemas import Layer
from sensors import freshness
from sensors.freshness import freshness_sensor

NOW = dt.datetime(2024, 5, 1, 10, 30, tzinfo=dt.UTC)
LIMIT = oldest_allowed(COMMERCE)


def test_the_limit_is_the_promise_and_the_hour_that_is_not_over() -> None:
    """The contract speaks of the end of an arrival hour; just before the next end, events are one hour older."""
    assert COMMERCE.freshness + HOUR == LIMIT
    assert up_to_date(COMMERCE, NOW - LIMIT, NOW).passed
    stale = up_to_date(COMMERCE, NOW - LIMIT - dt.timedelta(minutes=1), NOW)
    assert not stale.passed
    assert stale.problem == "The newest event is 3 h 1 min old; the contract allows 3 h"
    assert "sensor `arrivals`" in (stale.description or "")
    assert stale.metadata["minutes_old"] == 181
    assert not stale.blocks


def test_policy_and_check_have_one_limit() -> None:
    """Two limits would let the two say different things of one stream."""
    assert lake_policy(COMMERCE) == dg.FreshnessPolicy.time_window(LIMIT, COMMERCE.freshness)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(0, "0 min"), (5, "5 min"), (60, "1 h"), (150, "2 h 30 min"), (2880, "2 days"), (3000, "2 days 2 h")],
)
def test_lengths_of_time_are_told_in_words(minutes: int, words: str) -> None:
    """Nobody converts 10800 seconds at night."""
    assert in_words(dt.timedelta(minutes=minutes)) == words


def test_the_newest_event_is_known_without_reading_rows(platform: Any, shop: Any) -> None:
    """The manifests know it exactly, whichever hours were loaded last."""
    silver = platform.lake.table(Layer.SILVER, platform.stream)
    assert newest(silver, "event_at") is None
    for hour, day in ((1, 3), (0, 2)):
        platform.put(hour, "a", [shop(str(day), day=day), shop(f"{day}-", day=1)])
        platform.run(hour)
    silver = platform.lake.table(Layer.SILVER, platform.stream)
    assert newest(silver, "event_at") == dt.datetime(2024, 4, 3, 9, tzinfo=dt.UTC)


class Ticks:
    """The sensor on an instance; `tick` evaluates it and keeps its cursor."""

    def __init__(self, platform: Any, instance: dg.DagsterInstance) -> None:
        self.platform, self.instance, self.cursor = platform, instance, None

    def tick(self) -> list[tuple[bool, str | None]]:
        """The results that it records: whether the check passed, and why not."""
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, resources={"lake": self.platform.lake})
        result = freshness_sensor([self.platform.stream])(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return [(event.passed, event.description) for event in result.asset_events]  # type: ignore[union-attr]


def test_the_sensor_records_a_result_when_it_changes(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs while nothing lands, so only a sensor can turn a silent stream red."""
    now = dt.datetime.now(dt.UTC)
    with dg.DagsterInstance.ephemeral() as instance:
        ticks = Ticks(platform, instance)
        assert ticks.tick() == [], "no table, no event: there is nothing to be late"
        platform.put(0, "a", [shop("1", event_timestamp="2024-04-01T00:00:00Z")])
        platform.run(0)
        ((passed, problem),) = ticks.tick()
        assert not passed
        assert problem is not None
        assert ticks.tick() == [], "it is known"
        platform.put(1, "a", [shop("2", event_timestamp="2024-04-02T00:00:00Z")])
        platform.run(1)
        assert ticks.tick() == [], "a backfill of an old hour does not make the stream fresh"
        monkeypatch.setattr(freshness, "newest", lambda table, column: now)
        assert ticks.tick() == [(True, None)]
        assert json.loads(ticks.cursor or "") == {"commerce": True}
