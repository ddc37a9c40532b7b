"""List rejected records on a terminal: `python -m resources.list_rejected <stream> [<hour>]`.

Belongs here: the command line. Not here: what is listed (`lake.rejected_summary`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
from collections.abc import Sequence

from contracts import STREAMS
from lake.rejected_summary import rejected_lines
from lake.tables import Lake
from partitions import hour_of
from resources.environment import make
from resources.terminal import print_lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the rejected records. An unknown stream or a malformed hour is a usage error (exit status 2)."""
    streams = {stream.name: stream for stream in STREAMS}
    parser = argparse.ArgumentParser(prog="rejected", description="Lists a stream's rejected records and the reasons.")
    parser.add_argument("stream", choices=streams)
    parser.add_argument("hour", nargs="?", type=_hour, help="an arrival hour, UTC: 2026-01-01-00:00 (default: newest)")
    given = parser.parse_args(arguments)
    lake: Lake = make("lake", STREAMS, logging.getLogger(__name__))
    print_lines(rejected_lines(lake, streams[given.stream], given.hour))


def _hour(key: str) -> dt.datetime:
    try:
        hour = hour_of(key)
    except ValueError:
        hour = None
    if hour is None or hour.minute:
        raise argparse.ArgumentTypeError(f"expected an arrival hour such as 2026-01-01-00:00, found {key!r}")
    return hour


if __name__ == "__main__":
    main()
