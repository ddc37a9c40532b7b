"""Steps on a terminal and in a pipe, and the end of an interrupted program."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from scripts.data_folder import ROOT
from scripts.terminal import Steps


class Terminal(io.StringIO):
    """A terminal that keeps what it was sent."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file must hold no counters and no control characters."""
    steps = Steps(2)
    with steps.step("first") as show:
        show("1 of 2")
    with steps.step("second"):
        pass
    assert capsys.readouterr().out == "1/2 first ... 0.0 s\n2/2 second ... 0.0 s\n"


def test_a_terminal_gets_a_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter is drawn over by the time, which ends the line."""
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.delenv("TERM", raising=False)
    with Steps(1).step("only") as show:
        show("7 s")
    assert terminal.getvalue() == "only ... \r\x1b[Konly ... 7 s\r\x1b[Konly ... 0.0 s\n"


@pytest.mark.parametrize(("raised", "ending"), [(KeyboardInterrupt, "stopped"), (OSError, "failed")])
def test_a_line_is_never_left_half_drawn(
    capsys: pytest.CaptureFixture[str], raised: type[BaseException], ending: str
) -> None:
    """What is printed next begins on a line of its own."""
    with pytest.raises(raised), Steps(1).step("only"):
        raise raised
    assert capsys.readouterr().out == f"only ... {ending}\n"


def test_text_outside_the_encoding_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder's name must not end a program where the terminal knows only ASCII."""
    plain = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", plain)
    with Steps(1).step("/Käse"):
        pass
    plain.seek(0)
    assert plain.read().startswith("/K?se ... ")


@pytest.mark.parametrize(("level", "status"), [("", 130), ("1", 0)])
def test_an_interrupt_has_the_status_of_one(level: str, status: int) -> None:
    """Under make it is 0, as make itself ends with 130 and would add a line otherwise. No thread delays it."""
    code = "import threading as t\nt.Thread(target=t.Event().wait).start()\n"
    code += "from scripts.terminal import interrupted\ninterrupted('stopped')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={"MAKELEVEL": level}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (status, "stopped\n", "")
