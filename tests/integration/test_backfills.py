"""Backfills while data arrives: two that overlap, one of them cancelled, and Dagster killed in the middle."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import hostile
import pytest
import reading
from driving import Platform, key
from serving import served, until

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate

pytestmark = [pytest.mark.integration, pytest.mark.verify]
NOW = dt.datetime.now(dt.UTC).replace(tzinfo=None, minute=0, second=0, microsecond=0)
HOURS = [NOW - dt.timedelta(hours=hours) for hours in range(80, 8, -1)]  # three days
LAKE = ("bronze", "silver", "rejected")
LAUNCH = """mutation($assets: [AssetKeyInput!], $hours: [String!]) {
    launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $hours}) {
        __typename ... on LaunchBackfillSuccess {backfillId} ... on PythonError {message}}}"""
CANCEL = "mutation($id: String!) {cancelPartitionBackfill(backfillId: $id) {__typename}}"
STATUS = "query($id: String!) {partitionBackfillOrError(backfillId: $id) {... on PartitionBackfill {status}}}"
RUNS = """{runsOrError(filter: {statuses: [%s]}) {... on Runs {results {jobName tags {key value}}}}}"""
UNDER_WAY = RUNS % "NOT_STARTED, QUEUED, STARTING, STARTED, CANCELING"


class Served:
    """A platform that Dagster runs, asked by GraphQL as the UI does."""

    def __init__(self, address: str) -> None:
        self.address = address

    def ask(self, query: str, **variables: object) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.address}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as answered:
            answer = json.loads(answered.read())
        assert "errors" not in answer, answer
        return answer["data"]

    def backfill(self, hours: list[dt.datetime]) -> str:
        """Launch a backfill of the shop's hours; its id."""
        assets = [{"path": [layer, "commerce"]} for layer in LAKE]
        launched = self.ask(LAUNCH, assets=assets, hours=[*map(key, hours)])["launchPartitionBackfill"]
        assert "backfillId" in launched, launched
        return str(launched["backfillId"])

    def status(self, backfill: str) -> str:
        return str(self.ask(STATUS, id=backfill)["partitionBackfillOrError"]["status"])

    def runs(self, query: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(query)["runsOrError"]["results"]
        return found

    def of_backfill(self, backfill: str) -> bool:
        """Whether a run of the backfill executes now."""
        executing = self.runs(RUNS % "STARTED")
        return any({"key": "dagster/backfill", "value": backfill} in run["tags"] for run in executing)


@contextmanager
def running(platform: Platform) -> Iterator[Served]:
    """Dagster for the platform. On leaving, everything that it started is killed."""
    with served(platform) as address:
        yield Served(address)


def test_the_end_is_that_of_an_undisturbed_platform(make_platform: Callable[[str], Platform]) -> None:
    """The sensors load the same hours at the same time, and a new file lands while all of this goes on."""
    calm, stormy = make_platform("calm"), make_platform("stormy")
    simulate(COMMERCE, Plan(HOURS[0], len(HOURS), 60), calm.landing)
    shutil.copytree(calm.landing, stormy.landing)
    with running(stormy) as dagster:
        first, second = dagster.backfill(HOURS[:48]), dagster.backfill(HOURS[24:])
        until(lambda: dagster.of_backfill(first), 240, "the first backfill has a run")
        dagster.ask(CANCEL, id=first)
        live = calm.land(NOW, "live.json", [hostile.order(1, event_timestamp=f"{NOW.isoformat()}Z")])
        twin = stormy.landing / live.relative_to(calm.landing)
        twin.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(live, twin)  # with its time, which is part of its version
        until(lambda: dagster.of_backfill(second), 240, "the second backfill has a run")
    with running(stormy) as dagster:
        for backfill, end in ((first, {"CANCELED"}), (second, {"COMPLETED_SUCCESS", "COMPLETED_FAILED"})):
            until(lambda each=backfill, wanted=end: dagster.status(each) in wanted, 300, f"backfill {backfill} ends")
        again = dagster.backfill(HOURS)  # as a person does after that
        until(lambda: dagster.status(again) == "COMPLETED_SUCCESS", 300, "all hours are there")
        until(lambda: not dagster.runs(UNDER_WAY), 300, "the sensors have followed")
    stormy.gold()
    calm.ingest(HOURS[0], NOW)
    calm.gold()
    reading.assert_conserved(stormy.data)
    reading.assert_same(calm.data, stormy.data)
