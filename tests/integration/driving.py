"""A platform in a folder of its own, run as a person runs it: land files, run jobs.

Not here: reading the results (`reading`).
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
from child import landed

ROOT = Path(__file__).resolve().parents[2]
PYTHON = sys.executable
Run = dg.ExecuteInProcessResult | dg.DagsterRun


def key(hour: dt.datetime) -> str:
    """The partition key of an arrival hour."""
    return hour.strftime("%Y-%m-%d-%H:%M")


def jsonl(records: Iterable[Mapping[str, object] | bytes]) -> bytes:
    """Records as lines; bytes are lines already."""
    lines = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    return b"".join(line + b"\n" for line in lines)


@dataclass
class Platform:
    """One installation: its folder, the definitions, and the instance that remembers its runs."""

    data: Path
    definitions: dg.Definitions
    instance: dg.DagsterInstance
    hours: list[dt.datetime] = field(default_factory=list)

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def environment(self) -> dict[str, str]:
        """The settings. The key is its own because the development key warns."""
        return {
            "DEPLOYMENT": "local",
            "DATA_DIR": str(self.data),
            "LANDING_URL": "",
            "PERSONAL_DATA_KEY": "integration",
            "DAGSTER_DISABLE_TELEMETRY": "1",
        }

    def for_child(self, **more: str) -> dict[str, str]:
        """The environment of a process that runs this platform."""
        return {**os.environ, **self.environment, "PYTHONPATH": str(ROOT / "platform"), **more}

    def land(
        self,
        hour: dt.datetime,
        name: str,
        content: bytes | Iterable[Mapping[str, object] | bytes],
        stream: str = "commerce",
    ) -> Path:
        """Put an object into an hour; records become JSON lines, gzipped where the name says so.

        The file gets a new inode and modification time, as an upload does: its version is made of them.
        """
        path = self.landing / stream / hour.strftime("%Y/%m/%d/%H") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, bytes):
            content = gzip.compress(jsonl(content)) if name.endswith(".gz") else jsonl(content)
        hidden = path.with_name(f".{name}")
        hidden.write_bytes(content)
        hidden.replace(path)
        return path

    def run(
        self,
        job: str,
        tags: Mapping[str, str],
        config: Mapping[str, object],
        check: bool = True,
        assets: Sequence[dg.AssetKey] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Execute a job in this process, of some assets or of all; `check`: raise when it fails."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            patch.setenv("DBT_LOG_LEVEL", "none")  # formatting its log takes a tenth of a gold run
            return self.definitions.resolve_job_def(job).execute_in_process(
                instance=self.instance,
                tags=dict(tags),
                run_config=dict(config),
                raise_on_error=check,
                asset_selection=assets,
            )

    def ingest(
        self, first: dt.datetime, last: dt.datetime | None = None, check: bool = True
    ) -> dg.ExecuteInProcessResult:
        """Run the job `ingest` for an hour or a range of hours, in one run, of the streams that have landed."""
        tags = {
            "dagster/asset_partition_range_start": key(first),
            "dagster/asset_partition_range_end": key(last or first),
        }
        return self.run("ingest", tags, {}, check, landed(self.definitions, self.landing))

    def gold(self, as_of: str | None = None) -> dg.ExecuteInProcessResult:
        """Run the job `gold`."""
        return self.run("gold", {}, {"ops": {self.gold_op: {"config": {"as_of": as_of}}}} if as_of else {})

    @property
    def gold_op(self) -> str:
        """The name of the one step of the job `gold`."""
        (op,) = self.definitions.resolve_job_def("gold").nodes
        return op.name

    def _events(self, run: Run, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        return [log.get_dagster_event() for log in self.instance.all_logs(run.run_id, of_type=kind)]

    def checks(self, run: Run) -> dict[tuple[str, str, str | None], bool]:
        """The checks that a run recorded: (asset, check, partition) to whether it passed."""
        found = [
            event.asset_check_evaluation_data for event in self._events(run, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        ]
        keys = [(e.asset_key.to_user_string(), e.check_name, e.partition) for e in found]
        assert len(keys) == len(set(keys)), "one evaluation of each check and partition"
        return {name: e.passed for name, e in zip(keys, found, strict=True)}

    def materializations(self, run: Run) -> dict[tuple[str, str | None], dict[str, object]]:
        """The materializations that a run recorded: (asset, partition) to their metadata."""
        found = [
            event.step_materialization_data.materialization
            for event in self._events(run, dg.DagsterEventType.ASSET_MATERIALIZATION)
        ]
        keys = [(m.asset_key.to_user_string(), m.partition) for m in found]
        assert len(keys) == len(set(keys)), "one materialization of each asset and partition"
        values = ({name: value.value for name, value in m.metadata.items()} for m in found)
        return dict(zip(keys, values, strict=True))


def execute(
    platform: Platform, job: str, hour: dt.datetime | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a job by Dagster's command line, for an hour or for none, with an instance in the platform's folder."""
    span = {f"dagster/asset_partition_range_{end}": key(hour) for end in ("start", "end")} if hour else {}
    return _dagster(platform, ["job", "execute", "-j", job, "--tags", json.dumps(span)], settings)


def materialize(platform: Platform, selection: str, partition: str) -> subprocess.CompletedProcess[str]:
    """Materialize a partition of some assets, as `execute` runs a job."""
    return _dagster(platform, ["asset", "materialize", "--select", selection, "--partition", partition], {})


def _dagster(platform: Platform, words: Sequence[str], settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    home = platform.data / "dagster"
    home.mkdir(exist_ok=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    return subprocess.run(
        [PYTHON, "-m", "dagster", *words, "-m", "definitions"],
        cwd=ROOT / "platform", text=True, capture_output=True, check=False,
        env=platform.for_child(DAGSTER_HOME=str(home), **settings),
    )  # fmt: skip


def start_child(platform: Platform, first: dt.datetime, last: dt.datetime, *jobs: str) -> subprocess.Popen[str]:
    """Run jobs in a process group of their own; Dagster's log comes on its standard error."""
    return subprocess.Popen(
        [PYTHON, str(Path(__file__).with_name("child.py")), key(first), key(last), *jobs],
        env=platform.for_child(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
