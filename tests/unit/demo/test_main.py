"""What the demo says when it cannot run."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from demo import __main__ as program
from demo.__main__ import CannotRun, alone, run
from demo.terminal import Terminal


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    """They would run the same hours at once. When the first has ended, the next may run."""
    with alone(tmp_path), pytest.raises(CannotRun, match="another one is running in"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with a stack of calls."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    file = io.StringIO()

    def fail(_: Terminal) -> int:
        raise PermissionError(13, "Permission denied", "/data")

    monkeypatch.setattr(program, "steps", fail)
    assert run(Terminal(Console(file=file, width=200))) == 1
    assert file.getvalue() == "The demo cannot run: [Errno 13] Permission denied: '/data'\n"
