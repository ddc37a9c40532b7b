"""A deployment's three processes as the image runs them: they share PostgreSQL and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hostile
import postgres
import pytest
import reading
import scanning
from driving import PYTHON, ROOT, Platform, key
from serving import answers, free_port, running, until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.verify,
    pytest.mark.skipif(not postgres.installed(), reason="PostgreSQL is not installed"),
]
WORKSPACE = ROOT / "infra" / "workspace.yaml"
PASSWORD = "canary-of-the-instance"
CODE_LOCATION: list[str] = json.loads(re.findall(r"^CMD (.+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[-1])
CODE_PORT = 4000
RUNS = "{runsOrError {... on Runs {results {jobName status}}}}"


def command(program: str, *arguments: str | Path) -> list[str | Path]:
    return [Path(PYTHON).with_name(program), *arguments]


@dataclass(frozen=True)
class Deployment:
    """Where the processes keep their homes and logs, the webserver's port and PostgreSQL's."""

    folder: Path
    web: int
    storage: int

    def ask(self, query: str) -> Any:
        """The webserver's answer."""
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.web}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answered:
            answer = json.loads(answered.read())
        assert "errors" not in answer, answer
        return answer["data"]

    def runs(self) -> Counter[tuple[str, str]]:
        """How many runs of a job have a status."""
        return Counter((run["jobName"], run["status"]) for run in self.ask(RUNS)["runsOrError"]["results"])


@pytest.fixture
def deployment(platform: Platform, tmp_path: Path) -> Iterator[Deployment]:
    """All three running on an empty database; only the code location knows the platform's settings."""
    with ExitStack() as stack:
        storage = stack.enter_context(postgres.postgres())
        instance = {"HOST": "127.0.0.1", "PORT": str(storage), "USER": postgres.USER, "DB": postgres.USER}
        shared = {f"DAGSTER_PG_{name}": value for name, value in (instance | {"PASSWORD": PASSWORD}).items()}

        def environment(name: str, settings: Mapping[str, str]) -> dict[str, str]:
            home = tmp_path / name
            home.mkdir()
            shutil.copy(ROOT / "infra" / "dagster.yaml", home)
            return {**settings, **shared, "DAGSTER_HOME": str(home), "CODE_LOCATION_HOST": "127.0.0.1"}

        outside = {name: value for name, value in platform.for_child().items() if name not in platform.environment}
        first = environment("first", outside)
        subprocess.run(command("dagster", "instance", "migrate"), env=first, check=True, capture_output=True)
        web = free_port()
        programs = {
            "code": (command(*CODE_LOCATION), platform.for_child()),
            "daemon": (command("dagster-daemon", "run", "-w", WORKSPACE), outside),
            "web": (command("dagster-webserver", "-p", str(web), "-w", WORKSPACE), outside),
        }
        for name, (program, settings) in programs.items():
            log = tmp_path / f"{name}.log"
            stack.enter_context(running(program, environment(name, settings), log))
            if name == "code":
                until(lambda: answers(CODE_PORT), 90, "the code location answers")
        until(lambda: answers(web), 90, "the webserver answers")
        yield Deployment(tmp_path, web, storage)


def test_a_file_reaches_gold_by_three_processes(deployment: Deployment, platform: Platform) -> None:
    """Daemon and webserver find the code location, and all three see one history of runs."""
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    orders = [hostile.order(number, event_timestamp=now.isoformat() + "Z") for number in range(3)]
    platform.land(now, "dropped.json", orders)
    until(lambda: deployment.runs()["gold", "SUCCESS"], 180, "gold has been released")
    assert reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders") == [(3,)]
    runs = deployment.runs()
    assert {status for _, status in runs} <= {"SUCCESS", "QUEUED", "STARTING", "STARTED"}
    with postgres.connect(deployment.storage).cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT partition FROM event_logs "
            "WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND asset_key = '[\"silver\", \"commerce\"]'"
        )
        assert cursor.fetchall() == [(key(now.replace(minute=0)),)]
        cursor.connection.close()
    assert not list(deployment.folder.rglob("*.db"))
    assert scanning.sightings(deployment.folder, {"DAGSTER_PG_PASSWORD": PASSWORD}) == {}
