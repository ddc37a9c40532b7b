"""Listing: what is rejected of a stream, on a terminal: `python -m assets.listing <stream> [<hour>]`.

Belongs here: the command line and its lines. Not here: how rows are summed up (`rejected`).
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
from collections.abc import Iterator, Sequence

import polars as pl
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.table import Table

from assets.describe import printable
from assets.rejected import READ, groups, place
from contracts import STREAMS
from contracts.stream import Stream
from lake.judge_silver import SnapshotSet
from lake.reading import files_of, read, read_hours
from lake.schemas import Layer
from lake.tables import Lake
from partitions import hour_of, key_of
from resources.environment import make

LISTED_HOURS = 24


def listing(lake: Lake, stream: Stream, hour: dt.datetime | None = None) -> Iterator[str]:
    """Lines for a terminal: what is rejected of a stream, newest hours first, or of one hour."""
    silver, rejected = (_stored(lake, layer, stream) for layer in (Layer.SILVER, Layer.REJECTED))
    snapshot = SnapshotSet.by(silver).rejected if silver else None
    hours = _hours(rejected, snapshot) if rejected and snapshot else []
    chosen = hours[:LISTED_HOURS] if hour is None else [hour] if hour in hours else []
    if not rejected or not chosen:
        yield f"{stream.name}: nothing is rejected" + (f" of {key_of(hour)}" if hour else "")
        return
    found = groups(read_hours(rejected, chosen, list(READ), snapshot))
    for at in chosen:
        mine = found.filter(pl.col("hour") == at)
        yield f"{stream.name} {key_of(at)}: {mine['records'].sum():,} rejected"
        for row in mine.iter_rows(named=True):
            yield f"  {row['reason']:<10} {row['column'] or '':<24} {row['records']:>9,}"
            yield from (f"      {place(example)}  {printable(example['detail'] or '')}" for example in row["examples"])
    if hour is None and len(hours) > len(chosen):
        earlier = f"{len(hours) - len(chosen):,}, back to {key_of(hours[-1])}"
        yield f"earlier hours with rejected records: {earlier}; name one to see it"


def _stored(lake: Lake, layer: Layer, stream: Stream) -> Table | None:
    """A table as it is: looking at it neither creates nor changes it."""
    try:
        return lake.load((layer.value, stream.name))
    except NoSuchTableError:
        return None


def _hours(rejected: Table, snapshot: int) -> list[dt.datetime]:
    """The arrival hours of a snapshot's rows, newest first."""
    batches = read(rejected, files_of(rejected, snapshot_id=snapshot), ["_arrival_hour"])
    return sorted({hour for batch in batches for hour in batch.column(0).unique().to_pylist()}, reverse=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line; an unknown stream or a malformed hour is a usage error (exit status 2)."""
    streams = {stream.name: stream for stream in STREAMS}
    parser = argparse.ArgumentParser(prog="rejected", description="What is rejected of a stream, and why.")
    parser.add_argument("stream", choices=streams)
    parser.add_argument("hour", nargs="?", type=_hour, help="an arrival hour, UTC: 2026-01-01-00:00 (default: newest)")
    given = parser.parse_args(arguments)
    lake: Lake = make("lake", STREAMS, logging.getLogger(__name__))
    for line in listing(lake, streams[given.stream], given.hour):
        print(line)


def _hour(key: str) -> dt.datetime:
    try:
        hour = hour_of(key)
    except ValueError:
        hour = None
    if hour is None or hour.minute:
        raise argparse.ArgumentTypeError(f"{key!r} is no arrival hour; one is written 2026-01-01-00:00")
    return hour


if __name__ == "__main__":
    main()
