"""Spool: frames of one run that wait for their verdict, in memory up to a bound and beyond it in a scratch folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import polars as pl

MEMORY_BYTES = 256 << 20


def compacted(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the text of all those that they were chosen from, which Polars' views hold on to."""
    return pl.DataFrame(pl.from_arrow(frame.to_arrow(compat_level=pl.CompatLevel.oldest())))


class Spool:
    """A list of frames that may be larger than memory; its files go when it is closed."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="spool-", dir=scratch))
        self.held = 0
        self.frames: list[pl.DataFrame | Path] = []

    def add(self, frame: pl.DataFrame) -> None:
        if self.held + frame.estimated_size() <= MEMORY_BYTES:
            self.held += int(frame.estimated_size())
            self.frames.append(frame)
            return
        path = self.folder / f"{len(self.frames)}.arrow"
        frame.write_ipc(path, compression="uncompressed")
        self.frames.append(path)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for frame in self.frames:
            yield pl.read_ipc(frame) if isinstance(frame, Path) else frame

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
