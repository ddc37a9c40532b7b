"""The demo's days: always over, and the same again after an interruption."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from rich.console import Console

from demo.events import HOURS, kept_start, simulated_events, two_days_before
from demo.terminal import Terminal
from partitions import key_of
from resources.environment import first_hour
from resources.settings import Misconfigured


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DEPLOYMENT", raising=False)
    monkeypatch.delenv("FIRST_HOUR", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ("2026-03-03T00:00", "2026-02-28"),  # the third day has just begun
        ("2026-03-03T00:59", "2026-02-28"),
        ("2026-03-03T01:00", "2026-03-01"),
        ("2026-03-03T23:59", "2026-03-01"),
    ],
)
def test_the_days_are_the_last_that_are_over(now: str, start: str) -> None:
    """An hour that is still under way, or ahead, would be refused as outside the partitions."""
    at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    assert two_days_before(at) == dt.datetime.fromisoformat(start).replace(tzinfo=dt.UTC)
    assert two_days_before(at) + dt.timedelta(hours=HOURS) <= at


def test_an_interrupted_simulation_keeps_its_days() -> None:
    """On another day it would add other files to those that have landed."""
    first = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
    assert kept_start(first) == kept_start(first + dt.timedelta(days=5))


def test_a_first_partition_after_the_events_is_an_error(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All events would be refused, and the demo would show nothing."""
    monkeypatch.setenv("FIRST_HOUR", key_of(dt.datetime.now(dt.UTC).replace(minute=0)))
    with pytest.raises(Misconfigured, match="FIRST_HOUR is later than the demo's events"):
        simulated_events(Terminal(Console()))
    assert not (data / "landing").exists()
    monkeypatch.delenv("FIRST_HOUR")
    assert dt.timedelta(days=30) <= dt.datetime.now(dt.UTC) - first_hour() < dt.timedelta(days=31)
