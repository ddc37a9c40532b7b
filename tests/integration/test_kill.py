"""Processes that are killed at any moment leave nothing that the next run does not put right."""

from __future__ import annotations

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
# Each is a step and what to wait for in it: a file that appears, or a random part of the step's usual length.
BRONZE_COMMIT = ("bronze_commerce", "lake/bronze/commerce/metadata/*.metadata.json")
BRONZE_FILE = ("bronze_commerce", "lake/bronze/commerce/data/**/*.parquet")
REJECTED_COMMIT = ("silver_commerce", "lake/rejected/commerce/metadata/*.metadata.json")
SILVER_FILE = ("silver_commerce", "lake/silver/commerce/data/**/*.parquet")
WAREHOUSE_WRITE = ("warehouse_commerce", "warehouse.duckdb.wal")
RELEASE_FILE = ("gold", ".gold.duckdb.*")
LIVES = (
    (BRONZE_COMMIT, ("silver_commerce", None), REJECTED_COMMIT, ("gold", None), RELEASE_FILE),
    (BRONZE_FILE, SILVER_FILE, ("warehouse_commerce", None), ("gold", None), ("bronze_commerce", None)),
)


@dataclass
class Life:
    """One platform that is killed again and again: an hour more lands before each of its processes."""

    platform: Platform
    source: Platform
    usual: dict[str, float]
    dice: random.Random

    def run(self, moments: tuple[tuple[str, str | None], ...]) -> list[str]:
        """Kill one process at each of the moments; says which of them were hit."""
        named = {"gold": self.platform.gold_op}
        return [self._round(number, named.get(step, step), file) for number, (step, file) in enumerate(moments)]

    def _round(self, number: int, step: str, pattern: str | None) -> str:
        self._land(number)
        child = start_child(self.platform, self.source.hours[0], self.source.hours[number], "ingest", "gold")
        try:
            began = _wait_for_step(child, step)
            if began and pattern:
                _wait_for_file(child, self.platform.data, pattern)
            elif began:
                time.sleep(self.dice.uniform(0, self.usual[step]))
            hit = child.poll() is None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
        return f"{'killed in' if hit else 'missed'} {step} {pattern or ''}".strip()

    def _land(self, number: int) -> None:
        folder = f"commerce/{self.source.hours[number]:%Y/%m/%d/%H}"
        shutil.copytree(self.source.landing / folder, self.platform.landing / folder)


def _wait_for_step(child: subprocess.Popen[str], step: str) -> bool:
    assert child.stderr is not None
    return any("STEP_START" in line and f" {step} " in line for line in child.stderr)


def _wait_for_file(child: subprocess.Popen[str], data: Path, pattern: str) -> None:
    """Until a file appears that was not there when the step began, or the process ends."""
    before = _found(data, pattern)
    while child.poll() is None and _found(data, pattern) <= before:
        time.sleep(0.002)


def _found(data: Path, pattern: str) -> set[Path]:
    with suppress(FileNotFoundError):  # a folder that goes while it is listed
        return set(data.glob(pattern))
    return set()


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


def test_kill_9_changes_no_table(calm: Platform, lives: list[Life]) -> None:
    """After ten kills in every part of the work, one more run makes all tables what they are without any."""
    for life in lives:
        reading.assert_conserved(life.platform.data)
        reading.assert_same(calm.data, life.platform.data)


def test_kill_9_leaves_no_half_release(lives: list[Life]) -> None:
    """What a killed process had made of a release is as large as gold: the next release takes it away."""
    assert [file.name for life in lives for file in life.platform.data.glob(".gold.duckdb.*")] == []
