"""dbt, run in this process with a manifest prepared ahead.

Belongs here: parsing when the project has changed, and one invocation for a run. Not here: which models are which
assets (`assets.gold`), or any SQL (`dbt/`).
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

PROJECT = Path(__file__).resolve().parents[2] / "dbt"
_PREPARED = PROJECT / "target"
_SOURCES = ("*.sql", "*.yml", "*.csv")


class DbtFailed(Exception):
    """dbt could not do what it was asked; the message is dbt's."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test: `status` as dbt says it, rows failing (tests), seconds."""

    unique_id: str
    status: str
    message: str
    failures: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.status in {"success", "pass"}


def manifest_path() -> Path:
    """The project's manifest, parsed anew when a file of the project is newer than it. Raises `DbtFailed`."""
    path = _PREPARED / "manifest.json"
    newest = max(
        file.stat().st_mtime
        for pattern in _SOURCES
        for folder in (PROJECT / "models", PROJECT / "macros", PROJECT / "tests", PROJECT)
        for file in (folder.rglob(pattern) if folder != PROJECT else folder.glob(pattern))
    )
    if not path.exists() or path.stat().st_mtime < newest:
        _parse()
    return path


def _parse() -> None:
    """Parse into a folder of its own and move the two files into place, as another process may read them."""
    _PREPARED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_PREPARED) as folder:
        _invoke(["parse", "--no-partial-parse", *_paths(Path(folder), PROJECT)], None)
        for name in ("partial_parse.msgpack", "manifest.json"):
            os.replace(Path(folder) / name, _PREPARED / name)


def build(
    profile: Mapping[str, object], work: Path, variables: Mapping[str, object], models: Sequence[str] | None
) -> list[NodeResult]:
    """Build models (all by default) and run their data tests, in one invocation; what became of each.

    `work` is for dbt's own files. Raises `DbtFailed` when dbt did not get as far as running them.
    """
    from dbt.contracts.graph.manifest import Manifest

    manifest_path()
    work.mkdir(parents=True, exist_ok=True)
    profiles = {"gold": {"target": "run", "outputs": {"run": dict(profile)}}}
    (work / "profiles.yml").write_text(json.dumps(profiles))
    command = ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(dict(variables))]
    selection = ["--select", *models] if models else []
    manifest = Manifest.from_msgpack((_PREPARED / "partial_parse.msgpack").read_bytes())
    result = _invoke([*command, *selection, *_paths(work, work)], manifest)
    return [
        NodeResult(node.node.unique_id, str(node.status), node.message or "", node.failures or 0, node.execution_time)
        for node in result.results
    ]


def _paths(work: Path, profiles: Path) -> list[str]:
    folders = {"project": PROJECT, "profiles": profiles}
    return [
        *(argument for name, folder in folders.items() for argument in (f"--{name}-dir", str(folder))),
        *("--target-path", str(work)),
        *("--log-path", str(work / "logs")),
        "--quiet",
    ]


def _invoke(arguments: list[str], manifest: Manifest | None) -> Any:
    from dbt.cli.main import dbtRunner

    runner: Callable[[list[str]], Any] = dbtRunner(manifest=manifest).invoke
    outcome = runner(arguments)
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    return outcome.result
