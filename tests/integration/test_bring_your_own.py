"""docs/bring-your-own.md, word by word: three mappings bring three producers' events into gold."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable
from dataclasses import fields

import guide
import pytest
from driving import ROOT, Platform

from contracts.mapping import EventMapping

pytestmark = [pytest.mark.integration, pytest.mark.verify]
VARIABLES, *STEPS = guide.blocks("bring-your-own.md")
CONTRACTS = "platform/contracts/__init__.py"


def test_every_step_does_what_the_page_says(
    make_platform: Callable[[str], Platform], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a command prints is what the page shows below it. Jobs run where the sensors start them for the reader."""
    project = guide.Project(tmp_path_factory.mktemp("project"))
    environment = make_platform("own").for_child(PYTHONPATH="platform")
    environment |= project.variables(VARIABLES, environment)
    hour = dt.datetime.strptime(environment["HOUR"], "%Y-%m-%d-%H:%M")
    (project.folder / ".data" / "dagster").mkdir(parents=True)
    shutil.copy(ROOT / "dagster.yaml", environment["DAGSTER_HOME"])
    imports = "from contracts.app_log import APP_LOG\nfrom contracts.ga4 import GA4\n"
    project.replace(CONTRACTS, "from contracts.web", f"{imports}from contracts.web")
    project.replace(CONTRACTS, "EVENTS)", "EVENTS, APP_LOG, GA4)")
    (project.folder / "platform/contracts/events.py").unlink()
    printed, ran = "", False
    for step in STEPS:
        if step.language == "text":
            landed = step.text.replace("2026-03-01-10", f"{hour:%Y-%m-%d-%H}")
            assert printed.strip() == landed.replace("2026/03/01/10", f"{hour:%Y/%m/%d/%H}").strip()
        elif step.language != "sh":
            project.write(step)
        else:
            if "gold.duckdb" in step.text and not ran:
                project.run_jobs(hour, environment, "ingest", "gold")
                ran = True
            printed = project.run(step.text, environment)


def test_the_page_tells_all_that_a_mapping_can_say() -> None:
    """Nobody finds a field of a mapping that the page does not explain."""
    told = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "bring-your-own.md").read_text(), re.MULTILINE)
    assert told == [field.name for field in fields(EventMapping)]
