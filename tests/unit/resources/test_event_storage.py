"""Our event storage and Dagster's own read and write the same files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
import yaml

from resources.event_storage import OPEN_FILES, EventStorage

ROOT = Path(__file__).resolve().parents[3]
HOURS = dg.HourlyPartitionsDefinition("2026-01-01-00:00")
KEYS = ("2026-01-01-00:00", "2026-01-01-01:00")


@dg.asset(partitions_def=HOURS, check_specs=[dg.AssetCheckSpec("good", asset="a")])
def a(context: dg.AssetExecutionContext) -> Iterator[Any]:
    context.log.info("at work")
    yield dg.MaterializeResult(metadata={"rows": 3})
    yield dg.AssetCheckResult(check_name="good", passed=context.partition_key == KEYS[0], asset_key="a")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


def ours(home: Path) -> dg.DagsterInstance:
    """An instance with the event log of dagster.yaml."""
    settings = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    (home / "dagster.yaml").write_text(yaml.dump({"event_log_storage": settings["event_log_storage"]}))
    return dg.DagsterInstance.get()


def dagsters(home: Path) -> dg.DagsterInstance:
    """An instance with Dagster's own event log, in the same folder."""
    (home / "dagster.yaml").unlink(missing_ok=True)
    return dg.DagsterInstance.get()


def seen(instance: dg.DagsterInstance) -> list[Any]:
    """What an instance knows about the asset, without times."""
    key = dg.AssetKey("a")
    checks = instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(key, "good"), limit=9)
    logs = [instance.all_logs(run.run_id) for run in instance.get_runs()]
    return [
        sorted(instance.get_materialized_partitions(key)),
        [(check.run_id, check.partition, check.status) for check in checks],
        [[(entry.step_key, entry.message) for entry in log] for log in logs],
    ]


def test_each_reads_what_the_other_wrote(home: Path) -> None:
    """So an instance that exists can go on with either."""
    for make, key in ((dagsters, KEYS[0]), (ours, KEYS[1])):
        with make(home) as instance:
            assert isinstance(instance.event_log_storage, EventStorage) == (make is ours)
            assert dg.materialize([a], instance=instance, partition_key=key).success
    with ours(home) as mine, dagsters(home) as plain:
        assert seen(mine) == seen(plain)
        assert seen(mine)[0] == [*KEYS]


def test_after_a_wipe_it_begins_anew(home: Path) -> None:
    """Events of a file that was deleted while it was open would be lost."""
    job = dg.Definitions([a], jobs=[dg.define_asset_job("job", [a])]).resolve_job_def("job")
    run_id = str(uuid4())
    with ours(home) as instance:
        for key in KEYS:
            instance.wipe()
            assert job.execute_in_process(instance=instance, partition_key=key, run_id=run_id).success
            assert seen(instance)[0] == [key]
    with dagsters(home) as plain:
        assert plain.all_logs(run_id)


def test_few_files_are_open_at_a_time(home: Path) -> None:
    """A server reads the logs of many runs, and each is a file."""
    with ours(home) as instance:
        for _ in range(OPEN_FILES + 2):
            assert dg.materialize([a], instance=instance, partition_key=KEYS[0]).success
        storage = instance.event_log_storage
        assert isinstance(storage, EventStorage)
        assert len(storage._engines) == OPEN_FILES
        assert all(instance.all_logs(run.run_id) for run in instance.get_runs())
