"""Model code: a digest of everything that decides what the rows of a dbt model are.

Belongs here: computing digests from dbt's manifest, and reading the digests that the warehouse notes beside its tables.
Not here: rebuilding a table that other code made (`dbt/macros/model_code.sql`), and when gold runs (`assets.gold`).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import Environment

from resources.warehouse.protocol import Warehouse

NOTE = "__dbt_code"  # suffix of the view with a table's digest, as in dbt/macros/model_code.sql
RUN_VARS = frozenset({"event_dates", "dates_with_new_rows", "hours_of_new_rows", "code"})
"""Variables that say which rows a run makes. They do not change what a row is, so no digest covers them."""
_ROW_CONFIG = ("materialized", "incremental_strategy", "contract", "column_types", "dist", "sort", "sort_type")
_ONLY_SHOWN = ("dagster", "headline", "preview")  # the parts of a model's meta that no row depends on
_TABLES = ("model", "seed")
_JINJA = Environment()

Node = Mapping[str, Any]
Digests = Mapping[str, str]


@dataclass(frozen=True)
class Project:
    """The parsed dbt project: its manifest, the values of its variables, and the versions of dbt and the adapter."""

    manifest: Mapping[str, Any]
    variables: Mapping[str, Any]
    versions: Mapping[str, str]

    def digests(self, given: Mapping[str, Any]) -> dict[str, str]:
        """The digest of each model and seed, by unique id. `given` are variables of one run.

        A digest covers the node's own SQL or data, its columns, its configuration, the macros it may call, the
        variables that all of these may read, the digests of its parents, and the versions of dbt and its adapter.
        """
        values = {name: value for name, value in {**self.variables, **given}.items() if name not in RUN_VARS}
        found: dict[str, str] = {}

        def digest(unique_id: str) -> str:
            if unique_id not in found:
                node = self._node(unique_id)
                parents = {parent: digest(parent) for parent in _parents(node)}
                found[unique_id] = _hash([self._own(node, values), parents])
            return found[unique_id]

        return {name: digest(name) for name, node in self.manifest["nodes"].items() if node["resource_type"] in _TABLES}

    @cached_property
    def present(self) -> dict[str, str]:
        """The digests with the project's own variables."""
        return self.digests({})

    @cached_property
    def version(self) -> str:
        """One hash of the code of all models and seeds."""
        return _hash(self.present)

    def behind(self, other_code: Collection[str], built: Collection[str]) -> set[str]:
        """The nodes of `other_code` that a run of `built` leaves with rows of other code, their own or a parent's."""
        nodes: Mapping[str, Node] = self.manifest["nodes"]
        found: dict[str, bool] = {}

        def is_behind(unique_id: str) -> bool:
            if unique_id not in found:
                left = unique_id in other_code and unique_id not in built
                found[unique_id] = left or any(
                    is_behind(parent) for parent in _parents(nodes[unique_id]) if parent in nodes
                )
            return found[unique_id]

        return {unique_id for unique_id in other_code if is_behind(unique_id)}

    def _node(self, unique_id: str) -> Node:
        node: Node = self.manifest["nodes"].get(unique_id) or self.manifest["sources"][unique_id]
        return node

    def _own(self, node: Node, values: Mapping[str, Any]) -> object:
        """Everything that a node's digest covers, except its parents' digests."""
        config = node.get("config", {})
        strategy = f"get_incremental_{config.get('incremental_strategy')}_sql"
        code = _References.of(node.get("raw_code") or "")
        for hook in (*config.get("pre-hook", ()), *config.get("post-hook", ())):
            code |= _References.of(hook["sql"])
        called = self._reached(code.names | {strategy} | self._overrides)
        for name in called:
            code |= self._macros[name]
        return {
            "sql": node.get("raw_code"),
            "data": node["checksum"] if node["resource_type"] == "seed" else None,
            "place": [node["schema"], node.get("alias") or node.get("identifier")],
            "columns": [] if node["resource_type"] == "source" else _columns(node),
            "config": {name: config.get(name) for name in _ROW_CONFIG},
            "meta": {name: value for name, value in config.get("meta", {}).items() if name not in _ONLY_SHOWN},
            "macros": {name: self._macro_texts[name] for name in sorted(called)},
            "variables": {name: value for name, value in values.items() if code.any_variable or name in code.variables},
            "versions": self.versions,
        }

    @cached_property
    def _macro_texts(self) -> dict[str, list[str]]:
        """The texts of the project's own macros, by the name that code calls: `x` has `x` and `default__x`."""
        project = self.manifest["metadata"]["project_name"]
        texts = defaultdict(list)
        for _, macro in sorted(self.manifest["macros"].items()):
            if macro["package_name"] == project:
                texts[_called(macro["name"])].append(macro["macro_sql"])
        return dict(texts)

    @cached_property
    def _macros(self) -> dict[str, _References]:
        return {name: _References.of("\n".join(texts)) for name, texts in self._macro_texts.items()}

    @cached_property
    def _overrides(self) -> frozenset[str]:
        """The project's macros that replace macros of dbt, which dbt may call for any model."""
        project = self.manifest["metadata"]["project_name"]
        others = (macro for macro in self.manifest["macros"].values() if macro["package_name"] != project)
        return frozenset(_called(macro["name"]) for macro in others) & self._macro_texts.keys()

    def _reached(self, names: Collection[str]) -> set[str]:
        """The project's macros among some names, with all macros that these may call."""
        found: set[str] = set()
        waiting = set(names) & self._macro_texts.keys()
        while waiting:
            found |= waiting
            waiting = {name for each in waiting for name in self._macros[each].names} & self._macro_texts.keys() - found
        return found


