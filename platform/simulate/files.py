"""One landed file: lines and added lines, compressed, put in place at once.

Bytes and paths belong here; what the lines say does not.
"""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pyarrow as pa
from isal import igzip

from simulate.defects import Extra

LEVEL = 1


def body(lines: pl.Series, extras: list[Extra]) -> bytes:
    """JSON lines: the good records with the extras (sorted by position) between them."""
    ended = pl.select(pl.concat_str(pl.lit(lines), pl.lit("\n"))).to_series() if len(lines) else lines
    array = ended.rechunk().to_arrow().cast(pa.large_string())
    _, offsets, data = array.buffers()
    # Slices of Arrow's own buffer: joining the rows in Python or in polars would cost more than making them.
    starts = memoryview(offsets).cast("q") if offsets is not None and len(array) else memoryview(bytes(8)).cast("q")
    text, done = memoryview(data if data is not None else b""), 0
    pieces: list[bytes | memoryview] = []
    for extra in extras:
        until = starts[extra.position]
        pieces += [text[done:until], extra.line, b"\n"]
        done = until
    pieces.append(text[done : starts[len(array)]])
    return b"".join(pieces)


def write(path: Path, content: bytes) -> int:
    """Gzip without a time stamp, so that equal content is equal bytes; returns the size written.

    The name appears only when the file is whole: names that start with a dot are not yet landed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        hidden.write_bytes(igzip.compress(content, LEVEL, mtime=0))
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)
    return path.stat().st_size
