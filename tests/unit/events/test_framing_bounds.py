"""Framing hostile content takes little memory, and every record is accounted for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import events

SCRIPT = Path(__file__).with_name("peak.py")
MIB = 320  # the largest record is 16 MiB, and there are several copies while it is cut
RECORDS = {  # by case, the number of records and how many of them are oversize
    "line": (1, 1),
    "blank lines": (0, 0),
    "tiny lines": (1_000_000, 0),
    "tiny objects": (1_000_000, 0),
    "keys": (1, 0),
    "deep": (1, 0),
    "deep lists": (1, 0),
    "string": (1, 1),
    "element": (1, 1),
    "space": (40, 0),
    "bare lines": (0, 0),
    "returns": (0, 0),
    "broad lines": (0, 0),
    "commas": (1, 0),
    "brackets": (0, 0),
    "blank rows": (0, 0),
    "escaped quotes": (1, 0),
    "returns in objects": (1, 0),
    "open quote": (1_000_001, 0),
    "broken quotes": (100_000, 0),
}


@pytest.fixture(scope="module")
def measured() -> dict[str, list[int]]:
    """Records, oversize records and peak memory by case, measured in a separate process."""
    source_root = str(Path(events.__path__[0]).parent)
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env=os.environ | {"PYTHONPATH": source_root},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("case", RECORDS)
def test_what_is_whole_or_too_large_is_one_record(measured: dict[str, list[int]], case: str) -> None:
    """Size, depth and number do not split a record."""
    assert tuple(measured[case][:2]) == RECORDS[case]


@pytest.mark.parametrize("case", ["truncated", "braces"])
def test_what_is_broken_all_through_is_many_records(measured: dict[str, list[int]], case: str) -> None:
    """Garbage is cut into pieces. Only a few braces are tried as the start of an object, so it takes no longer."""
    records, oversize, _ = measured[case]
    assert (1_000 < records < 100_000, oversize) == (True, 0)


def test_memory_does_not_grow_with_the_content(measured: dict[str, list[int]]) -> None:
    """A zip bomb must not end the run, and with it all other files of the hour."""
    assert max(peak for *_, peak in measured.values()) < MIB
