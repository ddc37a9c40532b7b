"""Spool: tables of one run that wait to be used, in memory up to a bound and beyond it in a scratch folder.

Belongs here: where waiting rows are kept. Not here: what they are.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa

MEMORY_BYTES = 256 << 20
PREFIX = "spool-"


class Spool:
    """A list of tables that may be larger than memory. Its files are deleted when it is closed."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=scratch))
        self.bytes_in_memory = 0
        self.tables: list[pa.Table | Path] = []

    def add(self, rows: pa.Table) -> None:
        if self.bytes_in_memory + rows.nbytes <= MEMORY_BYTES:
            self.bytes_in_memory += rows.nbytes
            self.tables.append(rows)
            return
        path = self.folder / f"{len(self.tables)}.arrow"
        with pa.ipc.new_file(path, rows.schema) as file:
            file.write_table(rows)
        self.tables.append(path)

    def add_frame(self, frame: pl.DataFrame) -> None:
        self.add(_copied(frame))

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self.tables:
            yield _read(table) if isinstance(table, Path) else table

    def frames(self) -> Iterator[pl.DataFrame]:
        """The tables as frames."""
        for table in self:
            yield pl.DataFrame(pl.from_arrow(table))

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def compacted(frame: pl.DataFrame) -> pl.DataFrame:
    """A copy of a small selection of rows. Polars' views would keep the texts of all rows in memory."""
    return pl.DataFrame(pl.from_arrow(_copied(frame)))


def delete_abandoned(scratch: Path, before: dt.datetime) -> None:
    """Delete the folders of spools whose process was killed: those not changed since `before`."""
    for folder in scratch.glob(f"{PREFIX}*"):
        if dt.datetime.fromtimestamp(folder.stat().st_mtime, dt.UTC) < before:
            shutil.rmtree(folder, ignore_errors=True)


def _copied(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _read(path: Path) -> pa.Table:
    """A table in a file. Memory-mapped, so only what is used is loaded."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
