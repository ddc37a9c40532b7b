"""The live simulator: its pace, and that it lands every slot once."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pytest

from simulate.live import main, planned, run
from simulate.streams import STREAMS

NOON = dt.datetime(2026, 1, 5, 12, 59, 50, tzinfo=dt.UTC).timestamp()


class Clock:
    """A clock that moves on while somebody sleeps, and by `work` whenever it is read."""

    def __init__(self, work: float = 0.0) -> None:
        self.now, self.work = NOON, work

    def time(self) -> float:
        self.now += self.work
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def files(landing: Path) -> list[str]:
    return sorted(str(path.relative_to(landing)) for path in landing.rglob("*") if path.is_file())


@pytest.mark.parametrize("work", [0.0, 4.0], ids=["in time", "too slow"])
def test_every_slot_lands_once_in_its_hour(tmp_path: Path, work: float) -> None:
    """Over the end of an hour, and also if landing takes longer than the slots."""
    clock = Clock(work)
    run([STREAMS["commerce"]], 20, tmp_path, 5, 4, clock.time, clock.sleep)
    assert files(tmp_path) == [
        "commerce/2026/01/05/12/events_718.json.gz",
        "commerce/2026/01/05/12/events_719.json.gz",
        "commerce/2026/01/05/13/events_000.json.gz",
        "commerce/2026/01/05/13/events_001.json.gz",
    ]


def test_the_rate_is_kept_over_all_streams(tmp_path: Path) -> None:
    clock = Clock()
    landed = run([*STREAMS.values()], 300, tmp_path, 10, 6, clock.time, clock.sleep)
    assert 300 * 60 * 0.8 < landed < 300 * 60 * 1.25
    assert {path.split("/")[0] for path in files(tmp_path)} == set(STREAMS)


def test_records_of_different_files_are_different(tmp_path: Path) -> None:
    """Each hour is a plan of its own: its ids must not come again."""
    clock = Clock()
    run([STREAMS["clickstream"]], 20, tmp_path, 5, 4, clock.time, clock.sleep)
    lines = [line for path in tmp_path.rglob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines()]
    assert len(set(lines)) > 0.95 * len(lines)


def test_a_file_is_made_by_itself() -> None:
    """Making all events of an hour for each file would take longer than the file's seconds."""
    file = planned(STREAMS["web"], int(NOON) // 5, 80, 5)
    assert file.block == file
    assert STREAMS["web"].source.count(file) < 80 * 5 * 2


@pytest.mark.parametrize("wrong", [["--rate", "0"], ["--every", "7"], ["--every", "0"]])
def test_an_impossible_pace_is_a_usage_error(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--landing", str(tmp_path), *wrong])
