"""One platform on three deployments: swapped by the environment alone, they give the same gold, value by value."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import clouds
import dagster as dg
import extremes
import pytest
from deployed import Deployed
from dialects import objections

from assets.metric_values import read_metrics
from assets.run_costs import NUMBERS
from contracts import STREAMS
from contracts.commerce import COMMERCE
from resources import dbt
from resources.alerts.settings import alerting
from resources.warehouse.protocol import Warehouse
from simulate.plan import Plan
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED

pytestmark = [pytest.mark.integration, pytest.mark.verify]
START = dt.datetime(2026, 2, 27, 22)
HOURS = [START + dt.timedelta(hours=index) for index in range(3)]
Rows = Counter[tuple[Any, ...]]


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulated hours of every stream, across midnight and the end of a month, and the largest possible values."""
    folder = tmp_path_factory.mktemp("landed")
    for stream in STREAMS:
        simulate(SIMULATED[stream.name], Plan(START, hours=len(HOURS), rate=400, seed=5), folder)
    extremes.land(folder, HOURS[-1])
    return folder


@pytest.fixture(scope="module")
def deploy(
    definitions: dg.Definitions, landed: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Deployed]]:
    """A function that returns a deployment's platform.

    The first call for a deployment makes the platform and brings it from landing to gold in two runs.
    """
    made: dict[str, Deployed] = {}
    with ExitStack() as stack:

        def get(name: str) -> Deployed:
            if name not in made:
                instance = stack.enter_context(dg.DagsterInstance.ephemeral())
                data = tmp_path_factory.mktemp(name)
                made[name] = Deployed(data, definitions, instance)
                if name in clouds.NAMES:
                    made[name].aws, made[name].settings = stack.enter_context(clouds.cloud(name))
                (data / "landing").symlink_to(landed)
                made[name].upload()
                for first, last in ((HOURS[0], HOURS[0]), (HOURS[1], HOURS[-1])):
                    made[name].ingest(first, last)
                    made[name].gold()
            return made[name]

        yield get


def tables(warehouse: Warehouse) -> dict[str, list[str]]:
    """The columns of every table that readers may rely on."""
    schemas = ", ".join(f"'{schema}'" for schema in sorted(dbt.public_schemas(warehouse.profile())))
    found = warehouse.query(
        "SELECT lower(table_name), lower(column_name) FROM information_schema.columns "
        f"WHERE lower(table_schema) IN ({schemas}) ORDER BY 1, 2"
    )
    marts = dbt.marts(warehouse.profile())
    columns: dict[str, list[str]] = {}
    for table, column in found:
        if table in marts:
            columns.setdefault(table, []).append(column)
    return columns


def rows(warehouse: Warehouse, table: str, columns: list[str]) -> Rows:
    relation = dbt.marts(warehouse.profile())[table].relation
    found = warehouse.query(f"SELECT {', '.join(columns)} FROM {relation}")
    return Counter(tuple(plain(value) for value in row) for row in found)


def plain(value: Any) -> Any:
    """An object, which some drivers give as text, as JSON text of one form."""
    told = json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    return json.dumps(told, sort_keys=True) if isinstance(told, dict) else value


@pytest.mark.parametrize("name", clouds.NAMES)
def test_gold_is_the_same_everywhere(deploy: Callable[[str], Deployed], name: str) -> None:
    """Whoever moves to another warehouse keeps their figures."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    here, there = deploy("local").warehouse(), deploy(name).warehouse()
    expected = tables(here)
    assert tables(there) == expected
    assert any(rows(here, table, columns) for table, columns in expected.items())
    for table, columns in expected.items():
        mine, theirs = rows(here, table, columns), rows(there, table, columns)
        assert mine == theirs, (
            f"{table} ({', '.join(columns)}): only here {list((mine - theirs).items())[:2]}, "
            f"only on {name} {list((theirs - mine).items())[:2]}"
        )


def shown(platform: Deployed) -> dict[str, dict[str, Any]]:
    """What the page of each gold asset shows, except for times and places; of the preview, its columns and size."""
    found = {}
    for key in platform.instance.all_asset_keys():
        event = platform.instance.get_latest_materialization_event(key)
        if key.path[0] == "gold" and event and event.asset_materialization:
            metadata = dict(event.asset_materialization.metadata)
            costs = {"query_ids", *NUMBERS.values()} - {NUMBERS["rows"]}
            for name in ("seconds", "dagster/uri", "dagster/column_lineage", *costs):
                metadata.pop(name, None)
            table = metadata.pop("preview", None)
            found[key.path[-1]] = {name: value.value for name, value in metadata.items()}
            if isinstance(table, dg.TableMetadataValue):
                found[key.path[-1]]["preview"] = [column.name for column in table.schema.columns], len(table.records)
    return found


@pytest.mark.parametrize("name", clouds.NAMES)
def test_the_pages_show_the_same_everywhere(deploy: Callable[[str], Deployed], name: str) -> None:
    """Headline numbers and previews are queries of ours: each warehouse has to understand them."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    here, there = shown(deploy("local")), shown(deploy(name))
    assert [model for model, metadata in there.items() if "error" in metadata] == []
    assert sum("preview" in metadata for metadata in here.values()) > 40
    assert there == here


