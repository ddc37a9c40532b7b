"""dbt, run in this process with a manifest prepared ahead.

Belongs here: parsing when the project has changed, and one invocation for a run. Not here: which models are which
assets (`assets.gold`), or any SQL (`dbt/`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from resources.model_code import Project

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
_FOLDERS = ("models", "macros", "tests", "seeds", "analyses")
_SOURCES = ("*.sql", "*.yml", "*.csv")
_LOCAL = "local"


class DbtFailed(Exception):
    """dbt could not do what it was asked; the message is dbt's."""


@dataclass(frozen=True)
class Mart:
    """A model that readers may rely on: its relation, and the types and descriptions of its columns."""

    name: str  # of the relation, which is not always the model's
    relation: str  # with database and schema
    types: Mapping[str, str]
    descriptions: Mapping[str, str]


@dataclass(frozen=True)
class NodeResult:
    """What became of one node: `status` as dbt says it, its relation (models), rows failing (tests), seconds."""

    unique_id: str
    relation: str
    status: str
    message: str
    failures: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.status in {"success", "pass"}


def output(target: str) -> dict[str, Any]:
    """A target of the project's profiles.yml as it stands there: secrets are names of environment variables."""
    profiles = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    return dict(profiles["gold"]["outputs"][target])


def local(folder: Path) -> dict[str, Any]:
    """The target of a laptop, with its database files in a folder."""
    profile = output(_LOCAL)
    attached = [{**each, "path": _within(folder, each["path"])} for each in profile["attach"]]
    return {**profile, "path": _within(folder, profile["path"]), "attach": attached}


def _within(folder: Path, path: str) -> str:
    return str(folder / Path(path).name)


def manifest_path() -> Path:
    """The manifest that asset definitions are made from, which is the same for every target. Raises `DbtFailed`."""
    return _prepared(output(_LOCAL)) / "manifest.json"


def _prepared(profile: Mapping[str, object]) -> Path:
    """The folder of what parsing gives for a kind of warehouse. It is named by what it was made from, so that it is
    made anew when a file of the project or a version of dbt differs, whatever the files' times are.

    The macros in it are those of the adapter. Raises `DbtFailed`.
    """
    sources = hashlib.sha256(json.dumps(_versions(str(profile["type"]))).encode())
    roots = ((PROJECT, "glob"), *((PROJECT / name, "rglob") for name in _FOLDERS))
    for path in sorted(path for root, find in roots for pattern in _SOURCES for path in getattr(root, find)(pattern)):
        content = path.read_bytes()
        sources.update(f"{path.relative_to(PROJECT)} {len(content)}\n".encode() + content)
    folder = PROJECT / "target" / f"{profile['type']}-{sources.hexdigest()[:16]}"
    if not folder.exists():
        _parse(profile, folder)
    return folder


def _versions(adapter: str) -> dict[str, str]:
    """The versions of dbt and of an adapter of it."""
    return {name: version(name) for name in ("dbt-core", f"dbt-{adapter}")}


