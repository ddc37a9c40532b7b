"""One name for one thing: no public name of a package means different things in two of its modules."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

PLATFORM = Path(__file__).resolve().parents[2] / "platform"
PACKAGES = sorted({path.parent for path in PLATFORM.rglob("*.py")})
ENTRY_POINT = "main"  # what `python -m` runs


def defined(path: Path) -> Iterator[str]:
    """The functions, classes, constants and type aliases that a module defines; what it imports is another's."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            yield from (
                name.id for name in ast.walk(target) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            )


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_public_name_is_defined_once_in_a_package(package: Path) -> None:
    """A reader who knows a name from one module reads it right in the next one."""
    modules = defaultdict(set)
    for path in package.glob("*.py"):
        for name in defined(path):
            if not name.startswith("_") and name != ENTRY_POINT:
                modules[name].add(path.stem)
    assert {name: sorted(found) for name, found in modules.items() if len(found) > 1} == {}
