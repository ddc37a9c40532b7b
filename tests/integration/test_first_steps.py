"""docs/first-steps.md, word by word: what it shows is what its commands print."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable

import guide
import pytest
from driving import ROOT, Platform

pytestmark = [pytest.mark.integration, pytest.mark.verify]
VARIABLES, *STEPS = guide.blocks("first-steps.md")


def test_every_step_does_what_the_page_says(
    make_platform: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a command prints is what the page shows below it. Jobs run where the sensors start them for the reader."""
    project = guide.Project(tmp_path_factory.mktemp("project"))
    environment = make_platform("first-steps").for_child(PYTHONPATH="platform")
    environment |= project.variables(VARIABLES, environment)
    hour = dt.datetime.strptime(environment["HOUR"], "%Y-%m-%d-%H:%M")
    (project.folder / ".data" / "dagster").mkdir()
    shutil.copy(ROOT / "dagster.yaml", environment["DAGSTER_HOME"])
    printed = ""
    for step in STEPS:
        if step.language == "text":
            assert printed.strip() == step.text.replace("2026-03-01-10", f"{hour:%Y-%m-%d-%H}").replace(
                "2026/03/01/10", f"{hour:%Y/%m/%d/%H}"
            ).strip()  # fmt: skip
        elif step.language != "sh":
            project.write(step)
        else:
            if "gold.duckdb" in step.text:
                project.run_jobs(hour, environment, "gold")
            printed = project.run(step.text, environment)
            if "cat >" in step.text:
                project.run_jobs(hour, environment, "ingest")
    assert "USDC     │      1" in printed
