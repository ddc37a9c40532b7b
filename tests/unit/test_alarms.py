"""The list of alarms in docs/operations.md: somebody who is woken by one finds what to do."""

from __future__ import annotations

import re
from pathlib import Path

from assets.advice import advice
from assets.status import watched_assets
from contracts import STREAMS
from definitions import defs
from resources.alerts.settings import alerting

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
TABLE = PAGE.partition("## What to do for each alarm")[2].partition("\n## ")[0]
FIRST_CELLS = re.findall(r"^\| ([^|]+) \|", TABLE, re.MULTILINE)
CHECKS = {key for each in watched_assets(STREAMS) for key in each.check_keys}


def test_every_check_of_the_lake_has_a_row() -> None:
    """Under its name and its asset; gold's checks are tests of dbt, and have one row together."""
    for key in CHECKS:
        layer = key.asset_key.path[0]
        wanted = f"any check of `{layer}/<model>`" if layer == "gold" else f"`{key.name}` of `{layer}/<stream>`"
        assert wanted in FIRST_CELLS, wanted


def test_every_row_of_a_check_is_one_that_exists() -> None:
    """A row of a check that is gone would send its reader astray."""
    rows = {found for cell in FIRST_CELLS if (found := re.fullmatch(r"`(\w+)` of `(\w+)/<stream>`", cell))}
    assert {found.groups() for found in rows} == {
        (key.name, key.asset_key.path[0]) for key in CHECKS if key.asset_key.path[0] != "gold"
    }


def test_every_job_has_a_row() -> None:
    """A run's failure is an alarm as well."""
    rows = " ".join(cell for cell in FIRST_CELLS if cell.startswith("a run of"))
    assert [job.name for job in defs.jobs or () if f"`{job.name}`" not in rows] == []


def test_every_check_of_the_lake_has_advice() -> None:
    """The page of a check says the same as the list."""
    for key in CHECKS:
        if key.asset_key.path[0] != "gold":
            assert advice(key.name, STREAMS[0])


def test_links_of_the_list_lead_to_headings() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)", PAGE, re.M)
    }
    assert [link for link in re.findall(r"\(#([\w-]+)\)", TABLE) if link not in headings] == []


def test_every_shipped_rule_sees_something() -> None:
    """A misspelt check in a rule would never tell anything."""
    names = [(key.asset_key.to_user_string(), key.name) for key in CHECKS]
    for rule in alerting({}).rules.alert.check:
        assert any(rule.watches(asset, check) for asset, check in names), rule.name
