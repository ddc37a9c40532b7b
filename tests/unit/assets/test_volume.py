"""The volume check: what is usual in an hour, and that neither outages nor a young platform make it cry wolf."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.freshness import HOUR
from assets.volume import LEAST_WEEKS, SETTLED_AFTER, WEEK, WEEKS, Usual, is_settled, usual_volume, volume
from contracts.commerce import COMMERCE
from lake.hour_volumes import count_landed
from lake.schemas import Layer
from partitions import key_of
from sensors import volume as sensor
from sensors.volume import hours_to_judge, volume_sensor

NOON = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
counts = st.integers(0, 10**7)


def weeks(*records: int, now: int | None = None) -> dict[dt.datetime, int]:
    """The records of the same hour of earlier weeks, the latest first; and those of the hour itself."""
    landed = {NOON - number * WEEK: count for number, count in enumerate(records, 1)}
    return landed if now is None else landed | {NOON: now}


@pytest.mark.parametrize(
    ("landed", "says"),
    [
        (weeks(1000, 1100, 900, 1000, now=1050), None),
        (weeks(1000, 1100, 900, 1000, now=200), "200 records landed, far fewer than the usual 1,000"),
        (weeks(1000, 1100, 900, 1000), "0 records landed, far fewer than the usual 1,000"),
        (weeks(1000, 1100, 900, 1000, now=5000), "5,000 records landed, far more than the usual 1,000"),
        (weeks(1000, 0, 1100, 9000, 900, 1000, now=1000), None),  # an outage and a rush are in the base
        (weeks(1000, 0, 1100, 9000, 900, 1000, now=0), "0 records landed, far fewer than the usual 1,000"),
        (weeks(0, 0, 0, 0, now=12), None),  # a stream that sleeps by night
        (weeks(1000, 1000, 1000, now=850), None),  # weeks that agree by chance do not narrow the limits
        (weeks(1000, 4000, 100, 2000, now=300), None),  # weeks that do not agree widen them
    ],
)
def test_an_hour_is_compared_with_its_weeks(landed: dict[dt.datetime, int], says: str | None) -> None:
    found = volume(COMMERCE, NOON, landed)
    assert (found.passed, found.problem) == (says is None, says)
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert not found.blocks
    if says:
        assert "`commerce/`" in (found.description or "")


def test_without_enough_weeks_it_passes_and_says_so() -> None:
    """A new stream has nothing to be compared with, and a reader must not take this for a promise."""
    found = volume(COMMERCE, NOON, weeks(1000, 1000, now=0))
    assert found.passed
    assert found.metadata == {"records": 0, "base": "none yet: it takes 3 weeks of arrivals"}


def test_weeks_before_the_first_arrival_are_no_outage() -> None:
    """They would make the usual number too small, and every hour of a young stream too large."""
    young = weeks(1000, 1000, 1000, now=1000)
    assert usual_volume(NOON, young) == Usual(1000, 300, 3)
    assert usual_volume(NOON, {**young, NOON - 5 * WEEK - HOUR: 1}) == Usual(1000, 300, 5)


@given(st.lists(counts, min_size=WEEKS, max_size=WEEKS), st.integers(0, WEEKS - 1), counts)
def test_one_odd_week_does_not_move_what_is_usual_out_of_the_others(records: list[int], place: int, odd: int) -> None:
    """An outage of one hour must not poison the base: the median stays among the other weeks."""
    others = records[:place] + records[place + 1 :]
    found = usual_volume(NOON, weeks(*records[:place], odd, *records[place + 1 :]))
    assert found is not None
    assert min(others) <= found.records <= max(others)


@given(st.lists(counts, min_size=LEAST_WEEKS, max_size=WEEKS))
def test_the_order_of_the_weeks_does_not_matter(records: list[int]) -> None:
    """No week counts more than another one."""
    assert usual_volume(NOON, weeks(*records)) == usual_volume(NOON, weeks(*reversed(records)))


def test_an_hour_is_judged_when_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour has half the records. Transports deliver an hour's last objects a little later."""
    monkeypatch.setenv("FIRST_HOUR", "2020-01-01-00:00")
    end = NOON + HOUR + SETTLED_AFTER
    assert is_settled(NOON, end)
    assert not is_settled(NOON, end - dt.timedelta(seconds=1))
    assert hours_to_judge(None, end) == [NOON]
    assert hours_to_judge(NOON, end) == []
    assert hours_to_judge(NOON - 2 * HOUR, end) == [NOON - HOUR, NOON]
    assert len(hours_to_judge(NOON - 100 * HOUR, end)) == 23


class Ticks:
    """The sensor at a time of its own; `tick` evaluates it and keeps its cursor."""

    def __init__(self, platform: Any, instance: dg.DagsterInstance) -> None:
        self.platform, self.instance, self.cursor = platform, instance, None

    def tick(self) -> list[tuple[str, bool, str | None]]:
        context = dg.build_sensor_context(self.instance, cursor=self.cursor, resources={"lake": self.platform.lake})
        result = volume_sensor([self.platform.stream])(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        return [(e.check_name, e.passed, e.partition) for e in result.asset_events]  # type: ignore[union-attr]


def test_the_sensor_sees_an_hour_in_which_nothing_landed(
    platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run loads it, so no run can miss it."""
    hour = platform.hour(0)
    monkeypatch.setattr(sensor, "hours_to_judge", lambda judged, now: [] if judged == hour else [hour])
    with dg.DagsterInstance.ephemeral() as instance:
        ticks = Ticks(platform, instance)
        assert ticks.tick() == [], "no table"
        for number in range(1, LEAST_WEEKS + 1):
            platform.put(-number * 168, "a", [shop(f"{number}-{key}") for key in range(30)])
            platform.load(-number * 168)
        assert ticks.tick() == [], "the hour is judged once"
        ticks.cursor = None
        assert ticks.tick() == [("volume", False, key_of(hour))]
        ticks.cursor = None
        assert ticks.tick() == [], "Dagster would refuse a second result"
        records = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["bronze", "commerce"]), "volume"), limit=1
        )
        assert records[0].partition == key_of(hour)


def test_counts_come_from_the_manifests(platform: Any, shop: Any) -> None:
    """Records that silver rejects have landed too."""
    platform.put(0, "a", [shop("1"), shop("1"), b"no record"])
    platform.put(0, "b", [shop("2")])
    platform.put(2, "c", [shop("3")])
    platform.load(0, 2)
    bronze = platform.lake.table(Layer.BRONZE, platform.stream)
    assert count_landed(bronze, platform.hour(0), platform.hour(2)) == {platform.hour(0): 4}
    assert count_landed(bronze, platform.hour(0), platform.hour(3)) == {platform.hour(0): 4, platform.hour(2): 1}
