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


def text_of(raw: pa.Array) -> tuple[pa.Array, list[int]]:
    """Bytes as text, null where they are not UTF-8, and the rows where that is so."""
    try:
        return raw.cast(pa.large_string()), []
    except pa.ArrowInvalid:
        unchecked = raw.view(pa.large_string())  # only to ask which rows are plain ASCII
    rows = pc.indices_nonzero(pc.invert(pc.fill_null(pc.string_is_ascii(unchecked), True))).to_pylist()
    bad = [row for row in rows if not _is_utf8(raw[row].as_py())]
    keep = pc.invert(pc.is_in(_rows(raw), pa.array(bad, pa.uint32())))
    return pc.if_else(keep, raw, pa.scalar(None, raw.type)).cast(pa.large_string()), bad


def inexact(raw: pa.Array) -> pa.Array:
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


def _rows(raw: pa.Array) -> pa.Array:
    return pl.int_range(len(raw), dtype=pl.UInt32, eager=True).to_arrow()
