"""Landing: file names follow the arrival hour, defects land where they belong, and no half file is ever seen."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from simulate.commerce.stream import COMMERCE
from simulate.landing import join_records, write_file
from simulate.plan import Plan
from simulate.run import simulate
from simulate.stream import Defect

PLAN = Plan(datetime(2026, 1, 1), hours=3, rate=600, seed=5, events_per_file=200)


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def test_file_names_follow_the_arrival_hour(tmp_path: Path) -> None:
    simulate(COMMERCE, PLAN, tmp_path)
    hours = [f"commerce/2026/01/01/{hour:02d}/events_{part:03d}.json.gz" for hour in range(3) for part in range(3)]
    assert list(digests(tmp_path)) == hours


def test_file_names_sort_in_the_order_of_parts() -> None:
    plan = Plan(PLAN.start, hours=1, rate=1_500, events_per_file=1)
    names = [COMMERCE.transport.path(file, 0).name for file in plan.files(plan.parts)]
    assert names == sorted(names)
    assert names[0] == "events_0000.json.gz"


def test_defects_land_before_the_record_at_their_position() -> None:
    lines = pl.Series(["a", "bé", "c"])
    defects = [
        Defect(0, b"X", "rule"),
        Defect(2, b"\xff", "malformed"),
        Defect(2, b"Z", "rule"),
        Defect(3, b"end", "rule"),
    ]
    assert join_records(lines, defects, b"\n") == "X\na\nbé\n".encode() + b"\xff\nZ\nc\nend\n"
    assert join_records(lines.clear(), [], b"\n") == b""
    assert join_records(lines[1:], [Defect(1, b"X", "rule")], b"") == "béXc".encode()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Path, target: Path) -> Path:
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_file(tmp_path / "hour" / "events_000.json.gz", b"{}\n")
    assert not list((tmp_path / "hour").iterdir())
