"""`dagster dev` as a person meets it: the graph, a file that is dropped, and a backfill, in a real browser."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hostile
import pytest
import reading
from driving import Platform, key
from figures.events import World
from figures.orders import orders, revenue_by_date
from serving import CHROMIUM, Browser, browser, served, until

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan, Shares
from simulate.run import simulate

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}"),
]
ASSETS = ("bronze/commerce", "silver/commerce", "rejected/commerce", "warehouse/commerce", "gold/fct_orders")
BACKFILLS = "{partitionBackfillsOrError(limit: 1) {... on PartitionBackfills {results {status numPartitions}}}}"
ACTIVE = "{runsOrError(filter: {statuses: [QUEUED, NOT_STARTED, STARTING, STARTED]}) {... on Runs {results {jobName}}}}"
SHARES = (
    '{assetCheckExecutions(assetKey: {path: ["rejected", "commerce"]}, checkName: "rejected_share", limit: 200) '
    "{status partition evaluation {severity description}}}"
)
FAILED = "{runsOrError(filter: {statuses: [FAILURE, CANCELED]}) {... on Runs {results {jobName}}}}"


@pytest.fixture(scope="module")
def place(make_platform: Callable[[str], Platform]) -> Platform:
    """Where the served platform keeps its data: nothing has landed yet."""
    return make_platform("served")


@pytest.fixture(scope="module")
def ui(place: Platform) -> Iterator[Browser]:
    """`dagster dev`, and a browser on it; screenshots go where UI_SCREENSHOTS says."""
    screenshots = Path(os.environ.get("UI_SCREENSHOTS", place.data / "screenshots"))
    with served(place) as address, browser(address, screenshots) as opened:
        yield opened


def count(place: Platform, sql: str) -> int:
    """A count from the released marts; 0 where nothing was released yet."""
    return reading.gold(place.data, sql)[0][0] if (place.data / "gold.duckdb").exists() else 0


def settled(ui: Browser) -> bool:
    return not ui.ask(ACTIVE)["runsOrError"]["results"]


def test_graph_shows_the_assets(ui: Browser) -> None:
    """Every layer's asset is there, and leads on to gold."""
    ui.go("jobs")
    ui.page.get_by_text("ingest", exact=True).first.wait_for()
    nodes = ui.ask("{assetNodes {assetKey {path}}}")["assetNodes"]
    assert {"/".join(node["assetKey"]["path"]) for node in nodes} >= set(ASSETS)
    ui.page.get_by_text("Lineage", exact=True).first.click()
    ui.page.get_by_text("gold_commerce").first.wait_for()
    ui.look("1-graph")
    for group, name in (("gold_staging", "stg_commerce"), ("gold_commerce", "fct_orders")):
        ui.go(f"locations/definitions/asset-groups/{group}/list")
        ui.page.get_by_text(name).first.wait_for()
    ui.look("1-group")


