"""The command line: `python -m simulate all --start 2026-01-01T00 --hours 48 --rate 4200 --landing DIR`.

It turns arguments into a plan, runs the simulator and writes the truth file.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path

from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.stream import Stream
from simulate.streams import STREAMS
from simulate.truth import Truth, by_stream, save

ALL = "all"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simulate", description="Lands files of simulated events and writes what must become of them."
    )
    parser.add_argument("stream", choices=[*sorted(STREAMS), ALL])
    parser.add_argument(
        "--start", required=True, type=datetime.fromisoformat, help="first arrival hour, UTC: 2026-01-01T00"
    )
    parser.add_argument("--hours", type=int, default=24, help="arrival hours (default %(default)s)")
    parser.add_argument(
        "--rate", type=int, default=4200, help="records per hour and stream, about (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other events (default %(default)s)")
    parser.add_argument(
        "--landing", required=True, type=Path, help="the landing zone; files go to folders of LANDING/STREAM"
    )
    parser.add_argument("--truth", type=Path, help="the truth file to write (JSON); for `all`, one object per stream")
    parser.add_argument(
        "--events-per-file", type=int, default=100_000, help="(default %(default)s; an hour has at least two files)"
    )
    parser.add_argument("--people", type=int, default=0, help="people at the start (default: follows from the rate)")
    parser.add_argument("--days-late", type=int, default=7, help="the latest arrive so late (default %(default)s)")
    parser.add_argument("--canaries", action="store_true", help="plant recognisable personal values")
    parser.add_argument("--workers", type=int, default=0, help="threads (default: one per core, at most four)")
    shares = parser.add_argument_group("shares", "defects as fractions of the good events (late: of the sessions)")
    shares.add_argument("--clean", action="store_true", help="no defects, except for the shares given")
    for field in fields(Shares):
        shares.add_argument(f"--{field.name}", type=float, metavar="SHARE", help=f"(default {field.default})")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. A plan with impossible values is a usage error (exit status 2)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        plan = _plan(options)
    except ValueError as error:
        parser.error(str(error))
    streams = STREAMS.values() if options.stream == ALL else [STREAMS[options.stream]]
    truths = [_land(stream, plan, options.landing, options.workers) for stream in streams]
    if options.truth:
        save(by_stream(truths) if options.stream == ALL else truths[0].as_dict(), options.truth)


def _plan(options: argparse.Namespace) -> Plan:
    base = Shares.none() if options.clean else Shares()
    given = {field.name: getattr(options, field.name) for field in fields(Shares)}
    shares = {name: getattr(base, name) if share is None else share for name, share in given.items()}
    names = ("start", "hours", "rate", "seed", "events_per_file", "people", "days_late", "canaries")
    return Plan(**{name: getattr(options, name) for name in names}, shares=Shares(**shares))


def _land(stream: Stream, plan: Plan, landing: Path, workers: int) -> Truth:
    """Simulate one stream and report it on stderr."""
    started = time.perf_counter()
    truth = simulate(stream, plan, landing, workers)
    seconds = time.perf_counter() - started
    print(
        f"{stream.name}: {truth.landed:,} records ({truth.rejected.total():,} to be rejected) in "
        f"{truth.files:,} files, {truth.bytes:,} bytes; {seconds:.1f} s, {truth.landed / seconds:,.0f} records/s",
        file=sys.stderr,
    )
    return truth


if __name__ == "__main__":
    main()
