"""The landing zone: which objects lie there, for which arrival hour, in which version, and their bytes.

Belongs here: what a landing zone is, and the one that is a folder (the one that is a bucket: `s3`). Not here: what an
object holds (`events.decode`) or whether it was loaded (ledger).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from contracts.stream import Stream


@dataclass(frozen=True, order=True)
class LandedObject:
    """An object of a stream: its path below the landing zone, the version that its content is told by, bytes, hour."""

    path: str
    version: str
    size: int
    arrival_hour: dt.datetime | None


class Reader(Protocol):
    """Opens objects of the landing zone."""

    def open(self, landed: LandedObject) -> BinaryIO:
        """The object's bytes. Raises `FileNotFoundError` where it has gone, or its content is another by now."""
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


@dataclass(frozen=True)
class FolderLanding:
    """A landing zone that is a folder."""

    root: Path

    def objects(self, stream: Stream, hours: Sequence[dt.datetime] | None = None) -> list[LandedObject]:
        top = self.root / stream.folder
        folders = [top] if hours is None else [top / hour.strftime(y.folder) for y in stream.layouts for hour in hours]
        found = [self._object(stream, file) for folder in folders for file in _walk(folder)]
        return sorted(landed for landed in found if landed is not None)

    def strays(self, stream: Stream, window: tuple[dt.datetime, dt.datetime]) -> list[LandedObject]:
        top = self.root / stream.folder
        found = [self._object(stream, file) for file in _walk(top, lambda folder: self._inside(stream, folder, window))]
        return sorted(landed for landed in found if landed is not None and not within(landed.arrival_hour, window))

    def reading(self, objects: Sequence[LandedObject]) -> AbstractContextManager[Reader]:
        return nullcontext(self)

    def open(self, landed: LandedObject) -> BinaryIO:
        path = self.root / landed.path
        stat = path.stat()
        if _version(stat.st_size, stat.st_mtime_ns) != landed.version:
            raise FileNotFoundError(f"{landed.path} has changed since it was listed")
        return cast(BinaryIO, path.open("rb"))

    def _object(self, stream: Stream, file: Path) -> LandedObject | None:
        try:
            stat = file.stat()
        except FileNotFoundError:
            return None
        relative = file.relative_to(self.root / stream.folder).as_posix()
        version = _version(stat.st_size, stat.st_mtime_ns)
        return LandedObject(f"{stream.folder}/{relative}", version, stat.st_size, stream.arrival_hour(relative))

    def _inside(self, stream: Stream, folder: Path, window: tuple[dt.datetime, dt.datetime]) -> bool:
        """Whether all objects below a folder have hours inside the window, so that there are no strays in it."""
        parts = folder.relative_to(self.root / stream.folder).parts
        return any(layout.covers(parts, window) for layout in stream.layouts)


def _version(size: int, mtime_ns: int) -> str:
    return f"{size:x}-{mtime_ns:x}"


def hidden(name: str) -> bool:
    """Whether a file's or folder's name says that it is not there yet, or not data."""
    return name.startswith((".", "_"))


def within(hour: dt.datetime | None, window: tuple[dt.datetime, dt.datetime]) -> bool:
    """Whether an arrival hour is known and inside a window, whose end is left out."""
    return hour is not None and window[0] <= hour < window[1]


def _walk(folder: Path, skip: object = None) -> Iterator[Path]:
    """The files below a folder."""
    try:
        entries = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if hidden(entry.name):
            continue
        if entry.is_dir():
            if not (callable(skip) and skip(entry)):
                yield from _walk(entry, skip)
        elif entry.is_file():
            yield entry
