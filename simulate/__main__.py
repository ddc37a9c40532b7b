"""The command line: `python -m simulate all --start 2026-01-01T00 --hours 48 --rate 4200 --landing DIR`.

Arguments become a plan here; nothing else does.
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
from simulate.truth import Truth, save, together

ALL = "all"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="simulate", description="Lands events whose outcome is known beforehand.")
    parser.add_argument("stream", choices=[*sorted(STREAMS), ALL])
    parser.add_argument(
        "--start", required=True, type=datetime.fromisoformat, help="first arrival hour, UTC: 2026-01-01T00"
    )
    parser.add_argument("--hours", type=int, default=24, help="arrival hours (default %(default)s)")
    parser.add_argument(
        "--rate", type=int, default=4200, help="records per hour and stream, about (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, other events (default %(default)s)")
    parser.add_argument(
        "--landing", required=True, type=Path, help="the landing zone: files go to folders of LANDING/STREAM"
    )
    parser.add_argument("--truth", type=Path, help="where to write the truth (JSON); of all streams, by stream")
    parser.add_argument(
        "--events-per-file", type=int, default=100_000, help="(default %(default)s, at least two files an hour)"
    )
    parser.add_argument("--people", type=int, default=0, help="size of the pool of people (default: from the rate)")
    parser.add_argument("--canaries", action="store_true", help="plant recognisable personal values")
    parser.add_argument("--workers", type=int, default=0, help="files made at once (default: one per core, up to four)")
    shares = parser.add_argument_group("shares", "fractions of the good events (late: of the sessions)")
    shares.add_argument("--clean", action="store_true", help="no defects, except for shares that are given")
    for field in fields(Shares):
        shares.add_argument(f"--{field.name}", type=float, metavar="SHARE", help=f"(default {field.default})")
    return parser


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line; a plan that cannot be is a usage error (exit status 2)."""
    parser = _parser()
    given = parser.parse_args(arguments)
    base = Shares.none() if given.clean else Shares()
    try:
        shares = {field.name: getattr(given, field.name) for field in fields(Shares)}
        chosen = {name: getattr(base, name) if share is None else share for name, share in shares.items()}
        names = ("start", "hours", "rate", "seed", "events_per_file", "people", "canaries")
        plan = Plan(**{name: getattr(given, name) for name in names}, shares=Shares(**chosen))
    except ValueError as error:
        parser.error(str(error))
    streams = STREAMS.values() if given.stream == ALL else [STREAMS[given.stream]]
    truths = [_told(stream, plan, given.landing, given.workers) for stream in streams]
    if given.truth:
        save(together(truths) if given.stream == ALL else truths[0].figures(), given.truth)


def _told(stream: Stream, plan: Plan, landing: Path, workers: int) -> Truth:
    began = time.perf_counter()
    truth = simulate(stream, plan, landing, workers)
    seconds = time.perf_counter() - began
    print(
        f"{stream.name}: {truth.landed:,} records ({truth.rejected.total():,} to be rejected) in "
        f"{truth.files:,} files, {truth.bytes:,} bytes; {seconds:.1f} s, {truth.landed / seconds:,.0f} records/s",
        file=sys.stderr,
    )
    return truth


if __name__ == "__main__":
    main()
