"""What the scripts print: steps with their number and time, and how a program ends that was interrupted.

On a terminal a step has a counter, which is drawn over itself. Elsewhere each step is one plain line.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

Show = Callable[[str], None]


class Failed(Exception):
    """A script cannot go on. The message says why and what to do."""


class Steps:
    """Numbered steps, each printed when it begins, with its time when it ends."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = 0

    @contextmanager
    def step(self, text: str) -> Iterator[Show]:
        """Print one step. Gives a function that shows how far the step is."""
        self.begun += 1
        number = f"{self.begun}/{self.total} " if self.total > 1 else ""
        line, started, ending = f"{number}{text} ... ", time.monotonic(), "failed"
        live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        say(line, end="")
        try:
            yield lambda counter: say(f"\r\x1b[K{line}{counter}", end="") if live else None
            ending = f"{time.monotonic() - started:.1f} s"
        except KeyboardInterrupt:
            ending = "stopped"
            raise
        finally:
            say(f"\r\x1b[K{line}{ending}" if live else ending)


def say(text: str, end: str = "\n") -> None:
    """Print at once, in any encoding."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), end=end, flush=True)


def interrupted(state: str = "") -> NoReturn:
    """Say what state things are in, and exit as an interrupted program does, with 130, whatever threads still run.

    Under make the status is 0: make was interrupted as well and exits with 130 by itself. For any other status it would
    print a line of its own.
    """
    if state:
        say(state)
    sys.stdout.flush()
    os._exit(0 if os.environ.get("MAKELEVEL") else 130)
