"""Whenever a process is killed, the next run repairs what it left."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import reading
from driving import Platform, start_child

pytestmark = pytest.mark.integration
# Each is a step, and what to wait for in it before the kill: a file that appears, or (None) a random part of the usual
# time.
BRONZE_COMMIT = ("bronze_commerce", "lake/bronze/commerce/metadata/*.metadata.json")
BRONZE_FILE = ("bronze_commerce", "lake/bronze/commerce/data/**/*.parquet")
REJECTED_COMMIT = ("silver_commerce", "lake/rejected/commerce/metadata/*.metadata.json")
FIRST_REJECTED = ("silver_commerce", "lake/rejected/commerce/metadata/00001-*.metadata.json")
SILVER_FILE = ("silver_commerce", "lake/silver/commerce/data/**/*.parquet")
RELEASE_FILE = ("gold", ".gold.duckdb.*")
LIVES = (
    (BRONZE_COMMIT, ("silver_commerce", None), REJECTED_COMMIT, ("gold", None), RELEASE_FILE),
    (BRONZE_FILE, SILVER_FILE, ("warehouse_commerce", None), ("gold", None), ("bronze_commerce", None)),
)


@dataclass
class Life:
    """One platform whose processes are killed one after the other; one more hour lands before each."""

    platform: Platform
    source: Platform
    usual: dict[str, float]
    dice: random.Random

    def run(self, moments: tuple[tuple[str, str | None], ...]) -> list[str]:
        """Kill one process at each of the moments; returns which of them were hit."""
        named = {"gold": self.platform.gold_op}
        return [self._round(number, named.get(step, step), file) for number, (step, file) in enumerate(moments)]

    def _round(self, number: int, step: str, pattern: str | None) -> str:
        hours = self.source.hours
        folder = f"commerce/{hours[number]:%Y/%m/%d/%H}"
        shutil.copytree(self.source.landing / folder, self.platform.landing / folder)
        seconds = self.dice.uniform(0, self.usual[step])
        hit = killed(self.platform, hours[0], hours[number], step, pattern, seconds)
        return f"{'killed in' if hit else 'missed'} {step} {pattern or ''}".strip()


def killed(
    platform: Platform, first: dt.datetime, last: dt.datetime, step: str, pattern: str | None, seconds: float = 0
) -> bool:
    """Run `ingest` and `gold` in a process, and kill it in a step; returns whether it still ran then.

    The kill comes when a new file of the pattern appears, or without a pattern some seconds after the step has begun.
    """
    before = _found(platform.data, pattern) if pattern else set()
    child = start_child(platform, first, last, "ingest", "gold")
    try:
        began = _wait_for_step(child, step)
        if began and pattern:
            while child.poll() is None and _found(platform.data, pattern) <= before:
                time.sleep(0.002)
        elif began:
            time.sleep(seconds)
        return child.poll() is None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _wait_for_step(child: subprocess.Popen[str], step: str) -> bool:
    assert child.stderr is not None
    return any("STEP_START" in line and f" {step} " in line for line in child.stderr)


def _found(data: Path, pattern: str) -> set[Path]:
    with suppress(FileNotFoundError):  # a folder may disappear while it is listed
        return set(data.glob(pattern))
    return set()


def test_one_kill_changes_no_table(calm: Platform, make_platform: Callable[[str], Platform]) -> None:
    """The kill comes when rejected records are committed, before or just after silver's rows are."""
    platform = make_platform("killed_once")
    shutil.copytree(calm.landing, platform.landing)
    assert killed(platform, calm.hours[0], calm.hours[-1], *FIRST_REJECTED)
    platform.ingest(calm.hours[0], calm.hours[-1])
    platform.gold()
    reading.assert_conserved(platform.data)
    reading.assert_same(calm.data, platform.data)


@pytest.fixture(scope="module")
def usual(calm: Platform) -> dict[str, float]:
    """The seconds that each step took on the undisturbed platform."""
    stats = (s for run in calm.instance.get_runs() for s in calm.instance.get_run_step_stats(run.run_id))
    return {s.step_key: (s.end_time or 0) - (s.start_time or 0) for s in stats}


@pytest.fixture(scope="module")
def lives(calm: Platform, usual: dict[str, float], make_platform: Callable[[str], Platform]) -> list[Life]:
    """Two platforms, killed five times each and then left in peace for one run."""
    lives = [Life(make_platform("killed"), calm, usual, random.Random(seed)) for seed in range(len(LIVES))]
    with ThreadPoolExecutor(len(lives)) as pool:
        hits = [hit for found in pool.map(Life.run, lives, LIVES) for hit in found]
    assert sum(hit.startswith("killed") for hit in hits) >= 8, hits
    for life in lives:
        life.platform.ingest(calm.hours[0], calm.hours[-1])
        life.platform.gold()
    return lives


@pytest.mark.verify
def test_ten_kills_change_no_table(calm: Platform, lives: list[Life]) -> None:
    """After ten kills in every part of the work, one more run gives the tables of an undisturbed platform."""
    for life in lives:
        reading.assert_conserved(life.platform.data)
        reading.assert_same(calm.data, life.platform.data)


@pytest.mark.verify
def test_kills_leave_no_half_release(lives: list[Life]) -> None:
    """The unfinished file of a release is as large as gold: the next release deletes it."""
    assert [file.name for life in lives for file in life.platform.data.glob(".gold.duckdb.*")] == []
