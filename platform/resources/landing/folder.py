"""A folder as the landing zone.

Belongs here: listing and opening its objects. Not here: buckets (`s3`), the walk through the folders (`walk`), what a
landing zone is (`lake.landing`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, cast

from contracts.stream import Stream
from events.compression import Unreadable
from lake.landing import NOT_READABLE, HourListing, LandedObject, Reader, ZoneSurvey
from partitions import Window, inside_window
from resources.landing.names import original_name
from resources.landing.walk import Found, Parts, concerns_one_file, version_of, walk


@dataclass(frozen=True)
class FolderLanding:
    """A landing zone in the folder `root`.

    A link to a file is read as a file. A link to a folder is followed unless that folder is inside the stream's own or
    contains it; links behind such a link are not followed. So there are no loops, and no object has two names.
    """

    root: Path

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        if hours is None:
            return sorted(self._landed(stream, lambda _: True), key=attrgetter("path"))
        found = self.listings(stream, sorted(set(hours)))
        return sorted((o for each in found for o in each.make()), key=attrgetter("path"))

    def listings(self, stream: Stream, hours: Sequence[dt.datetime]) -> list[HourListing]:
        wanted = {tuple(hour.strftime(layout.folder).split("/")) for layout in stream.layouts for hour in hours}
        by_hour: dict[dt.datetime, list[Found]] = {hour: [] for hour in hours}
        for hour, found in self._found(stream, lambda parts: any(_on_one_path(parts, folder) for folder in wanted)):
            if hour in by_hour:
                by_hour[hour].append(found)
        return [_listing(stream.folder, hour, by_hour[hour]) for hour in hours]

    def survey(self, stream: Stream, window: Window) -> ZoneSurvey:
        hours: set[dt.datetime] = set()

        def outside(parts: Parts) -> bool:
            hour = stream.hour_inside(parts, window)
            hours.update([hour] if hour else [])
            return hour is None

        found = [o for o in self._landed(stream, outside) if not inside_window(o.arrival_hour, window)]
        return ZoneSurvey(sorted(hours), sorted(found, key=attrgetter("path")))

    def objects_outside(self, stream: Stream, window: Window) -> list[LandedObject]:
        return self.survey(stream, window).outside

    def noticed(self, wait_s: float) -> list[str]:
        return []

    def reading(self, objects: Sequence[LandedObject]) -> AbstractContextManager[Reader]:
        return nullcontext(self)

    def open(self, landed: LandedObject) -> BinaryIO:
        path = b"/".join([os.fsencode(self.root), original_name(landed.path)])
        try:
            source = _File(path, opener=_open_without_waiting)
        except OSError as error:
            raise _translated(error) from error
        if version_of(os.fstat(source.fileno())) != landed.version:
            source.close()
            raise FileNotFoundError(f"{landed.path} has changed since it was listed")
        return cast(BinaryIO, io.BufferedReader(source))

    def _landed(self, stream: Stream, enter: Callable[[Parts], bool]) -> Iterator[LandedObject]:
        return (_object(stream.folder, hour, found) for hour, found in self._found(stream, enter))

    def _found(self, stream: Stream, enter: Callable[[Parts], bool]) -> Iterator[tuple[dt.datetime | None, Found]]:
        """What the walk finds, with its arrival hour, which is that of its folder."""
        hours: dict[Parts, dt.datetime | None] = {}
        for found in walk(os.fsencode(self.root / stream.folder), enter):
            folder = found.parts if found.folder else found.parts[:-1]
            if folder not in hours:
                hours[folder] = stream.arrival_hour("/".join([*folder, ""]))
            yield hours[folder], found


def _object(top: str, hour: dt.datetime | None, found: Found) -> LandedObject:
    return LandedObject(f"{top}/{found.relative}", found.version, found.size, hour, found.refused)


def _listing(top: str, hour: dt.datetime, found: list[Found]) -> HourListing:
    lines = sorted([f"{each.relative} {each.version}" for each in found])
    digest = hashlib.sha256("\n".join(lines).encode()).digest()
    return HourListing(hour, len(found), digest, lambda: [_object(top, hour, each) for each in sorted(found)])


class _File(io.FileIO):
    """A file being read. Errors that concern this file alone are raised as `Unreadable`."""

    def readinto(self, buffer: Any) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise _translated(error) from error

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            raise _translated(error) from error


def _translated(error: OSError) -> Exception:
    """`Unreadable` for an error of this file alone; any other error as it is."""
    return Unreadable(f"{NOT_READABLE}: {error.strerror or error}") if concerns_one_file(error) else error


def _open_without_waiting(path: str, flags: int) -> int:
    """Open without blocking: a named pipe may have replaced the file, and nobody may ever write to it."""
    return os.open(path, flags | os.O_NONBLOCK)


def _on_one_path(one: Parts, other: Parts) -> bool:
    """Whether one of two folders contains the other, or they are the same."""
    return all(a == b for a, b in zip(one, other, strict=False))
