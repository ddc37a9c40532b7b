"""Decode one landed object: its bytes become records, good and bad ones.

Belongs here: the table of an object's records. Not here: decompression (`compression`), the choice of a framing
(`detection`), where a record ends (`line_cutter`, `value_cutter`), what it means (`conform`). Bad records never raise;
only an object that cannot be read as a whole does (`compression.Unreadable`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from contracts.stream import Framing
from events.compression import blocks
from events.detection import detect, read_head
from events.encoding import transcoded
from events.framing import Framed, Framer, Oversize
from events.span_buffer import slices

MAX_RECORD = 16 << 20  # bytes
BATCH_ROWS = 1 << 16
HEADER_BYTES = 8 << 20  # of a batch, for the CSV header that every row repeats
OVERSIZE = pa.struct([("offset", pa.int64()), ("length", pa.int64()), ("sha256", pa.string())])
RECORDS = pa.schema(
    [("_line", pa.int64()), ("raw", pa.large_binary()), ("oversize", OVERSIZE), ("header", pa.large_string())]
)


def records(
    source: BinaryIO, name: str, decoding: tuple[Framing, ...], limit: int = MAX_RECORD
) -> Iterator[pa.RecordBatch]:
    """The records of an object, as batches of `RECORDS`.

    The framing is the first of `decoding` that fits the object's head, else the last one. `_line` is the number of the
    line on which a record begins, from 1, or its ordinal where the framing has no lines. `raw` is what landed, as UTF-8
    where the contract names another encoding, without separators: line breaks, blank lines, white space and commas
    between values, an array's brackets, a byte order mark. A record of more than `limit` bytes has no `raw`; `oversize`
    holds its byte offset in the uncompressed content, its length and its sha256. `header` is the first line of a CSV
    object, null for other framings.

    Raises `Unreadable` where compression is broken, where the content is no text, and for a CSV object whose header is
    not the one that the contract expects.
    """
    content = blocks(source, name)
    head = read_head(content)
    detected = detect(head, decoding, limit)
    content = chain([head.text], content)
    if detected.encoding:
        content = transcoded(content, detected.encoding)
    rows = min(BATCH_ROWS, HEADER_BYTES // len(detected.header)) if detected.header else BATCH_ROWS
    framer = Framer(detected.cutter, limit, head.skipped + detected.begin)
    for found in framer.frame(_without_start(detected.begin, content)):
        if isinstance(found, Oversize):
            yield _oversize(found, detected.header)
            continue
        for first in range(0, len(found.numbers), rows):
            yield _framed(found.part(first, first + rows), detected.header)


def _without_start(begin: int, content: Iterator[bytes]) -> Iterator[bytes]:
    """The content without its first `begin` bytes."""
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
