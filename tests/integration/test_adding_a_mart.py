"""docs/adding-a-mart.md, word by word: its mart, its funnel, its costs and its column are in the next release."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable
from decimal import Decimal

import duckdb
import guide
import pytest
import reading
from driving import Platform, jsonl

from assets.headline import Table, headlines, measure
from resources import dbt

pytestmark = [pytest.mark.integration, pytest.mark.verify]
PAGE = guide.blocks("adding-a-mart.md")
COMMANDS = [command for block in PAGE if block.language == "sh" for command in block.text.splitlines()]
HOUR = dt.datetime(2026, 1, 2, 3)
BUYER = {"user_id": "u1", "session_id": "s1", "product_id": "p1", "category": "lamps", "quantity": 1, "price": 9.5}
EVENTS = [
    {"timestamp": "2026-01-01T10:00:00Z", "user_id": "u2", "session_id": "s2", "search_query": "lamp"},
    {"timestamp": "2026-01-02T01:00:00Z", "user_id": "u1", "session_id": "s1", "search_query": "Lamp"},
    {"timestamp": "2026-01-02T01:00:01Z", "user_id": "u1", "session_id": "s1", "search_query": "lamp"},
    {"timestamp": "2026-01-02T01:00:02Z", "user_id": "u1", "session_id": "s1", "search_query": "lmap"},
    {"timestamp": "2026-01-02T01:00:03Z", "event_type": "add_to_cart", **BUYER},
    {"timestamp": "2026-01-02T01:00:04Z", "event_type": "purchase", **BUYER},
]
RESULTS = {"lamp": 3, "lmap": 0}
SEARCHES = """SELECT strftime(event_date, '%d'), search_term, searches, searches_without_results, users
    FROM {} ORDER BY event_date, search_term"""
FIRST, SECOND = ("01", "lamp", 1, 0, 1), [("02", "lamp", 2, 0, 1), ("02", "lmap", 1, 1, 1)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> guide.Project:
    """A copy of the project with all changes of the page."""
    project = guide.Project(tmp_path_factory.mktemp("project"))
    for block in PAGE:
        if block.language != "sh":
            project.write(block)
    return project


@pytest.fixture(scope="module")
def platform(make_platform: Callable[[str], Platform], project: guide.Project) -> Platform:
    """A platform of that copy with a few events, released."""
    platform = make_platform("marts")
    environment = platform.for_child(PYTHONPATH="platform")
    for command in COMMANDS:
        if command.startswith("make"):
            project.run(command, environment)
    events = [
        {"event_type": "search", "search_results": RESULTS.get(str(event.get("search_query")).lower())} | event
        for event in EVENTS
    ]
    platform.land(HOUR, "events.json", jsonl(events), "clickstream")
    (gold,) = (job for command in COMMANDS for job in re.findall(r"job execute .* -j (\w+)$", command))
    project.run_jobs(HOUR, environment, "ingest", gold)
    return platform


def test_the_release_has_the_mart_with_the_column(platform: Platform) -> None:
    """Every search is counted on its date, and the field has come from the landed file to the mart."""
    assert reading.gold(platform.data, SEARCHES.format("marts.daily_searches")) == [FIRST, *SECOND]


def test_the_release_has_the_funnel(platform: Platform) -> None:
    """Two people searched, and one of them bought a lamp."""
    steps = "SELECT step_name, users FROM marts.funnel_steps WHERE funnel = 'search to purchase' ORDER BY step"
    assert reading.gold(platform.data, steps) == [("search", 2), ("lamp in the cart", 1), ("purchase", 1)]


def test_the_release_has_the_costs(platform: Platform) -> None:
    """Campaigns of a channel are summed. Nobody came by it, so nothing came back."""
    costs = "SELECT strftime(purchased_date, '%d'), channel, currency, purchases, cost, linear_return_on_ad_spend"
    assert reading.gold(platform.data, f"{costs} FROM marts.attribution WHERE cost IS NOT NULL ORDER BY 1") == [
        ("01", "newsletter", "EUR", 0, Decimal("125.00"), 0.0),
        ("02", "newsletter", "EUR", 0, Decimal("100.00"), 0.0),
    ]


@pytest.fixture
def dbt_of_the_copy(project: guide.Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets this process use the copy's dbt project."""
    monkeypatch.setattr(dbt, "PROJECT", project.folder / "dbt")


