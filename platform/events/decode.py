"""Decode: the bytes of one landed object become records, whatever is in them.

Belongs here: which framing an object has, and the table of its records. Not here: decompression (`compression`), where
a record begins and ends (`lines`, `values`), what it means (`conform`). Bad data never raises; only an object that
cannot be read as a whole does (`compression.Unreadable`).
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

import pyarrow as pa

from contracts.stream import Csv, EnrichedTsv, Framing, JsonArray, JsonConcatenated, JsonLines
from events.compression import blocks
from events.framing import Cutter, Framed, Framer, Oversize
from events.lines import Lines, Rows
from events.spans import slices
from events.values import Elements, Values

MAX_RECORD = 16 << 20
HEAD = 64 << 10  # of so many bytes of plain content an object's framing is told
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

    The first framing of `decoding` whose look fits the object's head is its framing, else the last one. `_line` is
    the number of the line a record begins on, from 1, or its ordinal where the framing has no lines. `raw` is what
    landed, without separators: line breaks, white space between values, an array's brackets and commas, a mark of
    the byte order, blank lines. A record of more than `limit` bytes has no `raw`, but the byte offset in the plain
    content, length and sha256 of what was there. `header` is a CSV object's first line, null for other framings.

    Raises `Unreadable` where compression is broken.
    """
    content = blocks(source, name)
    head = b""
    while len(head) < HEAD and (block := next(content, b"")):
        head += block
    look = _look(head[:HEAD], decoding, limit)
    rows = min(BATCH_ROWS, HEADER_BYTES // len(look.header)) if look.header else BATCH_ROWS
    for found in Framer(look.cutter, limit, look.begin).frame(chain([head[look.begin :]], content)):
        if isinstance(found, Oversize):
            yield _oversize(found, look.header)
            continue
        for first in range(0, len(found.numbers), rows):
            yield _framed(found.part(first, first + rows), look.header)


@dataclass(frozen=True)
class _Look:
    """How an object is framed: its records begin at `begin`."""

    cutter: Cutter
    begin: int
    header: str | None = None


def _look(head: bytes, decoding: tuple[Framing, ...], limit: int) -> _Look:
    begin = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
    text = head[begin:].lstrip()
    if len(head) < HEAD:
        text += b"\n"  # the end of the content ends its line
    framing = next((framing for framing in decoding if _fits(framing, text)), decoding[-1])
    match framing:
        case JsonArray():
            return _Look(Elements(limit), begin)
        case JsonConcatenated():
            return _Look(Values(limit), begin)
        case Csv() if fields := _fields(framing, text):
            line = text.partition(b"\n")[0]
            end = head.index(line) + len(line) + 1
            rows = Rows(limit, 1 + head.count(b"\n", 0, end), len(fields))
            return _Look(rows, end, line.decode(errors="replace").rstrip("\r"))
    return _Look(Lines(limit, 1), begin)


def _fits(framing: Framing, text: bytes) -> bool:
    """Whether what an object's content begins with looks like a framing."""
    match framing:
        case JsonLines() | JsonConcatenated():
            return text.startswith(b"{")
        case JsonArray():
            return text.startswith(b"[")
        case Csv():
            return bool(_fields(framing, text))
        case EnrichedTsv():
            return b"\t" in text.partition(b"\n")[0]


def _fields(framing: Csv, text: bytes) -> list[str]:
    """The names in the first line if it is the header; none if it is not."""
    line, ended, _ = text.partition(b"\n")
    try:
        fields = next(csv.reader([line.decode(errors="replace")]), [])
    except csv.Error:
        return []
    return fields if ended and set(framing.columns) <= set(fields) else []


def _framed(found: Framed, header: str | None) -> pa.RecordBatch:
    raw = slices(found.window, found.starts, found.ends)
    return _batch(found.numbers.to_arrow(), raw, pa.nulls(len(raw), OVERSIZE), header)


def _oversize(found: Oversize, header: str | None) -> pa.RecordBatch:
    known = {"offset": found.offset, "length": found.length, "sha256": found.sha256}
    return _batch(pa.array([found.number]), pa.nulls(1, pa.large_binary()), pa.array([known], OVERSIZE), header)


def _batch(numbers: pa.Array, raw: pa.Array, oversize: pa.Array, header: str | None) -> pa.RecordBatch:
    headers = pa.repeat(pa.scalar(header, pa.large_string()), len(raw))
    return pa.RecordBatch.from_arrays([numbers, raw, oversize, headers], schema=RECORDS)
