"""The rules of the dbt project, checked on its files: each model is described, and each definition has one home."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

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
