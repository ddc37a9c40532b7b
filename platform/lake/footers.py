"""Footers: checksums of a Parquet file's footer and of everything before it. Parquet itself checks only pages.

Belongs here: writing and verifying the checksums. Not here: what else may be wrong with a file (`damage`).

A flipped bit in a footer may change a column's name or a count without any error; some flips crash the process. The
checksums stand right before the footer, where no reader looks: pages are found by their offsets, and the footer from
the end of the file. Files of other writers have no checksums and are read as they are.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from isal.isal_zlib import crc32

MARK = b"\xffFOOTER\xfe"  # not valid UTF-8, so no text contains it
_SUM = 4
_BEFORE = len(MARK) + 2 * _SUM  # the mark, the checksum of everything before it, the checksum of the footer
_TAIL = 64 << 10  # enough for most footers
_END = 8  # the footer's length and the letters PAR1; part of the footer's checksum


class DamagedFooter(OSError):
    """The footer is not what was written."""


class FooterSink:
    """A stream for a Parquet file that puts the checksums before the footer.

    The writer writes to `buffer`. Call `footer_begins` before closing the writer and `finish` after.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.sum = 0
        self.footer: bytearray | None = None
        self.closed = False
        self.buffer = pa.BufferedOutputStream(pa.PythonFile(self, "w"), 1 << 20)

    def write(self, content: bytes) -> int:
        if self.footer is None:
            self.stream.write(content)
            self.sum = crc32(content, self.sum)
        else:
            self.footer += content
        return len(content)

    def tell(self) -> int:
        return int(self.stream.tell()) + len(self.footer or b"")

    def flush(self) -> None:
        """Does nothing: the stream is flushed when it is closed."""

    def close(self) -> None:
        """Only notes it: the owner of the stream closes it."""
        self.closed = True

    def footer_begins(self) -> None:
        self.buffer.flush()
        self.footer = bytearray()

    def finish(self) -> None:
        """Write the checksums and the footer."""
        self.buffer.close()
        footer = bytes(self.footer or b"")
        self.stream.write(MARK + _bytes(self.sum) + _bytes(crc32(footer)) + footer)


def tail_of(source: Any, size: int) -> bytes:
    """The end of a file of `size` bytes, with its footer and checksums."""
    source.seek(max(size - _TAIL, 0))
    tail = bytes(source.read())
    wanted = _length(tail) + _BEFORE
    if len(tail) < wanted <= size:
        source.seek(size - wanted)
        tail = bytes(source.read())
    return tail


def verified(content: bytes) -> bool:
    """Whether the footer in a file's content (or in its `tail_of`) matches its checksum; False if it has none.

    Raises `DamagedFooter` if it does not match.
    """
    if (mark := _mark(content)) is None:
        return False
    if content[mark + _BEFORE - _SUM : mark + _BEFORE] != _bytes(crc32(content[mark + _BEFORE :])):
        raise DamagedFooter("the checksum of its footer does not match")
    return True


def footer_in(content: bytes) -> pq.FileMetaData:
    """The footer in a file's content (or in its `tail_of`). Raises `DamagedFooter` and Arrow's errors."""
    verified(content)
    return pq.read_metadata(pa.BufferReader(content))


def pages_match(content: bytes) -> bool | None:
    """Whether everything before the footer matches its checksum, given a file's whole content; None if it has none."""
    if (mark := _mark(content)) is None:
        return None
    noted = mark + len(MARK)
    return content[noted : noted + _SUM] == _bytes(crc32(memoryview(content)[:mark]))


def _mark(content: bytes) -> int | None:
    """The position of the checksums. The footer's length gives it; if that is damaged too, the mark is searched."""
    expected = len(content) - _length(content) - _BEFORE
    if expected >= 0 and content[expected : expected + len(MARK)] == MARK:
        return expected
    found = content.rfind(MARK, max(len(content) - _TAIL, 0))
    return None if found < 0 else found


def _length(content: bytes) -> int:
    return int.from_bytes(content[-_END:-4], "little") + _END


def _bytes(checksum: int) -> bytes:
    return checksum.to_bytes(_SUM, "little")