def _parse(profile: Mapping[str, object], folder: Path) -> None:
    """Parse in a temporary folder, move it into place whole, and remove those before it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        _write_profile(profile, Path(work))
        _invoke(profile, ["parse", "--no-partial-parse", *_paths(Path(work))], None)
        made = Path(work) / "made"
        made.mkdir()
        for name in ("partial_parse.msgpack", "manifest.json"):
            (Path(work) / name).rename(made / name)
        with contextlib.suppress(OSError):  # another process was faster
            made.rename(folder)
    for older in folder.parent.glob(f"{profile['type']}-*"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)


def project(profile: Mapping[str, object]) -> Project:
    """The project as parsed for a kind of warehouse. Raises `DbtFailed`."""
    return _project(_prepared(profile), str(profile["type"]))


@cache
def _project(prepared: Path, adapter: str) -> Project:
    manifest = json.loads((prepared / "manifest.json").read_text())
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    variables = {**declared["vars"], **declared["vars"].get(declared["name"], {})}
    return Project(manifest, variables, _versions(adapter))


def build(
    profile: Mapping[str, object], work: Path, variables: Mapping[str, object], models: Sequence[str] | None
) -> list[NodeResult]:
    """Build models (all by default) and run their data tests, in one invocation; what became of each.

    `work` is for dbt's own files. Raises `DbtFailed` when dbt did not get as far as running them.
    """
    from dbt.contracts.graph.manifest import Manifest

    prepared = _prepared(profile)
    work.mkdir(parents=True, exist_ok=True)
    _write_profile(profile, work)
    command = ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(dict(variables))]
    selection = ["--select", *models] if models else []
    manifest = Manifest.from_msgpack((prepared / "partial_parse.msgpack").read_bytes())
    result = _invoke(profile, [*command, *selection, *_paths(work)], manifest)
    return [
        NodeResult(
            unique_id=each.node.unique_id,
            relation=each.node.relation_name or "",
            status=str(each.status),
            message=each.message or "",
            failures=each.failures or 0,
            seconds=each.execution_time,
        )
        for each in result.results
    ]


def compiled() -> dict[str, str]:
    """The SQL of every model (by unique id) as it is without any table yet, in DuckDB's dialect. Raises `DbtFailed`."""
    from dbt.contracts.graph.manifest import Manifest

    prepared = _prepared(output(_LOCAL))
    manifest = Manifest.from_msgpack((prepared / "partial_parse.msgpack").read_bytes())
    with tempfile.TemporaryDirectory(dir=prepared.parent) as folder:
        profile = local(Path(folder))
        _write_profile(profile, Path(folder))
        selection = ["--select", "path:models", "--exclude", "resource_type:test", "resource_type:unit_test"]
        result = _invoke(profile, ["compile", *selection, *_paths(Path(folder))], manifest)
    return {node.node.unique_id: node.node.compiled_code for node in result.results}


def public_schemas(profile: Mapping[str, object]) -> set[str]:
    """The schemas of the models that readers may rely on, those whose access dbt calls public."""
    return {node["schema"] for node in _public(profile)}


def marts(profile: Mapping[str, object]) -> dict[str, Mart]:
    """The public models by name, as a target has them."""
    return {
        node["alias"]: Mart(
            name=node["alias"],
            relation=node["relation_name"],
            types={name: column["data_type"] for name, column in node["columns"].items()},
            descriptions={name: column["description"] for name, column in node["columns"].items()},
        )
        for node in _public(profile)
    }


def mart_names() -> list[str]:
    """The names of all public models, which are the same for every target."""
    return sorted(marts(output(_LOCAL)))


def _public(profile: Mapping[str, object]) -> list[dict[str, Any]]:
    return [node for node in project(profile).manifest["nodes"].values() if node.get("access") == "public"]


def _write_profile(profile: Mapping[str, object], folder: Path) -> None:
    profiles = {"gold": {"target": "run", "outputs": {"run": dict(profile)}}}
    (folder / "profiles.yml").write_text(json.dumps(profiles))


def _paths(work: Path) -> list[str]:
    return [
        *("--project-dir", str(PROJECT)),
        *("--profiles-dir", str(work)),
        *("--target-path", str(work)),
        *("--log-path", str(work / "logs")),
        *("--log-level-file", "none"),  # writing it takes a tenth of a small run
        "--quiet",
    ]


def _invoke(profile: Mapping[str, object], arguments: list[str], manifest: Manifest | None) -> Any:
    from dbt.adapters.factory import get_adapter_class_by_name
    from dbt.cli.main import dbtRunner

    runner: Callable[[list[str]], Any] = dbtRunner(manifest=manifest).invoke
    outcome = runner(arguments)
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    connections = get_adapter_class_by_name(str(profile["type"])).ConnectionManager
    if close := getattr(connections, "close_all_connections", None):
        close()  # an adapter that keeps its database open from model to model would keep others out for good
    return outcome.result
