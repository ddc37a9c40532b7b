"""Events: two days that have just ended, simulated once and kept with their truth.

Belongs here: which days, and the files that remember them. Not here: how events are made (`simulate`).
"""

from __future__ import annotations

import datetime as dt
import json
import signal
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.terminal import Terminal
from partitions import hour_of, key_of
from resources.environment import begin_recently, data_dir, first_hour
from resources.settings import Misconfigured

if TYPE_CHECKING:
    from simulate.plan import Plan

HOURS, RATE = 49, 750  # two days, and the first hour of the third, so that both are complete; events an hour and stream
PROCESSES = 2
Truth = dict[str, Any]


def simulated_events(terminal: Terminal) -> Truth:
    """The truth of each stream, by its name. The events are simulated if there is no truth file.

    Raises `Misconfigured` if the first partition is later than the events.
    """
    file = data_dir() / "truth.json"
    if not file.exists():
        now = dt.datetime.now(dt.UTC)
        begin_recently(now)
        start = kept_start(now)
        if start < first_hour():
            raise Misconfigured(f"FIRST_HOUR is later than the demo's events, which begin at {key_of(start)}: unset it")
        _simulate(terminal, start)
    streams: Truth = json.loads(file.read_text())["streams"]
    return streams


def two_days_before(now: dt.datetime) -> dt.datetime:
    """When the last two days began that are over, together with the first hour of the day after them."""
    last = (now - dt.timedelta(hours=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return last - dt.timedelta(days=2)


def kept_start(now: dt.datetime) -> dt.datetime:
    """When the demo's events begin. It is kept: an interrupted simulation is repeated for the same days."""
    file = data_dir() / "demo_start"
    if not file.exists():
        file.write_text(f"{key_of(two_days_before(now))}\n")
    return hour_of(file.read_text().strip())


def _simulate(terminal: Terminal, start: dt.datetime) -> None:
    """Simulate the streams, two at a time: a process each, because most of the work holds Python's lock."""
    from simulate.plan import Plan
    from simulate.streams import STREAMS
    from simulate.truth import save

    plan = Plan(start.replace(tzinfo=None), hours=HOURS, rate=RATE, seed=int(start.strftime("%Y%m%d")))
    text, truths = f"Simulating {HOURS} hours of events from {start:%Y-%m-%d}", {}
    # An interrupt ends the processes through this one, which leaves the pool.
    with (
        terminal.step(text, len(STREAMS)) as advance,
        get_context("spawn").Pool(PROCESSES, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool,
    ):
        for name, truth in pool.imap_unordered(partial(_simulate_stream, plan, data_dir() / "landing"), STREAMS):
            truths[name] = truth
            advance(1)
    save({"streams": {name: truths[name] for name in STREAMS}}, data_dir() / "truth.json")


def _simulate_stream(plan: Plan, landing: Path, name: str) -> tuple[str, Truth]:
    from simulate.run import simulate
    from simulate.streams import STREAMS

    return name, simulate(STREAMS[name], plan, landing, workers=1).as_dict()
