"""dbt, run in this process with a manifest that is prepared ahead.

Belongs here: parsing the project when it has changed, running dbt, and what the manifest says about models. Not here:
how models become assets (`assets.gold`), and any SQL (`dbt/`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._utils.interrupts import raise_interrupts_as

from resources.model_code import Project

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
_FOLDERS = ("models", "macros", "tests", "seeds", "analyses")
_SOURCES = ("*.sql", "*.yml", "*.csv")
_LOCAL = "local"
_LOG = logging.getLogger(__name__)


class DbtFailed(Exception):
    """A dbt command failed; the message is dbt's."""


@dataclass(frozen=True)
class Mart:
    """A public model (`access: public`): its relation, and the types and descriptions of its columns.

    A model says by `meta: {large: true}` that it is too large to be copied at each release.
    """

    name: str  # the relation's, which may differ from the model's
    relation: str  # with database and schema
    types: Mapping[str, str]
    descriptions: Mapping[str, str]
    is_large: bool = False


@dataclass(frozen=True)
class NodeResult:
    """The result of one node: dbt's status, the relation (of models), failing rows (of tests), seconds and its SQL."""

    unique_id: str
    relation: str
    status: str
    message: str
    failures: int
    seconds: float
    sql: str = ""

    @property
    def passed(self) -> bool:
        return self.status in {"success", "pass"}


def output(target: str) -> dict[str, Any]:
    """A target of profiles.yml, unrendered: secrets are still calls of `env_var`."""
    profiles = yaml.safe_load((PROJECT / "profiles.yml").read_text())
    return dict(profiles["gold"]["outputs"][target])


def local(folder: Path) -> dict[str, Any]:
    """The target `local`, with its database files in a folder."""
    profile = output(_LOCAL)
    attached = [{**each, "path": _within(folder, each["path"])} for each in profile["attach"]]
    return {**profile, "path": _within(folder, profile["path"]), "attach": attached}


def _within(folder: Path, path: str) -> str:
    return str(folder / Path(path).name)


def manifest_path() -> Path:
    """The manifest from which assets are defined. It is the local target's. Raises `DbtFailed`."""
    return _prepared(output(_LOCAL)) / "manifest.json"


def is_prepared() -> bool:
    """Whether the manifest from which assets are defined has been made from the project as it is now."""
    return _folder(output(_LOCAL)).exists()


def _prepared(profile: Mapping[str, object]) -> Path:
    """The folder with the parsed project for an adapter, which is parsed if it is not there. Raises `DbtFailed`."""
    folder = _folder(profile)
    if not folder.exists():
        _parse(profile, folder)
    return folder


def _folder(profile: Mapping[str, object]) -> Path:
    """Where the parsed project is kept for an adapter.

    The name has a digest of the project's files and of dbt's versions, so that any change gives another folder.
    """
    sources = hashlib.sha256(json.dumps(_versions(str(profile["type"]))).encode())
    roots = ((PROJECT, "glob"), *((PROJECT / name, "rglob") for name in _FOLDERS))
    for path in sorted(path for root, find in roots for pattern in _SOURCES for path in getattr(root, find)(pattern)):
        content = path.read_bytes()
        sources.update(f"{path.relative_to(PROJECT)} {len(content)}\n".encode() + content)
    return PROJECT / "target" / f"{profile['type']}-{sources.hexdigest()[:16]}"


def _versions(adapter: str) -> dict[str, str]:
    """The versions of dbt and of an adapter of it."""
    return {name: version(name) for name in ("dbt-core", f"dbt-{adapter}")}


def _parse(profile: Mapping[str, object], folder: Path) -> None:
    """Parse in a temporary folder, rename that into place, and remove older ones."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as work:
        _write_profile(profile, Path(work))
        _invoke(profile, ["parse", "--no-partial-parse", *_paths(Path(work))], None)
        made = Path(work) / "made"
        made.mkdir()
        for name in ("partial_parse.msgpack", "manifest.json"):
            (Path(work) / name).rename(made / name)
        with contextlib.suppress(OSError):  # another process has parsed it meanwhile
            made.rename(folder)
    for older in folder.parent.glob(f"{profile['type']}-*"):
        if older != folder:
            shutil.rmtree(older, ignore_errors=True)


def project(profile: Mapping[str, object]) -> Project:
    """The project, parsed for a profile's adapter. Raises `DbtFailed`."""
    return _project(_prepared(profile), str(profile["type"]))


