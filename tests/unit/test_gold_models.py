"""The rules of the dbt project, checked on its files.

Each model is described and shows itself on its page, and each definition has one home.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlglot
import yaml
from sqlglot import exp

from assets.headline import Headline

DBT = Path(__file__).resolve().parents[2] / "dbt"
MODELS = sorted((DBT / "models").rglob("*.sql"))
MACROS = {path.name: path.read_text() for path in (DBT / "macros").glob("*.sql")}
INCREMENTAL = {path.name: path.read_text() for path in MODELS if "rebuild_by(" in path.read_text()}


def declared(path: Path) -> dict[str, Any]:
    """What the YAML file beside a model says about it."""
    ((model,),) = (yaml.safe_load(path.with_suffix(".yml").read_text())["models"],)
    assert model["name"] == path.stem
    return dict(model)


def test_every_model_is_described() -> None:
    """Dagster and BI tools show these descriptions, and a reader has to know first what a row is."""
    for path in MODELS:
        model = declared(path)
        assert model["description"].startswith("One row per "), path
        assert [column["name"] for column in model["columns"] if not column.get("description")] == [], path


def test_an_incremental_model_says_once_what_a_run_rebuilds() -> None:
    """A second condition beside rebuilt() could disagree with what the strategy deletes."""
    assert len(INCREMENTAL) > 20
    for name, sql in INCREMENTAL.items():
        assert "{{ rebuilt() }}" in sql, name
        assert sql.count("rebuild_by(") == 1, name
    for path in MODELS:
        assert not re.search(r"materialized=|incremental_strategy|event_dates\(|has_new_rows", path.read_text()), path


def homes(pattern: str) -> set[str]:
    """The files of models and macros whose code matches."""
    texts = {**MACROS, **{path.name: path.read_text() for path in MODELS}}
    return {name for name, text in texts.items() if re.search(pattern, text)}


def test_every_definition_has_one_home() -> None:
    """A copy of a definition would be changed without the other."""
    assert homes(r"coalesce\([^)]*anonymous_id") == {"people.sql"}
    assert homes(r"cume_dist\(\) over|'High'") == {"rfm.sql"}
    assert homes(r"'o' \|\| order_id, 'e' \|\| event_id") == {"order_or_event_id.sql"}
    assert homes(r"left join \{\{ ref\('int_identities'\) \}\}") == {"people.sql"}


# What every warehouse has, and computes alike.
FUNCTIONS = (exp.Sum, exp.Count, exp.Min, exp.Max, exp.Avg, exp.Case, exp.If, exp.Cast, exp.And, exp.Or)
INTERNAL = ("staging", "intermediate")


def shown(path: Path) -> dict[str, Any]:
    """What the YAML file beside a model wants to be shown on its page."""
    return dict(declared(path).get("config", {}).get("meta", {}))


def numbers(path: Path) -> list[Headline]:
    return [Headline(name, **given) for name, given in shown(path).get("headline", {}).items()]


def expressions(number: Headline) -> Iterator[tuple[str, bool]]:
    """The SQL of a headline number, and whether each part has to be an aggregate."""
    yield from ((sql, True) for sql in (number.sql, number.per) if sql)
    yield from ((sql, False) for sql in (number.where, number.latest, number.by) if sql)


def is_portable(sql: str, aggregates: bool, columns: set[str]) -> bool:
    """Whether all warehouses understand an expression over these columns."""
    for dialect in ("duckdb", "snowflake", "redshift"):
        tree = sqlglot.parse_one(sql, dialect=dialect)
        functions = all(isinstance(function, FUNCTIONS) for function in tree.find_all(exp.Func))
        used = {column.name for column in tree.find_all(exp.Column)}
        if not functions or bool(tree.find(exp.AggFunc)) != aggregates or not used <= columns:
            return False
    return True


def test_every_table_shows_itself() -> None:
    """A mart has a number that Dagster plots; the preview of any table has an order, by columns of its own."""
    for path in MODELS:
        if path.parent.name == "staging":
            continue
        columns = {column["name"] for column in declared(path)["columns"]}
        assert path.parent.name in INTERNAL or numbers(path), path
        order = shown(path).get("preview", "")
        assert path.parent.name in INTERNAL or order, path
        assert {word.removesuffix(" desc") for word in order.split(", ") if word} <= columns, path


def test_every_headline_can_be_computed_everywhere() -> None:
    """A bad one would be found in production only, after the release."""
    for path in MODELS:
        columns = {column["name"] for column in declared(path)["columns"]}
        for number in numbers(path):
            assert re.fullmatch(r"[a-z][a-z0-9_]*", number.name), (path, number.name)
            assert number.name not in {"seconds", "preview", "error"}, path
            assert number.description.endswith("."), (path, number.name)
            for sql, aggregates in expressions(number):
                assert is_portable(sql, aggregates, columns), (path, number.name, sql)


def test_a_bad_headline_is_found() -> None:
    columns = {"value", "kind"}
    assert is_portable("sum(case when kind = 'a' then value else 0 end)", True, columns)
    assert not is_portable("sum(missing)", True, columns)
    assert not is_portable("max_by(kind, value)", True, columns)
    assert not is_portable("value", True, columns)
    assert not is_portable("sum(value) > 0", False, columns)
