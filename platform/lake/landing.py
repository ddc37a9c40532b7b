"""The landing zone as the lake sees it: which objects lie there, for which arrival hour, in which version.

Belongs here: what loading asks of a landing zone. Not here: folders and buckets (`resources.landing`), what an object
holds (`events.decode`), or whether it was loaded (`ledger`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from contracts.stream import Stream

# How a refusal begins whose cause is the storage and not the content: it may end without a change of the object.
NOT_READABLE = "not readable"


@dataclass(frozen=True, order=True)
class LandedObject:
    """An object of a stream: its path below the landing zone, the version that its content is told by, bytes, hour.

    `path` is printable (`names.printable_name`). `refused` says why there is nothing that can be opened: a folder that
    cannot be listed (its path ends with a slash), a link to nothing, a pipe. The version then stands for the reason.
    """

    path: str
    version: str
    size: int
    arrival_hour: dt.datetime | None
    refused: str | None = None


class Reader(Protocol):
    """Opens objects of the landing zone."""

    def open(self, landed: LandedObject) -> BinaryIO:
        """The object's bytes.

        Raises `FileNotFoundError` where it has gone, or its content is another by now, and `Unreadable`, here or while
        reading, where the storage does not give this very object (the message begins with `NOT_READABLE`).
        """
        ...


class Landing(Protocol):
    """A landing zone. Names that start with a dot or underscore are not there yet, or not data."""

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        """A stream's objects, by path: those of some arrival hours, or all, also those no hour can be told of."""
        ...

    def strays(self, stream: Stream, window: tuple[dt.datetime, dt.datetime]) -> list[LandedObject]:
        """Objects whose arrival hour is outside `window` or cannot be told, without listing the hours inside it."""
        ...

    def reading(self, objects: Sequence[LandedObject]) -> AbstractContextManager[Reader]:
        """What opens these objects, which will be asked for in about this order, by several threads."""
        ...


def within(hour: dt.datetime | None, window: tuple[dt.datetime, dt.datetime]) -> bool:
    """Whether an arrival hour is known and inside a window, whose end is left out."""
    return hour is not None and window[0] <= hour < window[1]