@pytest.mark.parametrize("name", clouds.NAMES)
def test_metrics_of_the_release_are_the_same_everywhere(deploy: Callable[[str], Deployed], name: str) -> None:
    """Alerts and the report read the published tables, which have another place on each target."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    metrics, day = alerting({}).rules.metric, HOURS[-1].date()
    here, there = (
        read_metrics(warehouse, metrics, dbt.marts(warehouse.profile()), day)
        for warehouse in (deploy("local").warehouse(), deploy(name).warehouse())
    )
    assert there == here
    values, errors = here
    assert len(values) > len(metrics), "revenue by currency"
    assert errors == {}


@pytest.mark.parametrize("name", ["local", *clouds.NAMES])
def test_records_have_the_names_of_their_columns(deploy: Callable[[str], Deployed], name: str) -> None:
    """The examples on the page of a failed check are a query of any columns."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    warehouse = deploy(name).warehouse()
    orders = dbt.marts(warehouse.profile())["fct_orders"].relation
    (record,) = warehouse.records(f"SELECT count(*) AS n_records, max(order_id) AS unique_field FROM {orders}")
    assert list(record) == ["n_records", "unique_field"]
    assert record["n_records"] > 0


@pytest.mark.parametrize("name", ["local", *clouds.NAMES])
def test_the_largest_values_are_summed(deploy: Callable[[str], Deployed], name: str) -> None:
    """One value too large for a type of gold would stop all releases."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    warehouse = deploy(name).warehouse()
    relations = {mart: found.relation for mart, found in dbt.marts(warehouse.profile()).items()}
    found = {question: [*map(tuple, warehouse.query(question.format(**relations)))] for question in extremes.SUMS}
    assert found == extremes.SUMS


@pytest.mark.parametrize("name", clouds.NAMES)
def test_every_statement_is_one_of_its_dialect(deploy: Callable[[str], Deployed], name: str) -> None:
    """A stand-in runs more than the warehouse does, so each statement is compared with what the warehouse knows."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    platform = deploy(name)
    work = platform.data / "dbt"
    assert platform.dbt("compile", "--select", "resource_type:analysis").success
    analyses = sorted((work / "compiled").rglob("analyses/*.sql"))
    assert analyses
    only_tested = {unit["name"] for unit in json.loads((work / "manifest.json").read_text())["unit_tests"].values()}
    ran = [path for path in sorted((work / "run").rglob("*.sql")) if path.stem not in only_tested]
    assert len(ran) > 100
    found = {path.stem: objections(path.read_text(), name.removeprefix("aws-")) for path in [*ran, *analyses]}
    assert {statement: what for statement, what in found.items() if what} == {}


@pytest.mark.parametrize("name", ["local", *clouds.NAMES])
def test_the_models_rules_hold_everywhere(deploy: Callable[[str], Deployed], name: str) -> None:
    """dbt's unit tests: the edges of every figure, as each engine computes them."""
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    outcome = deploy(name).dbt("test", "--select", "test_type:unit")
    results = {result.node.name: str(result.status) for result in outcome.result.results}
    assert len(results) > 10
    assert {name: status for name, status in results.items() if status != "pass"} == {}


def test_raw_events_in_snowflake_are_those_of_bronze(deploy: Callable[[str], Deployed]) -> None:
    """For those who transform raw records in the warehouse: all JSON records of bronze are there."""
    platform = deploy("aws-snowflake")
    path = f"{COMMERCE.name}/{HOURS[0]:%Y/%m/%d/%H}"
    assert platform.dbt("run-operation", "copy_into_raw_events", "--args", json.dumps({"path": path})).success
    copied = platform.warehouse().query("SELECT source_file, row_number, raw FROM raw.raw_events")
    assert {(file, line): json.loads(raw) for file, line, raw in copied} == {
        (f"in/{file}", line): json.loads(raw) for file, line, raw in platform.bronze(HOURS[0]) if is_json(raw)
    }
    assert len(copied) == len({(file, line) for file, line, _ in copied}), "each record once"


def is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", clouds.NAMES)
def test_gold_follows_its_code_everywhere(
    deploy: Callable[[str], Deployed], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silver does not change.

    A changed model and those downstream are built again, as `test_gold_code` shows on DuckDB.
    """
    if reason := clouds.lacking(name):
        pytest.skip(reason)
    platform = deploy(name)
    days, code = events_by_day(platform), platform.warehouse().release_facts()["code"]
    copy = tmp_path / "dbt"
    shutil.copytree(dbt.PROJECT, copy, ignore=shutil.ignore_patterns("target"))
    model = copy / "models/intermediate/int_user_days.sql"
    model.write_text(model.read_text().replace("count(*) as events", "count(*) * 2 as events"))
    monkeypatch.setattr(dbt, "PROJECT", copy)
    platform.gold()
    assert events_by_day(platform) == {day: 2 * events for day, events in days.items()}
    assert platform.warehouse().release_facts()["code"] != code
    nodes = dbt.project(platform.warehouse().profile()).manifest["nodes"]
    ran = platform.data / "dbt/run/gold"
    anew = {
        node: "delete from" not in (ran / nodes[f"model.gold.{node}"]["original_file_path"]).read_text().lower()
        for node in ("fct_events", "int_user_days", "int_person_days")
    }
    assert anew == {"fct_events": False, "int_user_days": True, "int_person_days": True}


def events_by_day(platform: Deployed) -> dict[Any, int]:
    """The number of events in `int_person_days`, by day."""
    found = platform.warehouse().query("SELECT event_date, sum(events) FROM intermediate.int_person_days GROUP BY 1")
    return {day: int(events) for day, events in found}
