"""Partition sets begin where FIRST_HOUR says, and moving it does no harm to what is there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.test_utils import instance_for_test

from assets.partition_sets import arrival_hours, event_dates, is_event_date

NEW, OLD = "2026-02-01-05:00", "2026-01-01-00:00"
ASSET = dg.AssetKey("a")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("FIRST_HOUR", NEW)


def test_the_first_hour_and_its_date_are_the_first_partitions() -> None:
    """The last are the current hour, and tomorrow for producers whose clocks are ahead."""
    now = dt.datetime.now(dt.UTC)
    hours, dates = arrival_hours(), event_dates()
    assert (hours.get_first_partition_key(), dates.get_first_partition_key()) == (NEW, "2026-02-01")
    assert hours.get_last_partition_key() in {f"{at:%Y-%m-%d-%H}:00" for at in (now, now + dt.timedelta(hours=1))}
    assert dates.get_last_partition_key() == f"{now + dt.timedelta(days=1):%Y-%m-%d}"
    assert [is_event_date(date) for date in ("1990-01-01", "2026-01-31", "2026-02-01")] == [False, False, True]


@pytest.mark.parametrize(("before", "after"), [(OLD, NEW), (NEW, OLD)])
def test_moving_the_first_hour_keeps_what_is_materialized(
    before: str, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster shows those partitions that still are; when the hour moves back, the earlier ones are shown again."""
    keys = [OLD, "2026-01-31-23:00", NEW, "2026-02-02-00:00"]

    def shown(instance: dg.DagsterInstance, first: str) -> list[str]:
        monkeypatch.setenv("FIRST_HOUR", first)
        hours = arrival_hours()
        cached = get_and_update_asset_status_cache_value(instance, ASSET, hours)
        assert cached
        return sorted(cached.deserialize_materialized_partition_subsets(hours).get_partition_keys())

    with instance_for_test() as instance:
        for key in keys:
            instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, partition=key))
        for first in (before, after, before):
            assert shown(instance, first) == [key for key in keys if key >= first]