@dataclass(frozen=True)
class _References:
    """What Jinja code may refer to: all its names and texts, and the variables it reads.

    `any_variable`: it computes the name of a variable, so it may read any variable.
    """

    names: frozenset[str]
    variables: frozenset[str]
    any_variable: bool = False

    @classmethod
    def of(cls, text: str) -> _References:
        """Read all tokens of all branches. dbt's own list of macros lacks those that only incremental runs call."""
        tokens = list(_tokens(text))
        calls = [index for index, token in enumerate(tokens[:-2]) if token == ("name", "var")]
        arguments = [tokens[index + 2] for index in calls if tokens[index + 1] == ("operator", "(")]
        return cls(
            frozenset(_called(value) for kind, value in tokens if kind in ("name", "string")),
            frozenset(value for kind, value in arguments if kind == "string"),
            any(kind != "string" for kind, _ in arguments),
        )

    def __or__(self, other: _References) -> _References:
        return _References(
            self.names | other.names, self.variables | other.variables, self.any_variable or other.any_variable
        )


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of Jinja code in a text, also of code inside string literals, such as hooks."""
    for _, kind, value in _JINJA.lex(text):
        if kind == "string":
            inner = value[1:-1]
            yield kind, inner
            if "{{" in inner or "{%" in inner:
                yield from _tokens(inner)
        elif kind in ("name", "operator"):
            yield kind, value


def _called(name: str) -> str:
    """The name that code calls a macro by: for `x`, dbt picks `<adapter>__x` or `default__x`."""
    return name.split("__", 1)[-1]


def _parents(node: Node) -> list[str]:
    return sorted(node.get("depends_on", {}).get("nodes", ()))


def _columns(node: Node) -> list[list[object]]:
    return [[name, column.get("data_type"), column.get("constraints")] for name, column in node["columns"].items()]


def _hash(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class TableCode:
    """The code that made a warehouse's tables, and the code that a run of the nodes `built` makes them with."""

    project: Project
    noted: Digests  # before the run
    given: Mapping[str, Any]  # the run's variables on which rows depend
    built: Collection[str]

    @cached_property
    def wanted(self) -> Digests:
        return self.project.digests(self.given)

    @cached_property
    def notes(self) -> Digests:
        """The digests that dbt notes for nodes whose tables other code made: dbt rebuilds these from scratch.

        The digest is empty if a parent keeps rows of other code. Then the next full run rebuilds the node again.
        """
        other = {name for name, digest in self.wanted.items() if self.noted.get(name) != digest}
        behind = self.project.behind(other, self.built)
        return {name: "" if name in behind else self.wanted[name] for name in other}

    def released(self) -> str:
        """The version of the code that made the tables, after the run.

        It is the project's version if present code made all of them, also if rows are as of a given date.
        """
        made = {**self.noted, **{name: note for name, note in self.notes.items() if name in self.built}}
        same = {name for name, digest in self.wanted.items() if made.get(name) == digest}
        present = self.project.present.items()
        return _hash({name: digest if name in same else made.get(name, "") for name, digest in present})


def table_code(project: Project, warehouse: Warehouse, given: Mapping[str, Any], built: Collection[str]) -> TableCode:
    """Read the digests that a warehouse notes beside its tables, for a run of the nodes `built`."""
    return TableCode(project, _noted(warehouse, project.manifest), given, built)


def _noted(warehouse: Warehouse, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The noted digest of each table that has one, by unique id."""
    listed = warehouse.query(
        "SELECT table_catalog, table_schema, table_name FROM information_schema.views "
        f"WHERE lower(table_name) LIKE '%{NOTE}'"
    )
    notes = {(schema.lower(), name.lower()): f"{database}.{schema}.{name}" for database, schema, name in listed}
    queries = []
    for unique_id, node in manifest["nodes"].items():
        relation = notes.get((node["schema"].lower(), f"{node.get('alias')}{NOTE}".lower()))
        if relation:
            queries.append(f"SELECT '{unique_id}', code FROM {relation}")
    return dict(tuple(row) for row in warehouse.query(" UNION ALL ".join(queries))) if queries else {}
