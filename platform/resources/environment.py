"""The deployments: which resources the platform runs on, and the only place that reads the environment.

Belongs here: the table of deployments and the settings. Everything is a function, called when a run or a sensor
needs the resource, never at import.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dagster as dg

from contracts.stream import Stream

DEVELOPMENT_KEY = "development"
Log = logging.Logger
Factory = Callable[[Sequence[Stream], Log], Any]


class Misconfigured(Exception):
    """A setting that cannot be used; the message names it."""


def deployment() -> str:
    """The deployment's name. Raises `Misconfigured` for one that `DEPLOYMENTS` does not list."""
    name = os.environ.get("DEPLOYMENT", "local")
    if name not in DEPLOYMENTS:
        raise Misconfigured(f"DEPLOYMENT={name!r} is unknown; there are: {', '.join(sorted(DEPLOYMENTS))}")
    return name


def data_dir() -> Path:
    """The folder of everything that the embedded deployment stores; relative to the checkout."""
    return (Path(__file__).resolve().parents[2] / os.environ.get("DATA_DIR", ".data")).resolve()


def _folder_landing(_: Sequence[Stream], __: Log) -> Any:
    from resources.landing import FolderLanding

    url = urlsplit(os.environ.get("LANDING_URL", ""))
    if url.scheme not in ("", "file"):
        raise Misconfigured(f"LANDING_URL: deployment {deployment()!r} lands in a folder, not in {url.scheme}://")
    return FolderLanding(Path(unquote(url.path)) if url.path else data_dir() / "landing")


def _sqlite_lake(_: Sequence[Stream], __: Log) -> Any:
    from resources.lake import Lake

    folder = data_dir() / "lake"
    folder.mkdir(parents=True, exist_ok=True)
    properties = {"uri": f"sqlite:///{folder / 'catalog.db'}?timeout=60", "warehouse": folder.as_uri()}
    return Lake(properties, data_dir() / "scratch")


def _duckdb_warehouse(_: Sequence[Stream], __: Log) -> Any:
    from resources.warehouse.duckdb import DuckDBWarehouse

    folder = data_dir()
    return DuckDBWarehouse(folder / "warehouse.duckdb", folder / "gold.duckdb", folder / "scratch")


def _dbt_work(_: Sequence[Stream], __: Log) -> Any:
    return data_dir() / "dbt"


def _conformers(streams: Sequence[Stream], log: Log) -> Any:
    from events.conform import Conformers

    key = os.environ.get("PERSONAL_DATA_KEY") or DEVELOPMENT_KEY
    if key == DEVELOPMENT_KEY:
        log.warning("PERSONAL_DATA_KEY is not set: personal data is hashed with a key that everybody knows")
    return {stream.name: Conformers(stream, key.encode()) for stream in streams}


DEPLOYMENTS: Mapping[str, Mapping[str, Factory]] = {
    "local": {
        "landing": _folder_landing,
        "lake": _sqlite_lake,
        "warehouse": _duckdb_warehouse,
        "dbt_work": _dbt_work,
        "conformers": _conformers,
    },
}


def resources(streams: Sequence[Stream]) -> dict[str, dg.ResourceDefinition]:
    """Every resource of the platform, each made when first needed for the deployment of that moment."""

    def definition(name: str) -> dg.ResourceDefinition:
        return dg.ResourceDefinition(lambda context: make(name, streams, context.log))

    return {name: definition(name) for name in DEPLOYMENTS["local"]}


def make(name: str, streams: Sequence[Stream], log: Log) -> Any:
    """One resource of the present deployment. Raises `Misconfigured`."""
    return DEPLOYMENTS[deployment()][name](streams, log)
