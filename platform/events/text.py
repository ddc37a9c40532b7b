"""Text: which records' bytes are text that a JSON parser can be given, and which want a closer look first.

Belongs here: encoding, nesting, and what DuckDB is known to take otherwise than it was sent. Not here: any value.
"""

from __future__ import annotations

import re

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from events.exact import HINTS, INEXACT

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def text_of(raw: pa.ChunkedArray) -> tuple[pa.ChunkedArray, list[int]]:
    """Bytes as text, null where they are not UTF-8, and the rows where that is so."""
    texts, bad, first = [], [], 0
    for chunk in raw.chunks:
        text, wrong = _decoded(chunk)
        texts.append(text)
        bad += [first + row for row in wrong]
        first += len(chunk)
    return pa.chunked_array(texts, pa.large_string()), bad


def _decoded(raw: pa.Array) -> tuple[pa.Array, list[int]]:
    try:
        return raw.cast(pa.large_string()), []
    except pa.ArrowInvalid:
        unchecked = raw.view(pa.large_string())  # only to ask which rows are plain ASCII
    rows = pc.indices_nonzero(pc.invert(pc.fill_null(pc.string_is_ascii(unchecked), True))).to_pylist()
    bad = [row for row in rows if not _is_utf8(raw[row].as_py())]
    keep = pc.invert(pc.is_in(_rows(raw), pa.array(bad, pa.uint32())))
    if raw.offset:
        return pc.if_else(keep, raw, pa.scalar(None, raw.type)).cast(pa.large_string()), bad
    keep = pc.and_(raw.is_valid(), keep)
    _, offsets, data = raw.buffers()  # without a copy: only which rows are null is new
    bitmap = keep.buffers()[1]
    return pa.Array.from_buffers(pa.large_string(), len(raw), [bitmap, offsets, data], len(raw) - keep.true_count), bad


def inexact(raw: pa.ChunkedArray) -> pa.Array:
    """Whether the parser takes something in a document otherwise than it was sent, long numbers aside."""
    hinted = pl.Series(raw, dtype=pl.String).str.contains_any(list(HINTS)).to_arrow()
    rows = pc.indices_nonzero(pc.fill_null(hinted, False))
    found = rows.filter(pc.match_substring_regex(raw.take(rows), INEXACT))
    return pc.is_in(_rows(raw), found.cast(pa.uint32()))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests its objects and arrays deeper than so many levels; few brackets settle most."""
    return text.count("{") + text.count("[") > levels and nesting(text.encode()) > levels


def shortened(text: str, length: int = 80) -> str:
    """A text that was sent, as an error may show it."""
    return text if len(text) <= length else text[: length - 3] + "..."


def nesting(raw: bytes) -> int:
    """How deep a JSON text nests its objects and arrays."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", raw):
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest


def _rows(raw: pa.Array | pa.ChunkedArray) -> pa.Array:
    return pl.int_range(len(raw), dtype=pl.UInt32, eager=True).to_arrow()
