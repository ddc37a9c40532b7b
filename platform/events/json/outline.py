"""Single JSON documents read by Python's own parser, for the few that people or slow paths look at.

Belongs here: structure and nesting of one document. Not here: whole batches (`scanner`).
"""

from __future__ import annotations

import json
import re
from typing import Any

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def outline(raw: str) -> Any:
    """A JSON document as Python objects with zeros for numbers; the first of duplicate keys wins. Raises `ValueError`.

    The digits are left out because Python cannot hold every number.
    """

    def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    return json.loads(raw, parse_float=lambda _: 0.0, parse_int=lambda _: 0, object_pairs_hook=first_wins)


def nests_deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests deeper than `levels`. For most texts, counting brackets is enough."""
    return text.count("{") + text.count("[") > levels and nesting(text.encode()) > levels


def nesting(raw: bytes) -> int:
    """The depth to which a JSON text nests objects and arrays."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", raw):
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest
