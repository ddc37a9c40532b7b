"""Decoding: the framing is detected from the head, and records come out byte for byte."""

from __future__ import annotations

import codecs
import hashlib
import io
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.stream import Csv, EnrichedTsv, Framing, JsonConcatenated, JsonLines
from events import compression, decode, detection
from events.encoding import foreign

Record = tuple[int, bytes | None, dict[str, object] | None]
ALPHABET = st.sampled_from([b"a", b"{}", b" ", b"\t", b"\r", b"\n", b"\n\n", b"\r\n", b"\x00", b"\xff", b'"\xc3\xa4"'])
CONTENT = st.one_of(st.binary(max_size=60), st.lists(ALPHABET, max_size=40).map(b"".join)).filter(
    lambda content: (
        not (content.startswith(codecs.BOM_UTF8) or compression.kind_of(content) or foreign(content.lstrip()))
    )
)


def reference(content: bytes, limit: int) -> list[Record]:
    """A reader by `splitlines`, which has the same line breaks for bytes."""
    found: list[Record] = []
    offset = 0
    for number, ended in enumerate(content.splitlines(keepends=True), 1):
        line = ended.rstrip(b"\r\n")
        if line.strip() and len(line) > limit:
            digest = hashlib.sha256(line).hexdigest()
            found.append((number, None, {"offset": offset, "length": len(line), "sha256": digest}))
        elif line.strip():
            found.append((number, line, None))
        offset += len(ended)
    return found


def decoded(content: bytes, limit: int = decode.MAX_RECORD) -> list[Record]:
    batches = list(decode.records(io.BytesIO(content), "f.tsv", (EnrichedTsv(),), limit))
    assert all(batch.schema == decode.RECORDS and batch.num_rows for batch in batches)
    columns = ("_line", "raw", "oversize")
    return [row for batch in batches for row in zip(*(batch.column(c).to_pylist() for c in columns), strict=True)]


@given(CONTENT, st.integers(1, 20))
@example(b"", 1)
@example(b"no newline at the end", 5)
@example(b"12345\n123456\n1234", 5)
@example(b"123456789\n\n" * 3, 4)
@example(b"\n\n\n", 1)
@example(b"a\r\n\r\nb\r\n", 3)
@example(b"a\x00b\n\x00\n", 8)
def test_every_line_comes_out_once_as_it_is(content: bytes, limit: int) -> None:
    """Bronze must keep every line. A small limit makes lines of every kind oversize."""
    assert decoded(content, limit) == reference(content, limit)


@given(CONTENT, st.integers(1, 9))
def test_blocks_make_no_difference(content: bytes, size: int) -> None:
    """The size of storage's blocks must not change a record, its number or its offset."""
    with patch.object(compression, "BLOCK", size), patch.object(detection, "HEAD_BYTES", 1):
        assert decoded(content, 30) == reference(content, 30)


def test_an_oversize_record_names_the_bytes_it_stands_for() -> None:
    """Offset, length and digest are kept, so the record can be found in the landed object."""
    content = b"first\n" + b"x" * 100 + b"\nlast"
    ((_, first, _), (number, raw, oversize), (line, last, _)) = decoded(content, 64)
    assert (first, raw, last, number, line) == (b"first", None, b"last", 2, 3)
    assert oversize is not None
    start, length = int(str(oversize["offset"])), int(str(oversize["length"]))
    assert content[start : start + length] == b"x" * 100
    assert oversize["sha256"] == hashlib.sha256(b"x" * 100).hexdigest()


def test_a_record_of_exactly_the_limit_is_kept() -> None:
    """A record of exactly the limit is kept."""
    assert decoded(b"x" * 64 + b"\n" + b"y" * 65, 64)[0] == (1, b"x" * 64, None)
    assert decoded(b"x" * 64 + b"\n" + b"y" * 65, 64)[1][1] is None


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", b"\x0b\n"])
def test_blank_lines_are_no_records(content: bytes) -> None:
    """Blank lines are no records, but they count, so line numbers match an editor's."""
    assert decoded(content) == []


