"""Gold follows its code: when a model, macro, variable or seed changes, its tables are built from scratch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import dagster as dg
import duckdb
import hostile
import pytest
import reading
from driving import Platform

from assets import gold_results
from resources import dbt

pytestmark = [pytest.mark.integration, pytest.mark.verify]
ORDERS = [hostile.order(number, event_timestamp=f"2026-02-2{number}T10:00:00Z") for number in range(1, 8)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the dbt project that the platform uses; without data tests and column lineage, which take long."""
    copy = tmp_path_factory.mktemp("project") / "dbt"
    shutil.copytree(dbt.PROJECT, copy, ignore=shutil.ignore_patterns("target"))
    with (copy / "dbt_project.yml").open("a") as file:
        file.write("\ndata_tests:\n  +enabled: false\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "PROJECT", copy)
        patch.setattr(gold_results, "lineage", dict)
        yield copy


@pytest.fixture(scope="module")
def place(make_platform: Callable[[str], Platform], project: Path) -> Platform:
    """A platform with a week of orders, released."""
    return released(make_platform("code"))


def released(platform: Platform) -> Platform:
    platform.land(hostile.HOUR, "orders.json", ORDERS)
    platform.ingest(hostile.HOUR)
    platform.gold()
    return platform


def edit(path: Path, before: str, after: str) -> None:
    """Replace the only occurrence of a text in a file."""
    text = path.read_text()
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, after))


def made_anew(platform: Platform) -> set[str]:
    """The incremental models that the last gold run built from scratch."""
    nodes = dbt.project(dbt.output("local")).manifest["nodes"].values()
    incremental = {
        node["name"]: node["original_file_path"] for node in nodes if node["config"].get("incremental_strategy")
    }
    (last,) = platform.instance.get_run_records(dg.RunsFilter(job_name="gold"), limit=1)
    ran = {name: platform.data / "dbt/run/gold" / path for name, path in incremental.items()}
    built = {name: path for name, path in ran.items() if path.stat().st_mtime >= (last.start_time or 0)}
    return {name for name, path in built.items() if "delete from" not in path.read_text()}


def code(platform: Platform) -> str:
    """The code that the release names."""
    ((facts,),) = reading.gold(platform.data, "SELECT facts FROM release")
    return str(json.loads(facts)["code"])


class Change(NamedTuple):
    """A change in a file of the project, and some incremental models that it concerns, and others."""

    file: str
    before: str
    after: str
    concerned: set[str]
    others: set[str]


SEED = "site order,snowplow,3,transaction,,,,\n"
CHANGES = {
    "sql": Change(
        "models/intermediate/int_user_days.sql",
        "count(*) as events",
        "count(*) * 2 as events",
        {"int_user_days", "int_person_days"},
        {"fct_events", "int_session_days"},
    ),
    "macro": Change(
        "macros/earliest.sql",
        "20, '0'",
        "21, '0'",
        {"int_session_days", "int_sessions", "fct_sessions"},
        {"fct_events", "int_user_days", "int_order_events"},
    ),
    "macro that only later runs call": Change(
        "macros/rebuild.sql", "set hours = hours_of_new_rows()", "set hours = hours_of_new_rows() | list",
        {"fct_events", "int_user_days"}, set(),
    ),
    "variable": Change(
        "dbt_project.yml",
        "journey_steps: 5",
        "journey_steps: 3",
        {"int_session_days", "int_sessions", "fct_sessions"},
        {"fct_events", "int_user_days", "int_order_events"},
    ),
    "seed": Change("seeds/funnels.csv", SEED, "", {"int_funnel_events"}, {"fct_events", "int_user_days", "fct_orders"}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_change_concerns_is_made_anew(place: Platform, project: Path, change: Change) -> None:
    """Silver has not changed, so only the code can be the reason."""
    before = code(place)
    edit(project / change.file, change.before, change.after)
    place.gold()
    anew, after = made_anew(place), code(place)
    assert change.concerned <= anew
    assert not change.others & anew
    assert after != before


COLUMN = "SELECT data_type FROM information_schema.columns WHERE table_name = 'int_user_days' AND column_name = 'more'"


def test_columns_come_change_and_go(place: Platform, project: Path) -> None:
    """A table whose columns changed is built from scratch. Nobody has to drop it."""
    sql, yml = (project / f"models/intermediate/int_user_days.{kind}" for kind in ("sql", "yml"))
    texts = {path: path.read_text() for path in (sql, yml)}
    for kind in ("bigint", "varchar", None):
        for path, text in texts.items():
            path.write_text(text)
        if kind:
            edit(sql, "    min(event_at) as", f"    cast(1 as {kind}) as more,\n    min(event_at) as")
            edit(
                yml,
                "      - name: first_event_at\n",
                f"      - {{name: more, data_type: {kind}}}\n      - name: first_event_at\n",
            )
        place.gold()
        assert reading.gold(place.data, COLUMN, "warehouse.duckdb") == ([(kind.upper(),)] if kind else [])


def test_in_the_end_all_is_as_made_in_one_go(
    make_platform: Callable[[str], Platform], place: Platform, project: Path
) -> None:
    """After all changes, every table holds what the last code computes from silver."""
    other = released(make_platform("other"))
    reading.assert_same(other.data, place.data, ())
    assert code(place) == code(other)


def test_a_run_of_some_models_claims_no_code_for_the_others(place: Platform, project: Path) -> None:
    """A model is built with the changed code, but its parent is not. So the release does not name the new code."""
    before = code(place)
    edit(project / "models/intermediate/int_user_days.sql", "count(*)", "3 + count(*)")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in place.environment.items():
            patch.setenv(name, value)
        job = place.definitions.resolve_job_def("gold")
        assert job.execute_in_process(
            instance=place.instance, asset_selection=[dg.AssetKey(["gold", "int_person_days"])]
        ).success
    between = code(place)
    place.gold()
    assert {"int_user_days", "int_person_days"} <= made_anew(place)
    assert len({before, between, code(place)}) == 3
    edit(project / "models/intermediate/int_user_days.sql", "3 + count(*)", "count(*)")
    place.gold()
    assert code(place) == before


def test_a_run_as_of_a_date_is_of_the_same_code(place: Platform) -> None:
    """Models that depend on the date are built from scratch, the others are not."""
    before = code(place)
    for as_of in ("2026-02-24", None):
        place.gold(as_of)
        anew = made_anew(place)
        assert "int_person_days" in anew
        assert "int_user_days" not in anew
        assert code(place) == before


def test_a_table_whose_run_died_is_made_anew(place: Platform) -> None:
    """A run that died between a table and its note leaves a table of unknown code."""
    with duckdb.connect(str(place.data / "warehouse.duckdb")) as con:
        con.execute("DROP VIEW intermediate.int_session_days__dbt_code")
    for expected in ({"int_session_days"}, set[str]()):
        place.gold()
        assert made_anew(place) == expected
