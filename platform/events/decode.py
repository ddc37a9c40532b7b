"""Decode: the bytes of one landed object become records, whatever is in them.

Belongs here: the table of an object's records. Not here: decompression (`compression`), which framing an object has
(`look`), where a record begins and ends (`lines`, `values`), what it means (`conform`). Bad data never raises; only an
object that cannot be read as a whole does (`compression.Unreadable`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from contracts.stream import Framing
from events.compression import blocks
from events.encoding import transcoded
from events.framing import Framed, Framer, Oversize
from events.look import look_at, opening
from events.spans import slices

MAX_RECORD = 16 << 20
BATCH_ROWS = 1 << 16
HEADER_BYTES = 8 << 20  # a batch has no more of a header that every row repeats
OVERSIZE = pa.struct([("offset", pa.int64()), ("length", pa.int64()), ("sha256", pa.string())])
RECORDS = pa.schema(
    [("_line", pa.int64()), ("raw", pa.large_binary()), ("oversize", OVERSIZE), ("header", pa.large_string())]
)


def records(
    source: BinaryIO, name: str, decoding: tuple[Framing, ...], limit: int = MAX_RECORD
) -> Iterator[pa.RecordBatch]:
    """The records of an object, as batches of `RECORDS`.

    The first framing of `decoding` whose look fits the object's head is its framing, else the last one (`look`).
    `_line` is the number of the line a record begins on, from 1, or its ordinal where the framing has no lines. `raw`
    is what landed, without separators: line breaks, white space and commas between values, an array's brackets, a mark
    of the byte order, blank lines; as UTF-8 where the contract names another encoding. A record of more than `limit`
    bytes has no `raw`, but the byte offset in that content, length and sha256 of what was there. `header` is a CSV
    object's first line, null for other framings.

    Raises `Unreadable` where compression is broken, where what is inside is no text, and for a CSV object whose header
    is not what the contract expects.
    """
    content = blocks(source, name)
    beginning = opening(content)
    look = look_at(beginning, decoding, limit)
    content = chain([beginning.head], content)
    if look.encoding:
        content = transcoded(content, look.encoding)
    rows = min(BATCH_ROWS, HEADER_BYTES // len(look.header)) if look.header else BATCH_ROWS
    for found in Framer(look.cutter, limit, beginning.skipped + look.begin).frame(_from(look.begin, content)):
        if isinstance(found, Oversize):
            yield _oversize(found, look.header)
            continue
        for first in range(0, len(found.numbers), rows):
            yield _framed(found.part(first, first + rows), look.header)


def _from(begin: int, content: Iterator[bytes]) -> Iterator[bytes]:
    """The content without its first bytes."""
    for block in content:
        yield block[begin:]
        begin -= min(begin, len(block))


def _framed(found: Framed, header: str | None) -> pa.RecordBatch:
    raw = slices(found.window, found.starts, found.ends)
    return _batch(found.numbers.to_arrow(), raw, pa.nulls(len(raw), OVERSIZE), header)


def _oversize(found: Oversize, header: str | None) -> pa.RecordBatch:
    known = {"offset": found.offset, "length": found.length, "sha256": found.sha256}
    return _batch(pa.array([found.number]), pa.nulls(1, pa.large_binary()), pa.array([known], OVERSIZE), header)


def _batch(numbers: pa.Array, raw: pa.Array, oversize: pa.Array, header: str | None) -> pa.RecordBatch:
    headers = pa.repeat(pa.scalar(header, pa.large_string()), len(raw))
    return pa.RecordBatch.from_arrays([numbers, raw, oversize, headers], schema=RECORDS)
