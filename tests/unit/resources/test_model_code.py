"""Digests change with everything that decides a model's rows, and with nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from resources.model_code import Project, TableCode

VARIABLES = {"gap": 1800, "steps": 5, "as_of": None, "event_dates": None}


def node(kind: str, name: str, sql: str = "", parents: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "resource_type": kind,
        "schema": "s",
        "alias": name,
        "raw_code": sql,
        "checksum": {"checksum": "c"},
        "columns": {"x": {"data_type": "bigint", "description": "X."}},
        "config": {"materialized": "table", "meta": {}},
        "depends_on": {"nodes": [f"{'seed' if each == 'names' else 'model'}.gold.{each}" for each in parents]},
        **more,
    }


def macro(package: str, name: str, sql: str) -> dict[str, str]:
    return {"package_name": package, "name": name, "macro_sql": sql}


MANIFEST: dict[str, Any] = {
    "metadata": {"project_name": "gold"},
    "nodes": {
        "seed.gold.names": node("seed", "names"),
        "model.gold.events": node("model", "events", "{{ utc('at') }}{% if is_incremental() %}{{ late() }}{% endif %}"),
        "model.gold.days": node("model", "days", "select {{ var('gap') }}", ("events",)),
        "model.gold.mart": node("model", "mart", "select {{ as_of() }}", ("days", "names")),
        "test.gold.t": node("test", "t", "select 1", ("mart",)),
    },
    "sources": {},
    "macros": {
        "1": macro("gold", "utc", "{% macro utc(at) %}{{ adapter.dispatch('utc')(at) }}{% endmacro %}"),
        "2": macro("gold", "default__utc", "{% macro default__utc(at) %}utc({{ at }}){% endmacro %}"),
        "3": macro("gold", "late", "{% macro late() %}where {{ var('event_dates') }}{% endmacro %}"),
        "4": macro("gold", "as_of", "{% macro as_of() %}{{ var('as_of') }}{% endmacro %}"),
        "5": macro("gold", "unused", "{% macro unused() %}{{ var('steps') }}{% endmacro %}"),
        "6": macro("gold", "default__sort", "{% macro default__sort() %}{% endmacro %}"),
        "7": macro("dbt", "sort", "{% macro sort() %}{% endmacro %}"),
    },
}  # fmt: skip
ALL = {"names", "events", "days", "mart"}


def project(change: Callable[[Any], Any] | None = None, **variables: Any) -> Project:
    manifest = copy.deepcopy(MANIFEST)
    if change:
        change(manifest)
    return Project(manifest, {**VARIABLES, **variables}, {"dbt-core": "1"})


def names(unique_ids: Any) -> set[str]:
    return {unique_id.rsplit(".", 1)[-1] for unique_id in unique_ids}


def differing(one: Project, other: Project) -> set[str]:
    assert one.present.keys() == other.present.keys()
    return names(name for name in one.present if one.present[name] != other.present[name])


def macro_text(number: str) -> Callable[[Any], Any]:
    return lambda manifest: manifest["macros"][number].update(macro_sql="{% macro m() %}changed{% endmacro %}")


def change(name: str, **to: Any) -> Callable[[Any], Any]:
    return lambda manifest: manifest["nodes"][name].update(to)


@pytest.mark.parametrize(
    ("changed", "concerned"),
    [
        (project(), set()),
        (project(change("model.gold.days", raw_code="select 2")), {"days", "mart"}),
        (project(change("seed.gold.names", checksum={"checksum": "d"})), {"names", "mart"}),
        (project(change("model.gold.days", columns={"x": {"data_type": "date"}})), {"days", "mart"}),
        (project(change("model.gold.days", columns={})), {"days", "mart"}),
        (project(macro_text("2")), {"events", "days", "mart"}),
        (project(macro_text("3")), {"events", "days", "mart"}),
        (project(macro_text("4")), {"mart"}),
        (project(macro_text("5")), set()),
        (project(macro_text("6")), ALL),
        (project(gap=60), {"days", "mart"}),
        (project(as_of="2024-01-01"), {"mart"}),
        (project(steps=6), set()),
        (project(event_dates=["2024-01-01"]), set()),
        (Project(MANIFEST, VARIABLES, {"dbt-core": "2"}), ALL),
    ],
    ids=lambda value: ", ".join(sorted(value)) or "nothing" if isinstance(value, set) else "",
)
def test_a_change_concerns_what_it_may_reach(changed: Project, concerned: set[str]) -> None:
    """Models that a change cannot reach keep their digest: to rebuild them would be work for nothing."""
    assert differing(project(), changed) == concerned


def test_what_is_only_shown_is_not_code() -> None:
    """Another description, owner, headline number or preview does not change any row."""
    headline = {"x": {"sql": "sum(x)", "description": "X."}}
    meta = {"dagster": {"owners": ["team:others"]}, "headline": headline, "preview": "x"}
    reworded = change(
        "model.gold.days",
        columns={"x": {"data_type": "bigint", "description": "Better."}},
        config={"materialized": "table", "meta": meta},
    )
    assert differing(project(), project(reworded)) == set()


def test_a_variable_named_by_an_expression_may_be_any() -> None:
    """Nothing says which variable the model reads, so it may be any variable that changes."""
    named = change("model.gold.days", raw_code="{{ var(name) }}")
    assert differing(project(named), project(named, steps=6)) == {"days", "mart"}


def table_code(noted: Project | None, built: set[str], given: Any = None) -> TableCode:
    ids = {name for name in MANIFEST["nodes"] if name.rsplit(".", 1)[-1] in built}
    return TableCode(project(), noted.present if noted else {}, given or {}, ids)


OTHER_DAYS = project(change("model.gold.days", raw_code="select 2"))


def test_tables_of_present_code_are_kept() -> None:
    """Then the release has the project's code, for any models that the run builds and any `as_of`."""
    for built in (ALL, {"mart"}, set[str]()):
        code = table_code(project(), built)
        assert (code.notes, code.released()) == ({}, project().version)
    as_of = table_code(project(), ALL, {"as_of": "2024-01-01"})
    assert (names(as_of.notes), as_of.released()) == ({"mart"}, project().version)


def test_tables_without_a_note_are_rebuilt() -> None:
    """Nothing says which code made them."""
    code = table_code(None, ALL)
    assert (names(code.notes), code.released()) == (ALL, project().version)


def test_a_run_of_some_models_notes_no_digest_above_older_parents() -> None:
    """`mart` was built from `days` of older code. So its digest is empty, and the release has neither of the two
    codes."""
    code = table_code(OTHER_DAYS, {"mart"})
    assert code.notes == {"model.gold.days": "", "model.gold.mart": ""}
    assert code.released() not in (project().version, OTHER_DAYS.version)
    parent = table_code(OTHER_DAYS, {"days"})
    assert parent.notes["model.gold.days"] == project().present["model.gold.days"]
    assert parent.released() not in (project().version, OTHER_DAYS.version)
