"""Gold on a running platform follows silver by itself; a backfill rebuilds its event dates and no others."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import duckdb
import hostile
import pytest
import reading
from driving import Platform
from serving import served, until

pytestmark = [pytest.mark.integration, pytest.mark.verify]
DATES = [dt.date(2026, 2, 26) + dt.timedelta(days=day) for day in range(4)]  # over the end of a month
MODELS = ("int_session_days", "int_order_events")
LAUNCH = """mutation($models: [AssetKeyInput!], $dates: [String!]) {
    launchPartitionBackfill(backfillParams: {assetSelection: $models, partitionNames: $dates}) {
        __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message}}}"""
STATUS = """query($id: String!) {partitionBackfillOrError(backfillId: $id) {... on PartitionBackfill {status}}}"""
RUNS = """query($id: String!) {runsOrError(filter: {tags: [{key: "dagster/backfill", value: $id}]}) {
    ... on Runs {results {status assetMaterializations {assetKey {path} partition}}}}}"""
UNDER_WAY = """{runsOrError(filter: {statuses: [QUEUED, STARTING, STARTED]}) {... on Runs {results {runId}}}}"""
Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def place(make_platform: Callable[[str], Platform]) -> Platform:
    """A platform with an hour of orders of four dates; nothing is materialized."""
    place = make_platform("backfilled")
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    orders = [hostile.order(number, event_timestamp=f"{date}T12:00:00Z") for number, date in enumerate(DATES)]
    place.land(now, "orders.json.gz", orders)
    return place


@pytest.fixture(scope="module")
def ask(place: Platform) -> Iterator[Ask]:
    """A function that queries the GraphQL endpoint of the served platform."""
    with served(place) as address:

        def post(query: str, **variables: object) -> Any:
            body = json.dumps({"query": query, "variables": variables}).encode()
            request = Request(f"{address}/graphql", body, {"Content-Type": "application/json"})
            with urlopen(request, timeout=60) as answer:
                found = json.load(answer)
            assert "errors" not in found, found
            return found["data"]

        yield post


def settle(ask: Ask) -> None:
    """Wait until no run is under way, so that nobody else has the warehouse's file open."""
    until(lambda: not ask(UNDER_WAY)["runsOrError"]["results"], 240, "all runs have ended")


def opened(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file as soon as the platform's processes, which open it for moments, let it go."""

    def connect() -> duckdb.DuckDBPyConnection | None:
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException:
            return None

    return until(connect, 120, f"{path.name} can be opened")


def orders(place: Platform) -> int:
    """How many orders are released."""
    if not (place.data / "gold.duckdb").exists():
        return 0
    return int(reading.gold(place.data, "SELECT count(*) FROM marts.fct_orders")[0][0])


def dates_of(place: Platform, model: str) -> list[dt.date]:
    """The event dates that an intermediate model has rows of."""
    sql = f"SELECT DISTINCT event_date FROM intermediate.{model} ORDER BY 1"
    with opened(place.data / "warehouse.duckdb", read_only=True) as con:
        return [date for (date,) in con.execute(sql).fetchall()]


def test_gold_follows_silver_by_itself(place: Platform, ask: Ask) -> None:
    """Sensors release what landed, and what lands later."""
    until(lambda: orders(place) == len(DATES), 240, "the orders that had landed are in gold")
    late = hostile.order(9, event_timestamp=f"{DATES[0]}T13:00:00Z")
    place.land(dt.datetime.now(dt.UTC).replace(tzinfo=None), "late.json.gz", [late])
    until(lambda: orders(place) == len(DATES) + 1, 240, "the late order is in gold")


def test_a_backfill_rebuilds_its_dates_alone(place: Platform, ask: Ask) -> None:
    """All rows of three dates are lost. Two of the dates are backfilled, in two of three models."""
    settle(ask)
    with opened(place.data / "warehouse.duckdb") as con:
        for model in (*MODELS, "int_user_days"):
            con.execute(f"DELETE FROM intermediate.{model} WHERE event_date < ?", [DATES[3]])
    dates = [date.isoformat() for date in DATES[1:3]]
    launched = ask(LAUNCH, models=[{"path": ["gold", model]} for model in MODELS], dates=dates)
    backfill = launched["launchPartitionBackfill"].get("backfillId")
    assert backfill, launched
    until(lambda: _status(ask, backfill) not in ("REQUESTED", "COMPLETING"), 240, "the backfill has ended")
    assert _status(ask, backfill) == "COMPLETED_SUCCESS"
    settle(ask)
    assert {model: dates_of(place, model) for model in MODELS} == dict.fromkeys(MODELS, DATES[1:])
    assert dates_of(place, "int_user_days") == DATES[3:]
    (run,) = ask(RUNS, id=backfill)["runsOrError"]["results"]
    made = {(tuple(each["assetKey"]["path"]), each["partition"]) for each in run["assetMaterializations"]}
    assert made == {(("gold", model), date) for model in MODELS for date in dates}


def _status(ask: Ask, backfill: str) -> str:
    return str(ask(STATUS, id=backfill)["partitionBackfillOrError"]["status"])
