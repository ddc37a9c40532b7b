"""Terminal: plain lines, and a bar while something takes long.

The bar is drawn on a terminal only, and not with NO_COLOR. Otherwise all output is whole lines.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

Advance = Callable[[float], None]


def _own_stdout() -> TextIO:
    """Standard output under another number: Dagster takes what is written to the usual one for a run's log."""
    return os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding)


class Terminal:
    """Where the demo writes."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=_own_stdout(), highlight=False, markup=False, emoji=False)
        self.animated = self.console.is_terminal and not self.console.no_color

    def say(self, text: str) -> None:
        """Write a line, or several."""
        self.console.print(text, soft_wrap=True)

    @contextmanager
    def step(self, text: str, total: float) -> Iterator[Advance]:
        """Show how far a step is, and its time at the end. The step calls what it is given with what it has done."""
        started = time.monotonic()
        columns = (
            SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(16), TaskProgressColumn(),
            TimeElapsedColumn(),
        )  # fmt: skip
        if not self.animated:
            self.say(f"{text} ...")
        with Progress(*columns, console=self.console, transient=True, disable=not self.animated) as progress:
            task = progress.add_task(text, total=total)
            yield lambda done: progress.advance(task, done)
        took = f"{time.monotonic() - started:.1f} s"
        self.say(f"{text}: {took}" if self.animated else f"  done in {took}")

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write names and values in two columns."""
        names, values = zip(*pairs, strict=True)
        for name, value in zip(names, values, strict=True):
            self.say(f"  {name:<{max(map(len, names))}}  {value}")

    def counts(self, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Write a table of numbers. Each row has a name and a number for each column; zeros are left blank."""
        table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="none")
        table.add_column("", no_wrap=True)
        for column in columns:
            table.add_column(column, justify="right", no_wrap=True)
        for name, numbers in rows:
            table.add_row(f"  {name}", *(f"{number:,}" if number else "" for number in numbers))
        self.console.print(table)
