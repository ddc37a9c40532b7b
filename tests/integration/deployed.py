"""A platform of any deployment, given the settings that lead to its servers.

Not here: those servers (`clouds`), or how a platform is run (`driving`).
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import clouds
import pytest
from aws import Aws
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from driving import Platform

from contracts import STREAMS
from contracts.commerce import COMMERCE
from lake.reading import read_hours
from lake.schemas import Layer
from resources import dbt
from resources.environment import make
from resources.warehouse.protocol import Warehouse


@dataclass
class Deployed(Platform):
    """A platform of any deployment, by its settings."""

    settings: Mapping[str, str] = field(default_factory=dict)
    aws: Aws | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "PERSONAL_DATA_KEY": clouds.SECRETS["PERSONAL_DATA_KEY"], **self.settings}

    def upload(self) -> None:
        """Copy the landing folder into the landing bucket, if the deployment has one."""
        if self.aws:
            for path in sorted(self.landing.rglob("*")):
                if path.is_file():
                    key = f"in/{path.relative_to(self.landing).as_posix()}"
                    self.aws.client("s3").put_object(Bucket=clouds.LANDING, Key=key, Body=path.read_bytes())

    def make(self, resource: str) -> Any:
        """A resource made with these settings."""
        with self.set():
            return make(resource, STREAMS, logging.getLogger("test"))

    @contextmanager
    def set(self) -> Iterator[None]:
        """Set this platform's settings in the environment of this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield

    def warehouse(self) -> Warehouse:
        found: Warehouse = self.make("warehouse")
        return found

    def bronze(self, hour: dt.datetime) -> list[tuple[str, int, bytes]]:
        """File, line and bytes of the records of commerce that landed in an hour."""
        with self.set():
            table = self.make("lake").table(Layer.BRONZE, COMMERCE)
            columns = ["_source_file", "_line", "raw"]
            batches = list(read_hours(table, [hour.replace(tzinfo=dt.UTC)], columns))
        return [tuple(row.values()) for batch in batches for row in batch.select(columns).to_pylist()]

    def dbt(self, *command: str) -> dbtRunnerResult:
        """Run dbt on this platform's warehouse. A gold run must have been there before."""
        work = self.data / "dbt"
        folders = ("--project-dir", str(dbt.PROJECT), "--profiles-dir", str(work), "--target-path", str(work))
        with self.set():
            outcome = dbtRunner().invoke([*command, "--quiet", *folders, "--log-path", str(work / "logs")])
        if self.environment["DEPLOYMENT"] == "local":  # or the file stays open in this process
            DuckDBConnectionManager.env().close()
        assert outcome.exception is None, outcome.exception
        return outcome
