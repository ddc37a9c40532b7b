"""FIRST_HOUR: the first arrival hour that is a partition."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from partitions import key_of
from resources.environment import begin_recently, first_hour
from resources.settings import Misconfigured

NOW = dt.datetime(2026, 3, 15, 9, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("FIRST_HOUR", raising=False)
    return tmp_path / "data"


def test_the_setting_comes_first_then_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without both, a deployment begins in 2020. An empty setting is none, as in .env.example."""
    assert key_of(first_hour()) == "2020-01-01-00:00"
    begin_recently(NOW)
    monkeypatch.setenv("FIRST_HOUR", "")
    assert key_of(first_hour()) == "2026-02-13-00:00"
    monkeypatch.setenv("FIRST_HOUR", "2026-03-01-05:00")
    assert key_of(first_hour()) == "2026-03-01-05:00"


def test_the_beginning_does_not_move_on(data: Path) -> None:
    """A month later the hours of today are still partitions."""
    begin_recently(NOW)
    begin_recently(NOW + dt.timedelta(days=40))
    assert key_of(first_hour()) == "2026-02-13-00:00"


def test_a_platform_with_tables_begins_where_it_did(data: Path) -> None:
    """Otherwise its older hours would vanish from the pages."""
    (data / "lake").mkdir(parents=True)
    begin_recently(NOW)
    assert key_of(first_hour()) == "2020-01-01-00:00"


@pytest.mark.parametrize("text", ["yesterday", "2026-03-01", "2026-03-01-05:30", "2026-3-1-05:00", "2026-03-01-25:00"])
def test_what_is_no_hour_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has an example, because nobody knows the format by heart."""
    monkeypatch.setenv("FIRST_HOUR", text)
    with pytest.raises(Misconfigured, match=f"FIRST_HOUR: expected an hour in UTC such as 2020-.*, found '{text}'"):
        first_hour()


def test_an_hour_ahead_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """There would be no partitions, and everything that lands would be refused."""
    ahead = dt.datetime.now(dt.UTC).replace(minute=0) + dt.timedelta(hours=2)
    monkeypatch.setenv("FIRST_HOUR", key_of(ahead))
    with pytest.raises(Misconfigured, match="is in the future"):
        first_hour()
