"""Fields of JSON objects that nobody has declared, by path and type.

Belongs here: comparing a parsed document with the known paths. Not here: which documents are looked at (`extraction`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contracts.paths import names_of_path
from events.display import without_surrogates

_TYPES = {str: "text", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


def known_tree(paths: Iterable[str]) -> dict[str, Any]:
    """The known dotted paths as nested mappings; `[]` in a path stands for each element of an array.

    Everything below the end of a path is known.
    """
    root: dict[str, Any] = {}
    for path in paths:
        node = root
        for name in names_of_path(path):
            node = node.setdefault(name, {})
    return root


def unknown_fields(value: Any, known: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """The paths and JSON types of a value's fields that are not in the tree."""
    if isinstance(value, list) and "[]" in known:
        for element in value:
            yield from unknown_fields(element, known["[]"], f"{path}[]")
    if isinstance(value, dict) and "[]" not in known:
        for name in value.keys() - known.keys():
            yield without_surrogates(f"{path}.{name}" if path else name), _type_of(value[name])
        for name, below in known.items():
            if below and isinstance(inner := value.get(name), dict | list):
                yield from unknown_fields(inner, below, f"{path}.{name}" if path else name)


def _type_of(value: Any) -> str:
    return "null" if value is None else _TYPES[type(value)]
