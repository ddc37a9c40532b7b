"""Framing: whatever the bytes are, their lines come out as they went in, each with its number."""

from __future__ import annotations

import hashlib
import io
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import decode

Record = tuple[int, bytes | None, dict[str, object] | None]
ALPHABET = st.sampled_from([b"a", b"{}", b" ", b"\t", b"\r", b"\n", b"\n\n", b"\r\n", b"\x00", b"\xff", b'"\xc3\xa4"'])
CONTENT = st.one_of(st.binary(max_size=60), st.lists(ALPHABET, max_size=40).map(b"".join))
MAGICS = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", *decode._FOREIGN)


def reference(content: bytes, limit: int) -> list[Record]:
    """Line by line, with nothing but `split`."""
    found: list[Record] = []
    offset = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        if len(line) > limit:
            digest = hashlib.sha256(line).hexdigest()
            found.append((number, None, {"offset": offset, "length": len(line), "sha256": digest}))
        elif line.strip():
            found.append((number, line, None))
        offset += len(line) + 1
    return found


def decoded(content: bytes, limit: int = decode.MAX_RECORD) -> list[Record]:
    batches = list(decode.records(io.BytesIO(content), "f.json", limit))
    assert all(batch.schema == decode.RECORDS and batch.num_rows for batch in batches)
    columns = ("_line", "raw", "oversize")
    return [row for batch in batches for row in zip(*(batch.column(c).to_pylist() for c in columns), strict=True)]


@given(CONTENT.filter(lambda content: not content.startswith(MAGICS)), st.integers(1, 20))
@example(b"", 1)
@example(b"no newline at the end", 5)
@example(b"12345\n123456\n1234", 5)
@example(b"123456789\n\n" * 3, 4)
@example(b"\n\n\n", 1)
@example(b"a\r\n\r\nb\r\n", 3)
@example(b"a\x00b\n\x00\n", 8)
def test_every_line_comes_out_once_as_it_is(content: bytes, limit: int) -> None:
    """Bronze is the lasting truth. A small limit makes small blocks, so that lines meet their borders in every way."""
    assert decoded(content, limit) == reference(content, limit)


@given(CONTENT.filter(lambda content: not content.startswith(MAGICS)), st.integers(1, 9))
def test_blocks_make_no_difference(content: bytes, size: int) -> None:
    """How storage hands out the bytes must not change a record, its number or its place."""
    with patch.object(decode, "BLOCK", size):
        assert decoded(content, 30) == reference(content, 30)


def test_an_oversize_record_names_the_bytes_it_stands_for() -> None:
    """Its offset, length and digest are all that is kept: with them it can be found in the landed object."""
    content = b"first\n" + b"x" * 100 + b"\nlast"
    ((_, first, _), (number, raw, oversize), (line, last, _)) = decoded(content, 64)
    assert (first, raw, last, number, line) == (b"first", None, b"last", 2, 3)
    assert oversize is not None
    start, length = int(str(oversize["offset"])), int(str(oversize["length"]))
    assert content[start : start + length] == b"x" * 100
    assert oversize["sha256"] == hashlib.sha256(b"x" * 100).hexdigest()


def test_a_record_of_exactly_the_limit_is_kept() -> None:
    """The limit is what a record may have, not the first size that is too much."""
    assert decoded(b"x" * 64 + b"\n" + b"y" * 65, 64)[0] == (1, b"x" * 64, None)
    assert decoded(b"x" * 64 + b"\n" + b"y" * 65, 64)[1][1] is None


@pytest.mark.parametrize("content", [b"", b"\n", b" \r\n\t\n", b"\x0b\n"])
def test_blank_lines_are_no_records(content: bytes) -> None:
    """They are counted, so that numbers are those an editor shows, but there is nothing in them to judge."""
    assert decoded(content) == []