@pytest.mark.verify
def test_a_dropped_file_reaches_gold_by_itself(ui: Browser, place: Platform) -> None:
    """No click: the sensors see the file, and then the event dates that it touched."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    orders = [hostile.order(number, event_timestamp=now.isoformat() + "Z") for number in range(200)]
    place.land(now, "dropped.json.gz", [*orders, b"not json"])
    found = "SELECT count(*) FROM marts.fct_orders WHERE order_id IN ('o-0', 'o-199')"
    until(lambda: count(place, found) == 2, 120, "the dropped orders are in gold")
    assert reading.query(place.data, "SELECT count(*) FROM silver") == [(200,)]
    assert reading.query(place.data, "SELECT reason FROM rejected") == [("malformed",)]
    ui.go("runs")
    ui.page.get_by_text("Success").first.wait_for()
    ui.look("2-sensor-runs")


@pytest.mark.verify
def test_a_mart_shows_its_rows_and_plots_its_numbers(ui: Browser) -> None:
    """The page of a mart answers what is in it, without SQL."""
    until(lambda: settled(ui), 120, "the run that released the mart has recorded it")
    ui.go("assets/gold/fct_orders")
    ui.page.get_by_text("preview", exact=True).first.wait_for()
    ui.page.get_by_text("Show schema").first.wait_for()
    ui.look("2-mart")
    ui.page.get_by_text("Plots", exact=True).first.click()
    ui.page.get_by_text("revenue EUR").first.wait_for()
    ui.look("2-mart-plots")


@pytest.mark.verify
def test_backfill_of_48_hours(ui: Browser, place: Platform) -> None:
    """Launched in the dialog of the job `ingest`; two runs of a day each, and gold follows by itself.

    One hour has far too many broken records: its check is red, those of the other hours are green.
    """
    start = dt.datetime.now(dt.UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0) - dt.timedelta(
        days=20
    )
    truth = simulate(COMMERCE, Plan(start, 48, 100, shares=Shares.none()), place.landing)
    bad = start + dt.timedelta(hours=30)
    place.land(bad, "broken.json", [b"{"] * 60)
    ui.go("locations/definitions/jobs/ingest")
    ui.page.get_by_role("button", name="Materialize all").click()
    dialog = ui.page.get_by_role("dialog")
    partitions = dialog.get_by_placeholder("No matching partitions")
    partitions.fill(f"[{key(start)}...{key(start + dt.timedelta(hours=47))}]")
    partitions.press("Enter")
    dialog.get_by_text("48 partitions").first.wait_for()
    ui.look("3-backfill-dialog")
    dialog.get_by_role("button", name="Launch backfill").click()
    until(lambda: _backfill(ui) == ("COMPLETED_SUCCESS", 48), 400, "the backfill completes")
    end = start.date() + dt.timedelta(days=3)
    completed = f"SELECT count(*) FROM marts.fct_orders WHERE is_completed AND ordered_date < '{end}'"
    world = World.of({COMMERCE.name: reading.lake(place.data, "silver").to_pylist()})
    backfilled = sum(order.completed and order.first_event.date < end for order in orders(world))
    until(lambda: count(place, completed) == backfilled, 240, "gold holds the backfilled orders")
    assert reading.revenue(place.data) == revenue_by_date(world)
    ((silver,),) = reading.query(place.data, "SELECT count(*) FROM silver")
    assert silver == truth.silver.total() + 200
    ui.go("runs")
    ui.page.get_by_text("Backfills", exact=True).first.click()
    ui.page.get_by_text("48 partitions").first.wait_for()
    ui.look("4-backfill")
    _only_the_bad_hour_is_red(ui, [start + dt.timedelta(hours=index) for index in range(48)], bad)


def _only_the_bad_hour_is_red(ui: Browser, hours: list[dt.datetime], bad: dt.datetime) -> None:
    """The check of each hour has a result; the red one says what to do, also on its page."""
    found = ui.ask(SHARES)["assetCheckExecutions"]
    assert set(map(key, hours)) <= {each["partition"] for each in found}
    red = [each for each in found if each["status"] == "FAILED"]
    assert {each["partition"] for each in red} == {key(bad)}, "the other hours are green"
    assert f"make rejected STREAM=commerce HOUR={key(bad)}" in red[0]["evaluation"]["description"]
    ui.go("assets/rejected/commerce?view=checks&checkDetail=rejected_share")
    ui.page.get_by_text("Execution history").first.click()
    ui.page.get_by_text("Failed").first.wait_for()
    ui.look("4-bad-hour")


def _backfill(ui: Browser) -> tuple[str, int] | None:
    results = ui.ask(BACKFILLS)["partitionBackfillsOrError"]["results"]
    return (results[0]["status"], results[0]["numPartitions"]) if results else None


@pytest.mark.verify
def test_checks_are_green(ui: Browser) -> None:
    """No run has failed, and the pages of the assets show their checks as passed."""
    until(lambda: settled(ui), 240, "no run is under way")
    assert ui.ask(FAILED)["runsOrError"]["results"] == []
    for layer in ("bronze", "silver"):
        ui.go(f"assets/{layer}/commerce?view=checks")
        ui.page.get_by_text("Passed").first.wait_for()
        ui.look(f"5-checks-{layer}")
        assert ui.page.get_by_text("Failed").count() == 0
