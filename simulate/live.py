"""The live simulator: lands events of all streams as they happen, until it is stopped.

    python -m simulate.live --rate 500 --landing DIR

Every few seconds each stream lands one file of the events of these seconds. Belongs here: the clock and the pace. Not
here: what the events say.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from simulate.plan import Plan, PlannedFile
from simulate.run import land
from simulate.stream import Stream
from simulate.streams import STREAMS

HOUR_S = 3600


def slot(now: float, every: int) -> int:
    """The number of the slot of `every` seconds, counted from 1970."""
    return int(now) // every


def planned(stream: Stream, number: int, rate: float, every: int) -> PlannedFile:
    """The file of one slot, with about `rate` events for each of its seconds.

    Each hour is a plan of its own, and each file is made by itself: the plan's blocks are as small as its files.
    """
    start = dt.datetime.fromtimestamp(number * every, dt.UTC).replace(tzinfo=None)
    hour = start.replace(minute=0, second=0)
    an_hour, parts = max(1, round(rate * HOUR_S)), HOUR_S // every
    seed = int(hour.replace(tzinfo=dt.UTC).timestamp()) // HOUR_S
    plan = Plan(hour, 1, an_hour, seed, events_per_file=max(1, an_hour // parts))
    return PlannedFile(plan, 0, (start - hour).seconds // every, parts)


def run(
    streams: Sequence[Stream],
    rate: float,
    landing: Path,
    every: int,
    slots: int | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Land each slot when it is over, for a number of slots or for ever; returns how many events have landed.

    `rate`: events a second of all streams together. A slot that could not be landed in time is landed late: none is
    left out.
    """
    number, landed = slot(clock(), every), 0
    while slots is None or slots > 0:
        sleep(max(0.0, (number + 1) * every - clock()))
        for stream in streams:
            file = planned(stream, number, rate / len(streams), every)
            landed += land(stream, file, landing).total
        slots = None if slots is None else slots - 1
        number += 1
        behind = clock() - number * every
        print(f"{landed:,} events landed; {behind:.1f} s behind", file=sys.stderr, end="\r", flush=True)
    return landed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="simulate.live", description="Lands events of all streams as they happen.")
    parser.add_argument("--rate", type=float, default=500, help="events a second, of all streams (default %(default)s)")
    parser.add_argument("--every", type=int, default=5, help="seconds of events in a file (default %(default)s)")
    parser.add_argument("--seconds", type=int, help="how long to run (default: until Ctrl-C)")
    parser.add_argument("--landing", required=True, type=Path, help="the landing zone")
    options = parser.parse_args(arguments)
    if options.rate <= 0 or options.every < 1 or HOUR_S % options.every:
        parser.error("expected a rate above 0, and seconds that divide an hour")
    slots = None if options.seconds is None else max(1, options.seconds // options.every)
    try:
        run([*STREAMS.values()], options.rate, options.landing, options.every, slots)
    except KeyboardInterrupt:
        print(file=sys.stderr)


if __name__ == "__main__":
    main()
