"""Spool: rows of one run that wait for their verdict, in memory up to a bound and beyond it in a scratch folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import polars as pl
import pyarrow as pa

MEMORY_BYTES = 256 << 20


def compacted(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows without the text of all those that they were chosen from, which Polars' views hold on to."""
    return pl.DataFrame(pl.from_arrow(_copied(frame)))


class Spool:
    """A list of tables that may be larger than memory; its files go when it is closed."""

    def __init__(self, scratch: Path) -> None:
        scratch.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="spool-", dir=scratch))
        self.held = 0
        self.tables: list[pa.Table | Path] = []

    def add(self, rows: pa.Table) -> None:
        if self.held + rows.nbytes <= MEMORY_BYTES:
            self.held += rows.nbytes
            self.tables.append(rows)
            return
        path = self.folder / f"{len(self.tables)}.arrow"
        with pa.ipc.new_file(path, rows.schema) as file:
            file.write_table(rows)
        self.tables.append(path)

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self.tables:
            yield _read(table) if isinstance(table, Path) else table

    def add_frame(self, frame: pl.DataFrame) -> None:
        self.add(_copied(frame))

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


def _copied(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())


def _read(path: Path) -> pa.Table:
    """A table of a file, of which only what is looked at comes into memory."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
