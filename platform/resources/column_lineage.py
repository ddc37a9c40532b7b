"""Column lineage: the source columns of each column of dbt's models.

Belongs here: reading it from compiled SQL, and keeping it until the project changes. Not here: showing it in Dagster
(`assets.gold`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from resources import dbt

Nodes = Mapping[str, Mapping[str, Any]]
Columns = dict[str, list[tuple[str, str]]]
"""The columns of a model: by name, the source columns as pairs of a dbt node's unique id and a column's name."""


def lineage() -> Mapping[str, Columns]:
    """The lineage of each model, by unique id. It is kept in a file beside the manifest. Raises `dbt.DbtFailed`."""
    manifest = dbt.manifest_path()
    kept = manifest.with_name("lineage.json")
    if not kept.exists() or kept.stat().st_mtime < manifest.stat().st_mtime:
        parsed = json.loads(manifest.read_text())
        nodes = {**parsed["nodes"], **parsed["sources"]}
        made = kept.with_suffix(".new")
        made.write_text(json.dumps({model: columns(nodes, model, sql) for model, sql in dbt.compiled().items()}))
        made.replace(kept)
    read: dict[str, Columns] = json.loads(kept.read_text())
    return read


def columns(nodes: Nodes, model: str, sql: str) -> Columns:
    """The lineage of one model, from its compiled SQL."""
    from sqlglot import exp
    from sqlglot.lineage import lineage as trace

    parents = {_place(nodes[node]): node for node in nodes[model]["depends_on"]["nodes"] if node in nodes}
    schema: dict[str, dict[str, dict[str, dict[str, str]]]] = {}
    for (database, space, name), node in parents.items():
        declared = nodes[node]["columns"].values()
        tables = schema.setdefault(database, {}).setdefault(space, {})
        tables[name] = {column["name"]: column.get("data_type") or "varchar" for column in declared}
    traced = trace(None, sql, schema, dialect="duckdb")
    found: Columns = {}
    for column, node in traced.items():
        sources = ((step.source, step.name) for step in node.walk() if isinstance(step.source, exp.Table))
        leaves = {(parents[table.catalog, table.db, table.name], name.split(".")[-1]) for table, name in sources}
        found[column] = sorted(leaves)
    return found


def _place(node: Mapping[str, Any]) -> tuple[str, str, str]:
    return node["database"], node["schema"], node.get("alias") or node["identifier"]