MIXED = (Csv(("a", "b")), JsonConcatenated())
LOOKS: list[tuple[bytes, tuple[Framing, ...], list[tuple[int, bytes]]]] = [
    (b'{"a":1}{"a":2}', MIXED, [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    (b' \n[{"a":1},{"a":2}]', MIXED, [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    (b"a,b\n1,2", MIXED, [(2, b"1,2")]),
    (b"\r\nx,b,a\r\n\r\n1,2,3\r\n", MIXED, [(4, b"1,2,3")]),
    (b"a,b", MIXED, []),
    (b'[{"a":1}]', (JsonConcatenated(),), [(1, b'{"a":1}')]),
    (b'[{"a":1}]', (JsonLines(),), [(1, b'{"a":1}')]),
    (b"[INFO] started\n{}", (JsonLines(),), [(1, b"[INFO] started"), (2, b"{}")]),
    (b'{"a":1}{"a":2}\n{"a":3}', (JsonLines(),), [(1, b'{"a":1}'), (2, b'{"a":2}'), (3, b'{"a":3}')]),
    (b'{"a":1}, \r\n{"a":2}\r\n', (JsonLines(),), [(1, b'{"a":1}'), (2, b'{"a":2}')]),
    (b'{"a"\n:1}\n\n{"a":2}', (JsonLines(),), [(1, b'{"a"\n:1}'), (2, b'{"a":2}')]),
    (b'{"a":1}\r\r{"a":\r2}\r{', (JsonLines(),), [(1, b'{"a":1}'), (3, b'{"a":\r2}'), (5, b"{")]),
    (b"a,b\r1,2\r\r\n3,4", MIXED, [(2, b"1,2"), (4, b"3,4")]),
    (b"\x00\x80\x01\n\xff", MIXED, [(1, b"\x00\x80\x01"), (2, b"\xff")]),
    (b'a\tb\t\n{"a":1}\n', (EnrichedTsv(), JsonConcatenated()), [(1, b"a\tb\t"), (2, b'{"a":1}')]),
    (b'{"a":1}\n{"a"\n:2}', (JsonLines(), JsonConcatenated()), [(1, b'{"a":1}'), (2, b'{"a"'), (3, b":2}")]),
    (b"", MIXED, []),
]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize(("content", "decoding", "expected"), LOOKS)
def test_the_head_tells_the_framing(
    mark: bytes, content: bytes, decoding: tuple[Framing, ...], expected: list[tuple[int, bytes]]
) -> None:
    """Producers of one stream differ. Content that fits no framing gets the last one, so each record is judged."""
    batches = decode.records(io.BytesIO(mark + content), "f", decoding)
    rows = [(row["_line"], row["raw"]) for batch in batches for row in batch.to_pylist()]
    assert rows == expected


def test_every_row_of_csv_carries_its_header() -> None:
    """A row cannot be read without its header, and rows of many objects are in one table."""
    content = codecs.BOM_UTF8 + 'b,"x, ü",a\r\n1,2,3\n'.encode() + b"x" * 100 + b"\n4,5,6\n"
    batches = decode.records(io.BytesIO(content), "f", MIXED, limit=64)
    rows = [(row["raw"], row["header"]) for batch in batches for row in batch.to_pylist()]
    assert rows == [(raw, 'b,"x, ü",a') for raw in (b"1,2,3", None, b"4,5,6")]
    (batch,) = decode.records(io.BytesIO(b"{}"), "f", MIXED)
    assert batch.column("header").to_pylist() == [None]


def test_a_long_header_makes_small_batches() -> None:
    """The header is repeated per row, so a long one with many short rows would take too much memory."""
    header = b"a,b" + b"".join(b",%d" % name for name in range(10_000))
    batches = list(decode.records(io.BytesIO(header + b"\n1,2" * 1000), "f", MIXED))
    assert max(batch.nbytes for batch in batches) < 2 * decode.HEADER_BYTES
    assert sum(batch.num_rows for batch in batches) == 1000
