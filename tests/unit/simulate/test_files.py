"""Files: the same plan lands the same bytes, under names that sort as they arrive, and never half a file."""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from simulate import files
from simulate.commerce import Commerce
from simulate.defects import Extra
from simulate.plan import Plan
from simulate.run import simulate

PLAN = Plan(datetime(2026, 1, 1), hours=3, rate=600, seed=5, events_per_file=200)


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_a_plan_lands_the_same_bytes_whoever_works_on_it(tmp_path: Path) -> None:
    first = simulate(Commerce(), PLAN, tmp_path / "one", workers=1)
    second = simulate(Commerce(), PLAN, tmp_path / "two", workers=3)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert first.figures() == second.figures()


def test_another_seed_lands_other_events(tmp_path: Path) -> None:
    other = Plan(PLAN.start, hours=3, rate=600, seed=6, events_per_file=200)
    simulate(Commerce(), PLAN, tmp_path / "one")
    simulate(Commerce(), other, tmp_path / "two")
    assert not set(digests(tmp_path / "one").values()) & set(digests(tmp_path / "two").values())


def test_more_hours_leave_the_first_hours_visits_as_they_were(tmp_path: Path) -> None:
    simulate(Commerce(), Plan(PLAN.start, hours=1, rate=600, people=50), tmp_path / "one")
    simulate(Commerce(), Plan(PLAN.start, hours=2, rate=600, people=50), tmp_path / "two")
    hour = Path("commerce/2026/01/01/00/events_000.json.gz")
    one, two = (gzip.decompress((tmp_path / name / hour).read_bytes()).splitlines() for name in ("one", "two"))
    assert len(set(one) & set(two)) > 0.9 * len(one)


def test_names_are_where_the_arrival_hour_says(tmp_path: Path) -> None:
    simulate(Commerce(), PLAN, tmp_path)
    hours = [f"commerce/2026/01/01/{hour:02d}/events_{part:03d}.json.gz" for hour in range(3) for part in range(3)]
    assert list(digests(tmp_path)) == hours


def test_names_of_a_large_hour_still_sort_as_its_parts() -> None:
    plan = Plan(PLAN.start, hours=1, rate=1_500, events_per_file=1)
    names = [slot.path.name for slot in plan.slots()]
    assert names == sorted(names)
    assert names[0] == "events_0000.json.gz"


def test_extras_stand_before_the_record_they_name() -> None:
    lines = pl.Series(["a", "bé", "c"])
    extras = [Extra(0, b"X", "rule"), Extra(2, b"\xff", "malformed"), Extra(2, b"Z", "rule"), Extra(3, b"end", "rule")]
    assert files.body(lines, extras) == "X\na\nbé\n".encode() + b"\xff\nZ\nc\nend\n"
    assert files.body(lines.clear(), []) == b""
    assert files.body(lines[1:], [Extra(1, b"X", "rule")]) == "bé\nX\nc\n".encode()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        files.write(tmp_path / "hour" / "events_000.json.gz", b"{}\n")
    assert not list((tmp_path / "hour").iterdir())
