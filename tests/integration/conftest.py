"""Fixtures of the integration tests: platforms of their own, each in a folder that no other test sees."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

# Test modules are imported by path, so Python finds the helpers beside them only if their folder is named.
sys.path.insert(0, str(Path(__file__).parent))

from driving import Platform

from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan, Shares
from simulate.run import simulate

# The longest modules start first, so that no worker is left with one of them at the end.
LONGEST = ("test_three_targets", "test_gold_order", "test_ui", "test_kill", "test_gold_code")
DENSE = Shares(
    duplicates=0.05, conflicts=0.02, late=0.05, malformed=0.01, missing=0.01, type=0.01, rule=0.01, clock=0.01
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest modules first."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@pytest.fixture(scope="session", autouse=True)
def no_outer_make() -> None:
    """A make that a test starts is a person's own, not a part of the make that runs the tests."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def definitions() -> dg.Definitions:
    """The definitions, assembled once because reading dbt's manifest takes seconds."""
    from definitions import build_defs

    return build_defs()


@pytest.fixture(scope="session")
def make_platform(definitions: dg.Definitions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A function that makes platforms, each with an empty folder and an instance in memory."""
    instances = []

    def make(name: str = "platform") -> Platform:
        instance = dg.DagsterInstance.ephemeral()
        instances.append(instance)
        return Platform(tmp_path_factory.mktemp(name), definitions, instance)

    yield make
    for instance in instances:
        instance.dispose()


@pytest.fixture
def platform(make_platform) -> Platform:
    """An empty platform."""
    return make_platform()


@pytest.fixture(scope="session")
def calm(make_platform) -> Platform:
    """A platform on which nothing went wrong. From the same landing files, a disturbed platform must get the same
    tables.

    Five hours across midnight, with many duplicates and conflicts between hours, so that order could matter.
    """
    calm = make_platform("calm")
    simulate(COMMERCE, Plan(dt.datetime(2026, 2, 27, 21), 5, 1200, seed=7, shares=DENSE), calm.landing)
    calm.hours = [dt.datetime(2026, 2, 27, 21) + dt.timedelta(hours=index) for index in range(5)]
    calm.ingest(calm.hours[0], calm.hours[-1])
    calm.gold()
    return calm