@cache
def _project(prepared: Path, adapter: str) -> Project:
    manifest = json.loads((prepared / "manifest.json").read_text())
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())
    variables = {**declared["vars"], **declared["vars"].get(declared["name"], {})}
    return Project(manifest, variables, _versions(adapter))


def build(
    profile: Mapping[str, object],
    work: Path,
    variables: Mapping[str, object],
    models: Sequence[str] | None,
    others_are_current: bool = False,
) -> list[NodeResult]:
    """Build models (all for None) and run their data tests in one invocation; the result of each node.

    A test that also reads another model is left out, unless that model is upstream: it may not exist yet, or be older.
    If `others_are_current`, it runs as well. `work` is a folder for dbt's own files. Raises `DbtFailed` if dbt fails
    before it runs any node.
    """
    indirect = "eager" if others_are_current else "buildable"
    selection = ["--select", *models, "--indirect-selection", indirect] if models else []
    return _run(profile, work, variables, ["build", *selection])


def test(profile: Mapping[str, object], work: Path, tests: Sequence[str] | None) -> list[NodeResult]:
    """Run data tests (all for None) on all rows of the tables as they are. Raises `DbtFailed`."""
    return _run(profile, work, {}, ["test", *(["--select", *tests] if tests else [])])


def _run(
    profile: Mapping[str, object], work: Path, variables: Mapping[str, object], command: Sequence[str]
) -> list[NodeResult]:
    from dbt.contracts.graph.manifest import Manifest

    prepared = _prepared(profile)
    work.mkdir(parents=True, exist_ok=True)
    _write_profile(profile, work)
    options = ["--exclude-resource-type", "unit_test", "--vars", json.dumps(dict(variables))]
    manifest = Manifest.from_msgpack((prepared / "partial_parse.msgpack").read_bytes())
    # Nobody reads dbt's JSON files, and writing them takes a tenth of a small run.
    result = _invoke(profile, [*command, *options, "--no-write-json", *_paths(work)], manifest)
    return [
        NodeResult(
            unique_id=each.node.unique_id,
            relation=each.node.relation_name or "",
            status=str(each.status),
            message=each.message or "",
            failures=each.failures or 0,
            seconds=each.execution_time,
            sql=getattr(each.node, "compiled_code", None) or "",
        )
        for each in result.results
    ]


def compiled() -> dict[str, str]:
    """The SQL of each model by unique id, for a build from scratch on DuckDB. Raises `DbtFailed`."""
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
    """The schemas of the public models."""
    return {node["schema"] for node in _public(profile)}


def marts(profile: Mapping[str, object]) -> dict[str, Mart]:
    """The public models of a target, by the name of their relation."""
    return {
        node["alias"]: Mart(
            name=node["alias"],
            relation=node["relation_name"],
            types={name: column["data_type"] for name, column in node["columns"].items()},
            descriptions={name: column["description"] for name, column in node["columns"].items()},
            is_large=node["config"]["meta"].get("large", False),
        )
        for node in _public(profile)
    }


def mart_names() -> list[str]:
    """The names of all marts, sorted. They are the same on every target."""
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
        *("--log-level-file", "none"),  # writing the log file takes a tenth of a small run
        "--quiet",
    ]


def _log_finished(event: Any) -> None:
    """Log the unique id of a node that dbt has finished, for those who watch a build."""
    if event.info.name == "NodeFinished":
        _LOG.info(event.data.node_info.unique_id)


def _invoke(profile: Mapping[str, object], arguments: list[str], manifest: Manifest | None) -> Any:
    from dbt.adapters.factory import get_adapter_class_by_name
    from dbt.cli.main import dbtRunner

    runner: Callable[[list[str]], Any] = dbtRunner(manifest=manifest, callbacks=[_log_finished]).invoke
    with raise_interrupts_as(KeyboardInterrupt):  # for this one dbt stops its threads
        outcome = runner(arguments)
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise DagsterExecutionInterruptedError from outcome.exception
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    connections = get_adapter_class_by_name(str(profile["type"])).ConnectionManager
    if close := getattr(connections, "close_all_connections", None):
        close()  # dbt-duckdb keeps the database open between models, and so would keep other processes out
    return outcome.result
