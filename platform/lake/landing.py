"""Landing zone: the protocol for listing and opening landed objects.

Belongs here: what the lake asks of any landing zone. Not here: folders and buckets (`resources.landing`), what an
object holds (`events.decode`), whether it was loaded (`ledger`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from contracts.stream import Stream
from partitions import Window

# A refusal that begins so was caused by the storage. The object may become readable without changing.
NOT_READABLE = "not readable"


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

    def objects_outside(self, stream: Stream, window: Window) -> list[LandedObject]:
        """Objects whose arrival hour is unknown or outside the window. Does not list the hours inside it."""
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
