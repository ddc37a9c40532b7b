"""Partitions run backwards, twice, and two at once: the tables are the same in the end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
import reading
from driving import Platform, start_child

pytestmark = [pytest.mark.integration, pytest.mark.verify]


@pytest.fixture
def unordered(calm: Platform, make_platform: Callable[[str], Platform]) -> Platform:
    """The landing files of the undisturbed platform, with nothing materialized."""
    platform = make_platform("unordered")
    platform.hours = calm.hours
    shutil.copytree(calm.landing, platform.landing)  # with their modification times, which tell versions apart
    return platform


def test_backwards_and_twice(calm: Platform, unordered: Platform) -> None:
    """Winners arrive after their duplicates were accepted, so every hour changes what another hour wrote. Gold runs
    in between and at the end."""
    for hour in reversed(unordered.hours):
        unordered.ingest(hour)
        if hour == unordered.hours[2]:
            unordered.gold()
    for hour in reversed(unordered.hours):
        unordered.ingest(hour)
    unordered.gold()
    reading.assert_conserved(unordered.data)
    reading.assert_same(calm.data, unordered.data)


def test_two_processes_at_once(calm: Platform, unordered: Platform) -> None:
    """Two writers work on different hours that have keys in common, and both on the middle hour: the slower commit is
    computed again. (In one instance, a pool lets only one gold run at a time; here every process has its own.)
    """
    middle = unordered.hours[2]
    spans = ((unordered.hours[0], middle), (middle, unordered.hours[-1]))
    children = [start_child(unordered, *span, "ingest") for span in spans]
    logs = [child.communicate()[1] for child in children]
    assert [child.returncode for child in children] == [0, 0], _ends(children, logs)
    unordered.gold()
    reading.assert_conserved(unordered.data)
    reading.assert_same(calm.data, unordered.data)


def _ends(children: list[subprocess.Popen[str]], logs: list[str]) -> str:
    return "\n".join(log[-3000:] for child, log in zip(children, logs, strict=True) if child.returncode)
