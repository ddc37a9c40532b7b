"""Files: the same plan lands the same bytes, under names that sort as they arrive, and never half a file."""

from __future__ import annotations

import gzip
import hashlib
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from simulate import files
from simulate.commerce.stream import COMMERCE
from simulate.plan import Plan
from simulate.run import simulate
from simulate.stream import Extra

PLAN = Plan(datetime(2026, 1, 1), hours=3, rate=600, seed=5, events_per_file=200)


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_more_hours_leave_the_first_hours_visits_as_they_were(tmp_path: Path) -> None:
    simulate(COMMERCE, Plan(PLAN.start, hours=1, rate=600, people=50), tmp_path / "one")
    simulate(COMMERCE, Plan(PLAN.start, hours=2, rate=600, people=50), tmp_path / "two")
    hour = Path("commerce/2026/01/01/00/events_000.json.gz")
    one, two = (gzip.decompress((tmp_path / name / hour).read_bytes()).splitlines() for name in ("one", "two"))
    assert len(set(one) & set(two)) > 0.9 * len(one)


def test_names_are_where_the_arrival_hour_says(tmp_path: Path) -> None:
    simulate(COMMERCE, PLAN, tmp_path)
    hours = [f"commerce/2026/01/01/{hour:02d}/events_{part:03d}.json.gz" for hour in range(3) for part in range(3)]
    assert list(digests(tmp_path)) == hours


def test_names_of_a_large_hour_still_sort_as_its_parts() -> None:
    plan = Plan(PLAN.start, hours=1, rate=1_500, events_per_file=1)
    names = [COMMERCE.transport.path(slot, 0).name for slot in plan.slots(plan.parts)]
    assert names == sorted(names)
    assert names[0] == "events_0000.json.gz"


def test_extras_stand_before_the_record_they_name() -> None:
    lines = pl.Series(["a", "bé", "c"])
    extras = [Extra(0, b"X", "rule"), Extra(2, b"\xff", "malformed"), Extra(2, b"Z", "rule"), Extra(3, b"end", "rule")]
    assert files.joined(lines, extras, b"\n") == "X\na\nbé\n".encode() + b"\xff\nZ\nc\nend\n"
    assert files.joined(lines.clear(), [], b"\n") == b""
    assert files.joined(lines[1:], [Extra(1, b"X", "rule")], b"") == "béXc".encode()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        files.write(tmp_path / "hour" / "events_000.json.gz", b"{}\n")
    assert not list((tmp_path / "hour").iterdir())