@pytest.mark.usefixtures("dbt_of_the_copy")
def test_the_mart_shows_its_headline_numbers(platform: Platform) -> None:
    """Each event date has its own."""
    nodes = dbt.project(dbt.local(platform.data)).manifest["nodes"]
    table = Table("mart", "marts.daily_searches", headlines(nodes["model.gold.daily_searches"]), "event_date")
    measured = measure(lambda sql: reading.gold(platform.data, sql), [table])
    assert measured.errors == {}
    numbers = {date: figures.numbers for date, figures in measured.figures["mart"].items()}
    assert numbers["2026-01-02"] == {"searches": 3, "searches_for_each_term": 1.5}


@pytest.mark.usefixtures("dbt_of_the_copy")
def test_a_run_rebuilds_its_event_dates_alone(platform: Platform) -> None:
    """All rows of the mart are lost, and a run of one date brings back only the rows of that date."""
    with duckdb.connect(str(platform.data / "gold_next.duckdb")) as con:
        con.execute("DELETE FROM marts.daily_searches")
    variables = {"event_dates": ["2026-01-02"], "as_of": None, "code": {}}
    results = dbt.build(dbt.local(platform.data), platform.data / "dbt", variables, ["daily_searches"])
    assert all(result.passed for result in results)
    assert searches(platform) == SECOND


@pytest.mark.usefixtures("dbt_of_the_copy")
def test_the_command_of_the_page_builds_the_mart_and_tests_it(
    platform: Platform, project: guide.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unit test runs as well. The table is built from scratch, as nothing tells dbt which code made it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("DATA_DIR", str(platform.data))
    (command,) = (command for command in COMMANDS if command.startswith(".venv/bin/dbt"))
    kept = dbt.manifest_path().with_name("partial_parse.msgpack")
    runner = dbtRunner(manifest=Manifest.from_msgpack(kept.read_bytes()))
    outcome = runner.invoke([*shlex.split(command)[1:], "--quiet"])
    DuckDBConnectionManager.env().close()
    assert outcome.success, outcome.exception or outcome.result
    kinds = {result.node.resource_type.value for result in outcome.result.results}
    assert kinds == {"model", "test", "unit_test"}
    assert searches(platform) == [FIRST, *SECOND]


WRONG_ROWS = """a gap,clickstream,1,search
a gap,clickstream,3,purchase
two windows,clickstream,1,search,,,,7
two windows,clickstream,2,purchase,,,,8
no column,clickstream,1,search,colour,red
no value,clickstream,1,search,category
two streams,clickstream,1,search
two streams,commerce,2,order_placed
"""
PROBLEMS = {
    ("a gap", 3): "expected step 2",
    ("two windows", 2): "expected the funnel's other window_days, 7",
    ("no column", 1): "expected condition_column to be one of",
    ("no value", 1): "expected a condition_value for the condition_column",
    ("two streams", 2): "expected the funnel's other stream, clickstream",
}


@pytest.mark.usefixtures("dbt_of_the_copy")
def test_a_wrong_row_of_a_funnel_is_named(platform: Platform, project: guide.Project) -> None:
    """The rows that the test of the seed finds say what is wrong with each."""
    seed = project.folder / "dbt/seeds/funnels.csv"
    seed.write_text(seed.read_text() + WRONG_ROWS)
    variables = {"event_dates": None, "as_of": None}
    results = dbt.build(dbt.local(platform.data), platform.data / "dbt", variables, ["funnels"])
    (failed,) = (result for result in results if not result.passed)
    found = reading.gold(platform.data, failed.sql, "warehouse.duckdb")
    assert {(funnel, step): problem[: len(PROBLEMS[funnel, step])] for funnel, step, problem in found} == PROBLEMS


def searches(platform: Platform) -> list[tuple[object, ...]]:
    """The rows of the mart in the warehouse, which the next release copies."""
    return reading.gold(platform.data, SEARCHES.format("marts.daily_searches"), "gold_next.duckdb")
