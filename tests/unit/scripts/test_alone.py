"""A program that has the data folder for itself keeps its own exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.data_folder import ROOT, in_use


@pytest.mark.parametrize(
    ("code", "level", "status"),
    [
        ("print('well')", "", 0),
        ("import sys; sys.exit(1)", "1", 1),
        ("import sys; sys.exit(130)", "", 130),
        ("import sys; sys.exit(130)", "1", 0),
        ("raise KeyboardInterrupt", "", 130),
    ],
)
def test_the_status_is_the_programs(tmp_path: Path, code: str, level: str, status: int) -> None:
    """Only an interrupt is 0 under make, which ends with 130 by itself."""
    done = alone(tmp_path, code, level)
    assert (done.returncode, done.stderr) == (status, "")


def test_a_second_program_is_refused(tmp_path: Path) -> None:
    """It says who is first."""
    with in_use(tmp_path, "dev"):
        done = alone(tmp_path, "print('well')", "1")
    assert done.returncode == 1
    assert f"`make dev` (process {os.getpid()}) is using {tmp_path}: `make stop` ends it" in done.stdout


def alone(folder: Path, code: str, level: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(code)
    environment = {"PATH": "/usr/bin:/bin", "DATA_DIR": str(folder), "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "scripts.alone", "program"],
        cwd=ROOT,
        env=environment | ({"MAKELEVEL": level} if level else {}),
        capture_output=True,
        text=True,
        check=False,
    )
