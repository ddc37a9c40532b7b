"""Positions: the offset that follows the last landed message of each partition.

The newest object of a partition tells it by its last line. Recent hours are listed first, then all. If the landing zone
no longer holds the partition's objects, the ledger names the newest one, and bronze has its rows.

Belongs here: finding the newest objects and reading their last offsets. Not here: what follows from that (`progress`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

from contracts.stream import Stream
from events.compression import Unreadable, blocks
from lake.kafka.messages import offset_in
from lake.kafka.names import ObjectName
from lake.landing import LandedObject, Landing
from lake.ledger import ledger_rows
from lake.reading import as_frame, files_of_hours, read
from lake.schemas import LEDGER, Layer
from lake.tables import Lake

HOUR = dt.timedelta(hours=1)
SPANS_HOURS: tuple[int | None, ...] = (3, 48, None)  # how far back the landing zone is listed; None: all of it


class PositionUnknown(Exception):
    """The last offset of a landed object cannot be read; the message names the object and says what to do."""


@dataclass(frozen=True)
class Landed:
    """What has landed of a topic: by partition the offset that follows, and an id that the topic had before."""

    following: Mapping[int, int | None]
    earlier_id: str | None


def landed_positions(
    lake: Lake, landing: Landing, stream: Stream, topic: str, topic_id: str, partitions: Sequence[int], now: dt.datetime
) -> Landed:
    """The offsets that follow the landed messages of some partitions; None where nothing has landed.

    Raises `PositionUnknown`.
    """
    following: dict[int, int | None] = dict.fromkeys(partitions)
    objects = _objects(landing, stream, topic, topic_id, partitions, now)
    for number, name in newest_names(objects, topic_id).items():
        if number in following:
            following[number] = _last_offset(landing, objects[name]) + 1
    missing = {number for number, offset in following.items() if offset is None}
    loaded = _loaded(lake, stream, topic) if missing else {}
    for number, name in newest_names(loaded, topic_id).items():
        if number in missing:
            following[number] = _following_in_bronze(lake, stream, *loaded[name])
    return Landed(following, _some_id(objects, topic_id) or _some_id(loaded, topic_id))


def _objects(
    landing: Landing, stream: Stream, topic: str, topic_id: str, partitions: Sequence[int], now: dt.datetime
) -> dict[ObjectName, LandedObject]:
    """Objects of the topic, of as many hours as are needed to find some of each partition."""
    found: dict[ObjectName, LandedObject] = {}
    for span in SPANS_HOURS:
        if set(partitions) <= {name.partition for name in found if name.topic_id == topic_id}:
            break
        hours = None if span is None else [_this_hour(now) - index * HOUR for index in range(-1, span)]
        found |= {name: landed for landed in landing.objects(stream, hours) for name in _of(landed.path, topic)}
    return found


def _loaded(lake: Lake, stream: Stream, topic: str) -> dict[ObjectName, tuple[str, dt.datetime]]:
    """Path and hour of the topic's objects that bronze holds, by the ledger."""
    table = lake.existing(Layer.LEDGER, stream)
    rows = ledger_rows(table, None) if table else pl.DataFrame(schema=LEDGER)
    held = rows.filter(pl.col("current") & (pl.col("records") > 0)).select("path", "arrival_hour")
    return {name: (path, hour) for path, hour in held.iter_rows() for name in _of(path, topic)}


def newest_names(names: Iterable[ObjectName], topic_id: str) -> dict[int, ObjectName]:
    """The newest object of each partition: the one with the highest offset, whatever its hour."""
    return {name.partition: name for name in sorted(names) if name.topic_id == topic_id}


def _some_id(names: Iterable[ObjectName], topic_id: str) -> str | None:
    """The given id if an object has it, else the id of any object."""
    ids = {name.topic_id for name in names}
    return topic_id if topic_id in ids else min(ids, default=None)


def _of(path: str, topic: str) -> Iterator[ObjectName]:
    name = ObjectName.of(path)
    if name and name.topic == topic:
        yield name


def _this_hour(now: dt.datetime) -> dt.datetime:
    return now.replace(minute=0, second=0, microsecond=0)


def _last_offset(landing: Landing, landed: LandedObject) -> int:
    try:
        with landing.reading([landed]) as reader, reader.open(landed) as source:
            return offset_in(last_line(source, landed.path))
    except (Unreadable, ValueError) as error:
        raise PositionUnknown(
            f"{landed.path} is the newest object of its partition, and its last offset cannot be read: {error}. "
            "Restore the object, or delete it: then its messages are drained again into the same path."
        ) from error


def last_line(source: BinaryIO, name: str) -> bytes:
    """The last line of an object that is not empty. Raises `Unreadable`."""
    tail = b""
    for block in blocks(source, name):
        lines = (tail + block).rstrip(b"\n")
        tail = lines[lines.rfind(b"\n") + 1 :] + b"\n" * block.endswith(b"\n")
    return tail.rstrip(b"\n")


def _following_in_bronze(lake: Lake, stream: Stream, path: str, hour: dt.datetime) -> int:
    """The offset that follows an object's last message, by its rows in bronze."""
    table = lake.table(Layer.BRONZE, stream)
    batches = read(table, files_of_hours(table, [hour]), ["_source_file", "_line", "raw"])
    rows = [as_frame(batch).filter(pl.col("_source_file") == path) for batch in batches]
    found = pl.concat(rows).sort("_line") if rows else pl.DataFrame(schema={"_line": pl.Int64, "raw": pl.Binary})
    return following_of(found["_line"].to_list(), found["raw"].to_list(), path)


def following_of(lines: Sequence[int], raw: Sequence[bytes | None], path: str) -> int:
    """The offset after the last of an object's records, given in order.

    Bronze has no bytes of some records, such as those that are too large. Each of these counts as one offset. Raises
    `PositionUnknown` if it has no bytes of any.
    """
    for line, record in zip(reversed(lines), reversed(raw), strict=True):
        if record is not None:
            return offset_in(record) + lines[-1] - line + 1
    raise PositionUnknown(f"{path} is the newest object of its partition, and bronze has no bytes of its records")
