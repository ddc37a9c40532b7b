"""What a run of many hours reports to Dagster: each hour by itself, also if one of them is bad."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import dagster as dg
import hostile
import pytest
import reading
from driving import Platform, key

from events.rejections import REASONS
from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = pytest.mark.integration
LAKE = ("bronze/commerce", "silver/commerce", "rejected/commerce")
CHECKS = {
    ("bronze/commerce", "complete"),
    ("bronze/commerce", "readable"),
    ("bronze/commerce", "volume"),
    ("silver/commerce", "conservation"),
    ("silver/commerce", "contract"),
    ("silver/commerce", "freshness"),
    ("silver/commerce", "late_share"),
    ("silver/commerce", "drift"),
    ("rejected/commerce", "rejected_share"),
}
COST = ("run_rows", "run_cpu_seconds", "run_bytes_read", "run_bytes_written", "run_objects_read", "run_files_written")
FIGURES = {
    "bronze/commerce": ("objects", "objects_refused", "bytes_landed", "run_seconds", "run_events_per_second", *COST),
    "silver/commerce": ("duplicates", "late_share", "minutes_behind", "unknown_fields", *COST),
    "rejected/commerce": ("refused_share", *(f"rejected_{reason}" for reason in REASONS)),
}
DAY = [dt.datetime(2026, 2, 3) + dt.timedelta(hours=hour) for hour in range(24)]
HOURS = [hostile.HOUR + dt.timedelta(hours=index) for index in range(3)]
BAD = HOURS[1]


@pytest.fixture(scope="module")
def day(make_platform) -> tuple[Platform, dg.ExecuteInProcessResult]:
    """A day of small hours, materialized in one run."""
    platform = make_platform("day")
    simulate(COMMERCE, Plan(DAY[0], 24, 60), platform.landing)
    return platform, platform.ingest(DAY[0], DAY[-1])


def test_a_day_is_one_run_and_24_partitions(day: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    """Materializations and checks are those of single hours, and say their rows and snapshot."""
    platform, run = day
    made = {name: told for name, told in platform.materializations(run).items() if name[0].endswith("/commerce")}
    found = {name: passed for name, passed in platform.checks(run).items() if name[0].endswith("/commerce")}
    warehouse = made.pop(("warehouse/commerce", None))
    assert set(made) == {(asset, key(hour)) for asset in LAKE for hour in DAY}
    assert found.pop(("silver/commerce", "up_to_date", None)) is False, "the day is long past"
    assert set(found) == {(asset, check, key(hour)) for asset, check in CHECKS for hour in DAY}
    assert all(passed for (_, check, _), passed in found.items() if check in ("complete", "conservation"))
    for asset in LAKE:
        layer = asset.split("/")[0]
        current = str(reading.snapshots(platform.data)[layer][-1])
        sql = f"SELECT strftime(_arrival_hour, '%Y-%m-%d-%H:%M'), count(*) FROM {layer} GROUP BY 1"
        rows = dict(reading.query(platform.data, sql))
        for hour in map(key, DAY):
            assert made[asset, hour]["dagster/partition_row_count"] == rows.get(hour, 0)
            assert made[asset, hour]["snapshot_id"] == current
    ((silver,),) = reading.query(platform.data, "SELECT count(*) FROM silver")
    assert warehouse["dagster/row_count"] == silver


def test_pages_show_figures_to_plot(day: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    """Every hour has the same figures, so that a plot has no gaps, and the records add up."""
    platform, run = day
    made = {name: told for name, told in platform.materializations(run).items() if name[0] in LAKE}
    for asset, figures in FIGURES.items():
        for hour in map(key, DAY):
            told = made[asset, hour]
            assert all(isinstance(told[name], int | float) for name in figures), (asset, hour)
    for hour in map(key, DAY):
        rows = [made[asset, hour]["dagster/partition_row_count"] for asset in LAKE]
        assert rows[0] == rows[1] + rows[2]
        assert rows[2] == sum(made["rejected/commerce", hour][f"rejected_{reason}"] for reason in REASONS)
        assert made["silver/commerce", hour]["duplicates"] == made["rejected/commerce", hour]["rejected_duplicate"]
    read = {made["bronze/commerce", hour]["run_records_read"] for hour in map(key, DAY)}
    assert read == {sum(made["bronze/commerce", hour]["dagster/partition_row_count"] for hour in map(key, DAY))}
    (shown,) = [hour for (asset, hour), told in made.items() if asset == "silver/commerce" and "preview" in told]
    assert shown == key(DAY[-1]), "of the newest hour only, as each costs time"


def test_a_day_is_one_commit(day: tuple[Platform, dg.ExecuteInProcessResult]) -> None:
    """Many snapshots make commits slow, so a range of hours makes one."""
    platform, _ = day
    assert {layer: len(ids) for layer, ids in reading.snapshots(platform.data).items()} == dict.fromkeys(
        reading.LAYERS, 1
    )


def test_assets_show_their_columns(definitions: dg.Definitions) -> None:
    """Every asset has an owner, a group and a description, and every table its columns, without being materialized."""
    specs = list(definitions.resolve_all_asset_specs())
    assert {"/".join(spec.key.path) for spec in specs} >= {*LAKE, "warehouse/commerce", "gold/fct_orders"}
    for spec in specs:
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.group_name, spec.key
        if spec.key.path[0] == "landing":
            continue
        columns = spec.metadata["dagster/column_schema"].columns
        assert columns, spec.key
        assert spec.key.path[0] == "gold" or all(column.description for column in columns), spec.key


def test_one_bad_hour_does_not_spoil_the_others(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silver's blocking check fails for one of three hours."""
    from assets import checks

    def fault(*arguments: object) -> dict[dt.datetime, object]:
        found = real(*arguments)
        return {at: replace(verdict, passed=at.replace(tzinfo=None) != BAD) for at, verdict in found.items()}

    for hour in HOURS:
        platform.land(hour, "orders.json.gz", [hostile.order(hour.hour), b"bad"])
    real = checks.conservation
    monkeypatch.setattr(checks, "conservation", fault)
    run = platform.ingest(HOURS[0], HOURS[-1], check=False)
    assert not run.success
    conserved = {hour: platform.checks(run)["silver/commerce", "conservation", key(hour)] for hour in HOURS}
    assert conserved == {HOURS[0]: True, BAD: False, HOURS[2]: True}
    made = platform.materializations(run)
    for asset in LAKE[1:]:
        assert {partition for name, partition in made if name == asset} == {key(HOURS[0]), key(HOURS[2])}
    assert ("warehouse/commerce", None) not in made, "nothing downstream of a failed blocking check"
    monkeypatch.undo()
    again = platform.ingest(HOURS[0], HOURS[-1])
    assert {("silver/commerce", key(hour)) for hour in HOURS} <= set(platform.materializations(again))


def test_a_stream_without_a_bad_record_runs_again(platform: Platform) -> None:
    """Nothing was ever rejected, so there is no snapshot of rejected that silver could name."""
    for number in range(3):
        platform.land(HOURS[0], f"{number // 2}.json.gz", [hostile.order(number)])
        platform.ingest(HOURS[0])
    assert reading.query(platform.data, "SELECT event_id FROM silver ORDER BY 1") == [("e-1",), ("e-2",)]
    assert reading.query(platform.data, "SELECT count(*) FROM rejected") == [(0,)]
