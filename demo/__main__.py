"""`python -m demo`, which `make demo` runs: the order of the steps, and what is said when they cannot be done.

Everything slow is imported by the step that needs it, so that the first line comes at once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings

from demo.terminal import Terminal
from scripts import data_folder
from scripts.terminal import Failed, interrupted

NEXT = (
    ("make dev", "the Dagster UI: assets, partitions, checks"),
    ("make rejected STREAM=commerce", "rejected records, and where they lie"),
    ("make status", "what is failed, refused, late or waiting"),
)


def main() -> int:
    """Simulate, load, build gold, report. The exit status is 1 if the demo fails, 130 if it is interrupted."""
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"  # for a helper process of Python, which outlives an interrupted demo
    logging.getLogger().addHandler(logging.NullHandler())  # otherwise Python writes libraries' warnings itself
    terminal = Terminal()
    terminal.say("The demo: two days of events of six streams, loaded and summed up by Dagster")
    try:
        return run(terminal)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        terminal.say("\nStopped. Nothing is lost: run it again, and it goes on from here.")
        interrupted()


def run(terminal: Terminal) -> int:
    """All steps, while no other program uses DATA_DIR."""
    from resources.settings import Misconfigured

    try:
        with data_folder.in_use(data_folder.path(), "demo"):
            return steps(terminal)
    except (Failed, Misconfigured, OSError) as error:
        terminal.say(f"The demo cannot run: {error}")
        return 1


def steps(terminal: Terminal) -> int:
    """Everything between the first line and the last."""
    from demo.events import simulated_events

    signal.siginterrupt(signal.SIGINT, True)  # Polars, imported by now, lets waits go on after Ctrl-C
    truth = simulated_events(terminal)
    with terminal.step("Starting Dagster", 1):
        from demo.runs import Platform, RunFailed

    try:
        with Platform.open(terminal) as platform:
            changed = [platform.ingest(), platform.gold()]
    except RunFailed as error:
        terminal.say(f"A run has failed: {error}")
        return 1
    if not any(changed):
        terminal.say("Nothing has changed since the last run: the tables hold all events already")
    from demo.report import report

    agrees = report(terminal, truth)
    terminal.say("\nTry next")
    terminal.pairs(NEXT)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
