"""The house's rules, read from the source: which floor may import which, and what must be nowhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts import STREAMS

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "platform"
SOURCES = sorted(PLATFORM.rglob("*.py"))
BESIDE = [
    ROOT / "demo.py",
    *(path for name in ("simulate", "bench", "tests") for path in sorted((ROOT / name).rglob("*.py"))),
]
FLOORS = [{"definitions"}, {"sensors"}, {"assets"}, {"resources"}, {"lake"}, {"events"}, {"contracts", "partitions"}]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
DBT_SQL = [path for folder in ("models", "macros", "tests") for path in sorted((ROOT / "dbt" / folder).rglob("*.sql"))]


def module(path: Path) -> str:
    return path.relative_to(PLATFORM).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)


@pytest.mark.parametrize("path", [path for path in SOURCES if module(path) in FLOOR], ids=name_of)
def test_imports_only_go_down(path: Path) -> None:
    """The pure core can be lifted out, and a resource swapped, because nothing below knows what is above."""
    mine = FLOOR[module(path)]
    for target in imported(ast.parse(path.read_text())):
        assert target != ".", "imports are absolute"
        assert FLOOR.get(target.split(".")[0], mine) >= mine, f"{target} is above {name_of(path)}"
        assert target.split(".")[0] not in ("simulate", "demo"), "production code needs no simulator"


def test_the_simulator_imports_nothing_of_the_platform() -> None:
    """Its truth would prove nothing if the code under test had computed it."""
    for path in sorted((ROOT / "simulate").rglob("*.py")):
        found = {target.split(".")[0] for target in imported(ast.parse(path.read_text()))}
        assert not found & {module(source) for source in SOURCES}, name_of(path)


STORAGE = {"dagster", "dagster_dbt", "pyiceberg", "boto3", "s3fs", "requests", "os", "pathlib", "snowflake", "dbt"}


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if module(p) in ("contracts", "events") and p.name != "code_cache.py"],  # files of machine code
    ids=name_of,
)
def test_the_core_knows_no_orchestrator_and_no_storage(path: Path) -> None:
    """So that it runs inside another engine's workers as it is, and its tests need nothing but data."""
    found = {target.split(".")[0] for target in imported(ast.parse(path.read_text()))}
    assert not found & STORAGE


def clock_reads(tree: ast.AST) -> list[str]:
    return [n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ("now", "utcnow", "today")]


@pytest.mark.parametrize("path", [p for p in SOURCES if module(p) in ("contracts", "events")], ids=name_of)
def test_the_core_reads_no_clock(path: Path) -> None:
    """A replay years later has to give the same rows."""
    assert clock_reads(ast.parse(path.read_text())) == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_one_module_reads_the_environment(path: Path) -> None:
    """A setting read elsewhere is one that no table of deployments shows."""
    attributes = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    allowed = name_of(path) == "platform/resources/environment.py"
    assert allowed or not attributes & {"environ", "getenv"}


@pytest.mark.parametrize("folder", ["tests", "dbt"])
def test_no_package_where_one_would_shadow(folder: str) -> None:
    """A package named `tests` or `dbt` at the root is found before the real one."""
    assert list((ROOT / folder).rglob("__init__.py")) == []


def test_the_source_root_is_no_package() -> None:
    """`platform` is a module of the standard library: as a package of ours it would break every tool."""
    assert not (PLATFORM / "__init__.py").exists()


def literals(tree: ast.AST) -> Iterator[str]:
    """Texts of code, without docstrings."""
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


@pytest.mark.parametrize("path", [path for path in SOURCES if module(path) != "contracts"], ids=name_of)
def test_no_stream_is_named_outside_its_contract(path: Path) -> None:
    """One contract file adds a stream: code that knows one by name would have to be found and changed."""
    names = {stream.name for stream in STREAMS}
    found = {part for text in literals(ast.parse(path.read_text())) for part in re.split(r"[./_]", text)}
    assert not found & names


@pytest.mark.parametrize("path", DBT_SQL, ids=name_of)
def test_gold_reads_no_clock(path: Path) -> None:
    """Gold is a function of silver: run tomorrow on the same events it has to give the same figures."""
    text = re.sub(r"--[^\n]*|(?s:\{#.*?#\})", "", path.read_text().lower())
    assert not re.search(
        r"\bcurrent_(date|timestamp|time)\b|\b(now|getdate|sysdate|localtimestamp|today)\s*\(|run_started_at", text
    )


@pytest.mark.parametrize("path", [*SOURCES, *BESIDE], ids=name_of)
def test_files_can_be_read_in_one_go(path: Path) -> None:
    """What is longer than 300 lines is more than one thing."""
    assert len(path.read_text().splitlines()) <= 300
