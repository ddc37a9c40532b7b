"""Records as files of the landing zone: joined, compressed, and put in place in one step.

Bytes and paths belong here. What a record says does not.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl
import pyarrow as pa
from isal import igzip

from simulate.plan import Plan, PlannedFile
from simulate.stream import Defect

GZIP_LEVEL = 1


@dataclass(frozen=True)
class RecordFiles:
    """Files that hold records and nothing else, each record followed by the separator. Satisfies `stream.Transport`.

    `paths`: strftime patterns, applied to the time at which a part of the hour begins; `{part}` stands for its number.
    The parts of an hour use the patterns in turn. `parts_an_hour`: 0 leaves the number to the plan.
    """

    paths: tuple[str, ...]
    separator: bytes = b"\n"
    parts_an_hour: int = 0

    def parts(self, plan: Plan) -> int:
        """See `Transport`."""
        return self.parts_an_hour or plan.parts

    def path(self, file: PlannedFile, records: int) -> PurePosixPath:
        """See `Transport`."""
        pattern = self.paths[file.part % len(self.paths)]
        return PurePosixPath(file.part_start.strftime(pattern).format(part=file.label))

    def body(self, file: PlannedFile, lines: pl.Series, defects: Sequence[Defect]) -> bytes:
        """See `Transport`."""
        return join_records(lines, defects, self.separator)


def join_records(lines: pl.Series, defects: Sequence[Defect], separator: bytes) -> bytes:
    """The good records with the defects (sorted by position) among them, a separator after each record."""
    end = pl.lit(separator.decode())
    ended = pl.select(pl.concat_str(pl.lit(lines), end)).to_series() if len(lines) else lines
    array = ended.rechunk().to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    # Slices of Arrow's own buffer: joining row by row, in Python or polars, would take longer than making the rows.
    starts = memoryview(offsets).cast("q") if offsets is not None and len(array) else memoryview(bytes(8)).cast("q")
    text, done = memoryview(data if data is not None else b""), 0
    pieces: list[bytes | memoryview] = []
    for defect in defects:
        start = starts[defect.position]
        pieces += [text[done:start], defect.line, separator]
        done = start
    pieces.append(text[done : starts[len(array)]])
    return b"".join(pieces)


def write_file(path: Path, content: bytes) -> int:
    """Write a file, with gzip if its name ends in `.gz`, and return its size in bytes.

    Equal content gives equal bytes: gzip's header holds no time. The name appears when the file is complete; until
    then it starts with a dot, which means not yet landed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        hidden.write_bytes(igzip.compress(content, GZIP_LEVEL, mtime=0) if path.suffix == ".gz" else content)
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
    return path.stat().st_size
