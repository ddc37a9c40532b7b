"""Rows that a gold run has written, but no release has told of, leave gold when they leave silver."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import dagster as dg
import hostile
import pytest
import reading
from driving import Platform

from resources import dbt

pytestmark = pytest.mark.integration
FIRST, SECOND = (hostile.HOUR + dt.timedelta(hours=hour) for hour in (0, 1))
STAYS = [hostile.order(number) for number in range(3)]
GOES = hostile.order(8, event_timestamp="2026-02-20T10:00:00Z")  # nothing else happens on that day
build = dbt.build


def fails(platform: Platform) -> None:
    """A gold run that breaks off when all tables are made."""

    def failing(
        profile: Mapping[str, object], work: Path, variables: Mapping[str, object], models: Sequence[str] | None
    ) -> list[dbt.NodeResult]:
        build(profile, work, variables, models)
        raise dbt.DbtFailed("the database went away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "build", failing)
        assert not platform.run("gold", {}, {}, check=False).success


def is_partial(platform: Platform) -> None:
    """A gold run of one table, which releases nothing new."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in platform.environment.items():
            patch.setenv(name, value)
        job = platform.definitions.resolve_job_def("gold")
        selection = [dg.AssetKey(["gold", "int_events"])]
        assert job.execute_in_process(
            instance=platform.instance, asset_selection=selection, partition_key=str(GOES["event_timestamp"])[:10]
        ).success


@pytest.mark.parametrize("ends", [fails, is_partial])
def test_rows_of_a_run_that_released_nothing_leave(
    make_platform: Callable[[str], Platform], ends: Callable[[Platform], None]
) -> None:
    """Between the releases before and after it silver has neither gained nor lost them."""
    platform, other = make_platform("unreleased"), make_platform("undisturbed")
    for each in (platform, other):
        each.land(FIRST, "orders.json", STAYS)
        each.ingest(FIRST)
    platform.gold()
    platform.land(SECOND, "order.json", [GOES])
    platform.ingest(SECOND)
    ends(platform)
    ((written,),) = reading.gold(
        platform.data, "SELECT count(*) FROM intermediate.int_events WHERE event_id = 'e-8'", "warehouse.duckdb"
    )
    assert written == 1
    for each in (platform, other):
        each.land(SECOND, "order.json", [hostile.order(9)])
        each.ingest(SECOND)
        each.gold()
    reading.assert_same(other.data, platform.data, ())
