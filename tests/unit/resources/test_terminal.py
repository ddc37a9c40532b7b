"""Lines that a command prints, also when nobody reads them to the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "platform"
MANY = "from resources.terminal import print_lines; print_lines(str(number) for number in range(1_000_000))"


def test_a_closed_pipe_ends_the_lines_quietly() -> None:
    """`make status | head` is no error."""
    with subprocess.Popen(
        [sys.executable, "-c", MANY], cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
