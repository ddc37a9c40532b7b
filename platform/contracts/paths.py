r"""Paths to the fields of a record: names with dots between them, such as `customer.email`.

Belongs here: taking a path apart. A dot that is part of a name has a backslash before it: `Order No\.`. Not here:
finding the fields (`events.json`).
"""

from __future__ import annotations

import re

_DOT = re.compile(r"(?<!\\)\.")


def parts_of(path: str) -> list[str]:
    """The parts of a path, still with their backslashes."""
    return _DOT.split(path)


def names_of_path(path: str) -> list[str]:
    """The names on a path, from the outside in."""
    return [part.replace("\\.", ".") for part in parts_of(path)]
