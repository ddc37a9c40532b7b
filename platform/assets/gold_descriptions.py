"""Descriptions of gold's assets and checks, in Markdown, from dbt's manifest.

Belongs here: what the manifest knows in words: where a model comes from, what its tests promise, how to rebuild it. Not
here: what a model's rows are, which its YAML file says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assets.headline import headlines

Node = Mapping[str, Any]
_DATES = (
    "Materialize some event dates, or launch a backfill, to rebuild all their rows. The job `gold` rebuilds by itself "
    "what changed in silver."
)
_PEOPLE = "The job `gold` rebuilds the people whom new events concern, and everybody if rows have left silver."
_ALL = "Every run of the job `gold` builds the whole table."
_VIEW = "A view: it shows silver's rows as they are, and is created again by every run of the job `gold`."
_SEED = "A file in the code. The job `gold` loads it again when it has changed."
_AS_OF = "For figures as of an earlier date, launch `gold` with `as_of` in its run config."
_DOCS = "`docs/metrics.md` defines the figures; `docs/operations.md` says how to rebuild gold."


def describe_model(node: Node, parents: Sequence[str], tests: Sequence[Node]) -> str:
    """The description of a model or seed, from the assets that it is made from, and its data tests."""
    numbers = [f"**{each.name}**{f' by {each.by}' if each.by else ''}: {each.description}" for each in headlines(node)]
    code = node["raw_code"].strip()
    sections = {
        "Headline numbers": _bullets(numbers),
        "Checks": _bullets(map(promise, tests)),
        "Comes from": ", ".join(f"`{parent}`" for parent in parents),
        "Rebuild": "\n\n".join(_rebuild(node)),
        "SQL": f"`dbt/{node['original_file_path']}`\n\n```sql\n{code}\n```" if code else "",
    }
    return "\n\n".join(
        [node["description"].strip(), *(f"#### {title}\n\n{text}" for title, text in sections.items() if text)]
    )


def promise(test: Node) -> str:
    """What a data test promises, in words."""
    metadata = test.get("test_metadata") or {}
    given = {**metadata.get("kwargs", {}), "column": f"`{test.get('column_name')}`"}
    text = _promise(metadata.get("name", ""), given) or test["name"].replace("_", " ")
    where = test["config"].get("where")
    return f"{text}; a run looks only at what it rebuilt" if where else text


def _promise(kind: str, given: Mapping[str, Any]) -> str:
    column = given["column"]
    match kind:
        case "unique":
            return f"{column} is unique"
        case "not_null":
            return f"{column} is never null"
        case "accepted_values":
            return f"{column} is one of {_codes(given['values'])}"
        case "relationships":
            other = str(given["to"]).removeprefix("ref('").removesuffix("')")
            return f"each {column} is in `{other}.{given['field']}`"
        case "unique_grain":
            return f"one row for each {_codes(given['columns'])}"
        case "expression_is_true":
            return f"`{given['expression']}` holds"
    return kind.replace("_", " ")


def _rebuild(node: Node) -> Iterator[str]:
    if node["resource_type"] == "seed":
        yield _SEED
        return
    rule = node["config"].get("meta", {}).get("rebuild")
    if rule:
        yield _PEOPLE if rule["by"] == "person" else _DATES
    else:
        yield _VIEW if node["config"]["materialized"] == "view" else _ALL
    yield f"{_AS_OF} {_DOCS}"


def _codes(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)
