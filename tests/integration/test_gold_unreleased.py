"""What a gold run builds: what changed since the release, and rows that an earlier run wrote but never released."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import dagster as dg
import hostile
import pytest
import reading
from driving import Platform

from resources import dbt

pytestmark = [pytest.mark.integration, pytest.mark.verify]
FIRST, SECOND = (hostile.HOUR + dt.timedelta(hours=hour) for hour in (0, 1))
STAYS = [hostile.order(number) for number in range(3)]
# Nothing else happens on these days.
DAYS = ("2026-02-20", "2026-02-21")
GOES = [hostile.order(number, event_timestamp=f"{day}T10:00:00Z") for number, day in enumerate(DAYS, 8)]
build = dbt.build


def fails(platform: Platform) -> None:
    """A gold run that fails after all tables are built."""

    def failing(*arguments: Any, **options: Any) -> list[dbt.NodeResult]:
        build(*arguments, **options)
        raise dbt.DbtFailed("the database went away")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "build", failing)
        assert not platform.run("gold", {}, {}, check=False).success


def is_partial(platform: Platform) -> None:
    """A gold run of one table, which makes no new release."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in platform.environment.items():
            patch.setenv(name, value)
        job = platform.definitions.resolve_job_def("gold")
        selection = [dg.AssetKey(["gold", "fct_events"])]
        assert job.execute_in_process(
            instance=platform.instance, asset_selection=selection, partition_key=DAYS[1]
        ).success


def test_rows_of_runs_that_released_nothing_leave(make_platform: Callable[[str], Platform]) -> None:
    """Silver has the same rows at the releases before and after, so only the note of that run tells of them."""
    platform, other = make_platform("unreleased"), make_platform("undisturbed")
    platform.land(FIRST, "orders.json", STAYS)
    platform.ingest(FIRST)
    platform.gold()
    for number, (ends, goes) in enumerate(zip((fails, is_partial), GOES, strict=True), 1):
        platform.land(SECOND, f"{number}.json", [goes])
        platform.ingest(SECOND)
        ends(platform)
        written = "SELECT count(*) FROM marts.fct_events WHERE event_date < DATE '2026-03-01'"
        assert reading.gold(platform.data, written, "gold_next.duckdb") == [(number,)]
    other.land(FIRST, "orders.json", STAYS)
    for each in (platform, other):
        for number in (1, 2):
            each.land(SECOND, f"{number}.json", [hostile.order(10 + number)])
        each.ingest(FIRST, SECOND)
        each.gold()
    reading.assert_same(other.data, platform.data, ())
    idle = platform.gold()
    assert (platform.materializations(idle), platform.checks(idle)) == ({}, {}), "nothing has changed since"


def test_only_what_a_stream_leads_to_is_built(make_platform: Callable[[str], Platform]) -> None:
    """The other models and their checks keep what they have. The job `gold_tests` tests all of them and builds none."""
    platform = make_platform("one_stream")
    platform.land(FIRST, "orders.json", STAYS)
    platform.ingest(FIRST)
    everything = platform.gold()
    platform.land(SECOND, "more.json", [hostile.order(11)])
    platform.ingest(SECOND)
    some = platform.gold()
    built = {name for name, _ in platform.materializations(some)}
    checked = {name for name, *_ in platform.checks(some)}
    assert {"gold/fct_orders", "gold/fct_events", "gold/int_as_of", "gold/daily_active_users"} <= built
    assert not {"gold/stg_web", "gold/mobile_events", "gold/funnels"} & (built | checked)
    tested = platform.run("gold_tests", {}, {})
    assert platform.materializations(tested) == {}
    assert platform.checks(tested).keys() == platform.checks(everything).keys()
    release = platform.data / "gold.duckdb"
    release.unlink()
    platform.gold()
    assert release.exists(), "somebody had deleted it"
