"""What the demo says when it cannot run."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from demo import __main__ as program
from demo.__main__ import run
from demo.terminal import Terminal
from scripts.data_folder import in_use


def test_two_demos_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would run the same hours at once."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    file = io.StringIO()
    with in_use(tmp_path, "demo"):
        assert run(Terminal(Console(file=file, width=200))) == 1
    assert file.getvalue().startswith(f"The demo cannot run: `make demo` (process {os.getpid()}) is using {tmp_path}: ")


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with a stack of calls."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    file = io.StringIO()

    def fail(_: Terminal) -> int:
        raise PermissionError(13, "Permission denied", "/data")

    monkeypatch.setattr(program, "steps", fail)
    assert run(Terminal(Console(file=file, width=200))) == 1
    assert file.getvalue() == "The demo cannot run: [Errno 13] Permission denied: '/data'\n"
