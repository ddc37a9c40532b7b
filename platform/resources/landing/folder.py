"""The landing zone that is a folder.

Belongs here: listing and opening its objects. Not here: the landing zone that is a bucket (`s3`), how a folder is
walked (`walk`), what a landing zone is (`lake.landing`).
"""

from __future__ import annotations

import datetime as dt
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from contracts.stream import Stream
from events.compression import Unreadable
from lake.landing import NOT_READABLE, LandedObject, Reader
from partitions import inside_window
from resources.landing.names import original_name
from resources.landing.walk import Parts, of_one_file, version_of, walk


@dataclass(frozen=True)
class FolderLanding:
    """A landing zone that is a folder.

    A link to a file is read as a file. A link to a folder is followed where that folder lies outside the stream's
    own, and once: a link found behind it is not. So no loop is walked and nothing is listed under two names.
    """

    root: Path

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        if hours is None:
            return sorted(self._landed(stream, lambda _: True))
        wanted = {tuple(hour.strftime(layout.folder).split("/")) for layout in stream.layouts for hour in hours}
        found = self._landed(stream, lambda parts: any(_share(parts, folder) for folder in wanted))
        return sorted(landed for landed in found if landed.arrival_hour in hours)

    def objects_outside(self, stream: Stream, window: tuple[dt.datetime, dt.datetime]) -> list[LandedObject]:
        def outside(parts: Parts) -> bool:
            return not any(layout.covers(parts, window) for layout in stream.layouts)

        return sorted(o for o in self._landed(stream, outside) if not inside_window(o.arrival_hour, window))

    def reading(self, objects: Sequence[LandedObject]) -> AbstractContextManager[Reader]:
        return nullcontext(self)

    def open(self, landed: LandedObject) -> BinaryIO:
        path = b"/".join([os.fsencode(self.root), original_name(landed.path)])
        try:
            source = _Source(path, opener=_without_waiting)
        except OSError as error:
            raise _unreadable(error) from error
        if version_of(os.fstat(source.fileno())) != landed.version:
            source.close()
            raise FileNotFoundError(f"{landed.path} has changed since it was listed")
        return cast(BinaryIO, io.BufferedReader(source))

    def _landed(self, stream: Stream, enter: Callable[[Parts], bool]) -> Iterator[LandedObject]:
        for found in walk(os.fsencode(self.root / stream.folder), enter):
            hour = stream.arrival_hour(found.relative)
            yield LandedObject(f"{stream.folder}/{found.relative}", found.version, found.size, hour, found.refused)


class _Source(io.FileIO):
    """A file being read, whose own faults say that it cannot be read."""

    def readinto(self, buffer: Any) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise _unreadable(error) from error

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            raise _unreadable(error) from error


def _unreadable(error: OSError) -> Exception:
    return Unreadable(f"{NOT_READABLE}: {error.strerror or error}") if of_one_file(error) else error


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe that nobody writes to would wait for ever; it may have come in the place of a file."""
    return os.open(path, flags | os.O_NONBLOCK)


def _share(one: Parts, other: Parts) -> bool:
    """Whether one of two paths leads to the other."""
    return all(a == b for a, b in zip(one, other, strict=False))
