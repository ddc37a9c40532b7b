"""The house rules, checked on the source: which package may import which, and what code must not do.

Each rule is one test that loops over the files and lists every offender. Not here: rules about one package's insides.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from contracts import STREAMS

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOT = ROOT / "platform"

# The floors of the platform, top first: a package imports from its own floor and from those below it.
FLOORS = [{"definitions"}, {"sensors"}, {"assets"}, {"resources"}, {"lake"}, {"events"}, {"contracts", "partitions"}]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
# Python beside the platform, and the packages of ours that it may import. Nothing of the platform imports these.
BESIDE: dict[str, set[str]] = {
    "simulate": set(),
    "scripts": {"resources"},
    "demo": {"scripts", "simulate", *FLOOR},
    "bench": {"simulate", *FLOOR},
    "api": {"resources"},
    "dashboards": {"resources"},
}
# Folders that hold no code to import.
DATA = {"dbt", "docs", "infra", "queries", "tests"}


def visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith((".", "__")))


def package(path: Path) -> str:
    """The folder or module of ours that a file belongs to, by the name it is imported by."""
    first, *rest = path.relative_to(ROOT).parts
    return (rest[0] if first == "platform" else first).removesuffix(".py")


TOP = [path for path in visible(ROOT) if path.is_dir() or path.suffix == ".py"]
SOURCES = sorted(path for top in TOP if top.name not in DATA for path in (*top.rglob("*.py"), top) if path.is_file())
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SQL = sorted((ROOT / "dbt").rglob("*.sql"))


def of(*packages: str) -> list[Path]:
    """The source files of some packages."""
    return [path for path in SOURCES if package(path) in packages]


def assert_none(offenders: Iterable[str]) -> None:
    """Fail with a list of all offenders, one a line."""
    found = list(offenders)
    assert not found, "\n".join(["", *found])


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file imports, also inside functions; "." for a relative import."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module)


def imports(paths: Iterable[Path], *modules: str) -> list[str]:
    """Who imports one of some top-level modules."""
    return [f"{name_of(path)} imports {name}" for path in paths for name in imported(path) if head(name) in modules]


def head(module: str) -> str:
    return module.partition(".")[0]


def test_every_folder_has_a_place() -> None:
    """No rule holds for a folder that nobody has placed on a floor, beside the platform, or among the data."""
    known = {"platform", *FLOOR, *BESIDE, *DATA}
    found = [*TOP, *visible(SOURCE_ROOT)]
    assert_none(name_of(path) for path in found if path.name.removesuffix(".py") not in known)


def test_imports_only_go_down() -> None:
    """The core can be moved elsewhere and a resource replaced, because no package knows those above it."""
    allowed = {name: {below for below in FLOOR if FLOOR[below] >= floor} for name, floor in FLOOR.items()} | BESIDE
    ours = {*FLOOR, *BESIDE}
    assert_none(
        f"{name_of(path)} imports {target}"
        for path in SOURCES
        for target in imported(path)
        if head(target) in ours - allowed[package(path)] - {package(path)}
    )


def test_imports_are_absolute() -> None:
    """A reader sees from the import line which floor it goes to."""
    assert_none(name_of(path) for path in SOURCES if "." in imported(path))


def test_no_dagster_below_resources() -> None:
    """Contracts, events and lake run inside another engine's workers as they are."""
    assert_none(imports(of("contracts", "events", "lake"), "dagster", "dagster_dbt", "dagster_aws"))


def test_the_core_knows_no_storage() -> None:
    """Contracts and events are functions from data to data, so their tests need nothing but data."""
    core = [path for path in of("contracts", "events") if path.name != "code_cache.py"]  # it keeps compiled functions
    storage = ("pyiceberg", "boto3", "s3fs", "requests", "os", "pathlib", "snowflake", "dbt", "duckdb", "sqlalchemy")
    assert_none(imports(core, *storage))


def test_the_core_reads_no_clock() -> None:
    """A replay years later gives the same rows."""
    assert_none(attributes(of("contracts", "events"), "now", "utcnow", "today"))


def test_only_one_module_reads_the_environment() -> None:
    """A setting that is read elsewhere is missing from the table of deployments."""
    others = [path for path in of("simulate", *FLOOR) if name_of(path) != "platform/resources/environment.py"]
    assert_none(attributes(others, "environ", "getenv"))


def attributes(paths: Iterable[Path], *names: str) -> list[str]:
    """Where one of some attributes is used."""
    return [
        f"{name_of(path)}:{node.lineno} {node.attr}"
        for path in paths
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in names
    ]


def test_no_package_where_one_would_shadow() -> None:
    """A package named `platform`, `dbt` or `tests` would be found instead of the real one, and break every tool."""
    assert not (SOURCE_ROOT / "__init__.py").exists()
    assert_none(name_of(path) for name in ("tests", "dbt") for path in (ROOT / name).rglob("__init__.py"))


def literals(path: Path) -> Iterator[str]:
    """The texts in a file's code, without docstrings."""
    nodes = list(ast.walk(tree(path)))
    docs = {id(node.value) for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_stream_is_named_outside_its_contract() -> None:
    """One contract file adds a stream: code that knows a stream by name would have to be found and changed.

    A stream with the name of a package of ours counts only where it is the whole text.
    """
    names = {stream.name for stream in STREAMS}
    paths = [path for path in SOURCES if package(path) not in ("contracts", "simulate", "bench")]
    texts = [(path, text) for path in paths for text in literals(path)]
    found = [(path, part) for path, text in texts for part in re.split(r"[./_]", text) if part in names - {*FLOOR}]
    assert_none(f"{name_of(path)} names {part}" for path, part in [*found, *texts] if part in names)


def test_gold_reads_no_clock() -> None:
    """Gold is a function of silver: tomorrow the same events give the same figures."""
    clock = r"\bcurrent_(date|timestamp|time)\b|\b(now|getdate|sysdate|localtimestamp|today)\s*\(|run_started_at"
    comment = r"--[^\n]*|(?s:\{#.*?#\})"
    assert SQL
    assert_none(name_of(path) for path in SQL if re.search(clock, re.sub(comment, "", path.read_text().lower())))


def test_files_are_short() -> None:
    """A file of more than 300 lines is more than one thing."""
    lines = {name_of(path): len(path.read_text().splitlines()) for path in (*SOURCES, *TESTS, *SQL)}
    assert_none(f"{path} has {number} lines" for path, number in lines.items() if number > 300)


def test_functions_are_short() -> None:
    """Under 40 lines; under 60 where a function is compiled, or defines Dagster's assets, ops or sensors inside."""
    assert_none(
        f"{name_of(path)}:{node.lineno} {node.name} has {lines} lines"
        for path in (*SOURCES, *TESTS)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) >= (60 if may_be_longer(node) else 40)
    )


def may_be_longer(function: ast.FunctionDef) -> bool:
    """Whether a function is compiled or holds a Dagster definition."""
    nested = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function]
    defines = [ast.unparse(decorator) for node in nested for decorator in node.decorator_list]
    compiled = [ast.unparse(decorator) for decorator in function.decorator_list]
    return "compiled" in compiled or any(text.startswith(("dg.", "dbt_assets(")) for text in defines)
