"""Records as files: one after another, compressed, put in place at once.

Bytes and paths belong here; what the records say does not.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl
import pyarrow as pa
from isal import igzip

from simulate.plan import Plan, Slot
from simulate.stream import Extra

LEVEL = 1


@dataclass(frozen=True)
class Files:
    """Objects that hold nothing but records, each followed by the separator. Satisfies `stream.Transport`.

    `paths` are strftime patterns of the time at which a part of the hour begins, with `{part}` for its number; the
    parts take turns among them. `parts_an_hour`: 0 for as many as the plan wants.
    """

    paths: tuple[str, ...]
    separator: bytes = b"\n"
    parts_an_hour: int = 0

    def parts(self, plan: Plan) -> int:
        """See `Transport`."""
        return self.parts_an_hour or plan.parts

    def path(self, slot: Slot, records: int) -> PurePosixPath:
        """See `Transport`."""
        pattern = self.paths[slot.part % len(self.paths)]
        return PurePosixPath(slot.opened.strftime(pattern).format(part=slot.label))

    def body(self, slot: Slot, lines: pl.Series, extras: Sequence[Extra]) -> bytes:
        """See `Transport`."""
        return joined(lines, extras, self.separator)


def joined(lines: pl.Series, extras: Sequence[Extra], separator: bytes) -> bytes:
    """The good records with the extras (sorted by position) between them, the separator behind each."""
    end = pl.lit(separator.decode())
    ended = pl.select(pl.concat_str(pl.lit(lines), end)).to_series() if len(lines) else lines
    array = ended.rechunk().to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    # Slices of Arrow's own buffer: joining the rows in Python or in polars would cost more than making them.
    starts = memoryview(offsets).cast("q") if offsets is not None and len(array) else memoryview(bytes(8)).cast("q")
    text, done = memoryview(data if data is not None else b""), 0
    pieces: list[bytes | memoryview] = []
    for extra in extras:
        until = starts[extra.position]
        pieces += [text[done:until], extra.line, separator]
        done = until
    pieces.append(text[done : starts[len(array)]])
    return b"".join(pieces)


def write(path: Path, content: bytes) -> int:
    """Gzip, where the name says so, without a time stamp, so that equal content is equal bytes; returns the size.

    The name appears only when the file is whole: names that start with a dot are not yet landed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        hidden.write_bytes(igzip.compress(content, LEVEL, mtime=0) if path.suffix == ".gz" else content)
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
    return path.stat().st_size
