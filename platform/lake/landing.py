"""Landing zone: the protocol for listing and opening landed objects.

Belongs here: what the lake asks of any landing zone. Not here: folders and buckets (`resources.landing`), what an
object holds (`events.decode`), whether it was loaded (`ledger`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from contracts.stream import Stream
from partitions import Window

# A refusal that begins so was caused by the storage. The object may become readable without changing.
NOT_READABLE = "not readable"


class NoticesFailed(Exception):
    """The storage's reports of new objects cannot be received; the message says why."""


@dataclass(frozen=True, order=True)
class LandedObject:
    """An object of a stream: path below the landing zone, version of its content, size in bytes, arrival hour if known.

    `path` is printable (`names.printable_name`). `refused` says why the object cannot be opened: a folder that cannot
    be listed (its path ends with a slash), a link to nothing, a pipe. `version` then identifies the reason.
    """

    path: str
    version: str
    size: int
    arrival_hour: dt.datetime | None
    refused: str | None = None


@dataclass(frozen=True)
class HourListing:
    """What an arrival hour holds: the number of its objects, and a digest that differs when any of them differs.

    `make` makes the objects. Most listings are like the last one of the same hour, and then nobody needs them.
    """

    hour: dt.datetime
    count: int
    digest: bytes
    make: Callable[[], list[LandedObject]]


@dataclass(frozen=True)
class ZoneSurvey:
    """The arrival hours inside a window that have a folder, and the objects that are in none of these hours."""

    hours: list[dt.datetime]
    outside: list[LandedObject]


class Reader(Protocol):
    """Opens objects of the landing zone."""

    def open(self, landed: LandedObject) -> BinaryIO:
        """The object's bytes.

        Raises `FileNotFoundError` if it is gone or has another version now. Raises `Unreadable`, here or while reading,
        if the storage does not give this object; the message begins with `NOT_READABLE`.
        """
        ...


class Landing(Protocol):
    """A landing zone. Names that start with a dot or an underscore are left out: unfinished uploads, or no data."""

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        """A stream's objects, sorted by path: those of some arrival hours, or all, also those without a known hour."""
        ...

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        """One listing for each of some arrival hours, also for an empty one."""
        ...

    def survey(self, stream: Stream, window: Window) -> ZoneSurvey:
        """Which hours there are, and what is outside of them. Does not list the hours inside the window."""
        ...

    def objects_outside(self, stream: Stream, window: Window) -> list[LandedObject]:
        """Objects whose arrival hour is unknown or outside the window: those of `survey`."""
        ...

    def noticed(self, wait_s: float) -> list[str]:
        """Paths of objects that the storage has reported since the last call; waits up to `wait_s` for the first one.

        A hint: paths may be missing, repeated, in any order, or of objects that are gone. Empty if nothing reports.
        Raises `NoticesFailed`.
        """
        ...

    def reading(self, objects: Sequence[LandedObject]) -> AbstractContextManager[Reader]:
        """A reader of these objects, which several threads will open in about this order."""
        ...


class LandingStore(Protocol):
    """A landing zone as a drain writes to it. Paths are below the landing zone."""

    def create(self, path: str, content: bytes) -> bool:
        """Create an object, whole or not at all. False if there is one already, which then stays as it is."""
        ...

    def read(self, path: str) -> bytes:
        """An object's bytes. Raises `FileNotFoundError` if there is none."""
        ...
