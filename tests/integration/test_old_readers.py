"""The oldest supported DuckDB opens a release, because BI tools bundle old versions."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import reading
from driving import Platform

from contracts import STREAMS
from resources import dbt
from simulate.plan import Plan
from simulate.run import simulate
from simulate.streams import STREAMS as SIMULATED

pytestmark = [pytest.mark.integration, pytest.mark.verify]
OLDEST = "1.4.4"  # of the versions that DuckDB still supports
START = dt.datetime(2026, 2, 27, 22)


@pytest.fixture
def oldest(tmp_path: Path) -> Path:
    """A folder that holds the oldest supported DuckDB and nothing else."""
    installer = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
    python = ["--python", sys.executable] if installer[0] == "uv" else []
    command = [*installer, "install", "--quiet", *python, "--no-deps", "--target", str(tmp_path), f"duckdb=={OLDEST}"]
    subprocess.run(command, check=True)
    return tmp_path


@pytest.fixture
def released(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """Events of every stream, released, with all marts as Iceberg tables."""
    for stream in STREAMS:
        simulate(SIMULATED[stream.name], Plan(START, hours=1, rate=1000, seed=5), platform.landing)
    platform.ingest(START)
    monkeypatch.setenv("ICEBERG_MARTS", ",".join(dbt.mart_names()))
    platform.gold()
    return platform


def published(data: Path) -> dict[str, list[str]]:
    """The Parquet files of each mart's Iceberg table."""
    catalog = reading.catalog(data)
    try:
        tables = [catalog.load_table(identifier) for identifier in catalog.list_tables("gold")]
        files = {table.name()[-1]: table.inspect.files()["file_path"].to_pylist() for table in tables}
    finally:
        catalog.engine.dispose()
    return {name: [path.removeprefix("file://") for path in paths] for name, paths in files.items()}


def sums(data: Path, **environment: str) -> Any:
    """What an interpreter's DuckDB reads in a release."""
    command = [sys.executable, str(Path(__file__).with_name("sums.py")), str(data / "gold.duckdb")]
    ran = subprocess.run(
        [*command, json.dumps(published(data))], env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE
    )
    return json.loads(ran.stdout)


def test_the_oldest_supported_duckdb_reads_a_release(released: Platform, oldest: Path) -> None:
    """Every table of the file and every file of the Iceberg tables, value for value as the present version does."""
    present, old = sums(released.data), sums(released.data, PYTHONPATH=str(oldest))
    assert old.pop("version") == OLDEST != present.pop("version")
    assert len(old["release"]) > len(old["marts"]) == len(dbt.mart_names())
    assert old == present
