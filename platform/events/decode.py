"""Decode: the bytes of one landed object become records, whatever is in them.

Belongs here: decompression told by content, framing, the size limit. Not here: what a record means (`conform`) or
where bytes come from. Bad data never raises; only an object that cannot be read as a whole does (`Unreadable`).
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pyarrow as pa
from isal import igzip, isal_zlib

MAX_RECORD = 16 << 20
BLOCK = 8 << 20
HEAD = 4096
OVERSIZE = pa.struct([("offset", pa.int64()), ("length", pa.int64()), ("sha256", pa.string())])
RECORDS = pa.schema([("_line", pa.int64()), ("raw", pa.large_binary()), ("oversize", OVERSIZE)])

_BROKEN: tuple[Any, ...] = (EOFError, zlib.error, isal_zlib.error)
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_FOREIGN = {
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PAR1": "Parquet",
    b"Obj\x01": "Avro",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
    b"\x04\x22\x4d\x18": "lz4",
}


class Unreadable(Exception):
    """An object that cannot be read to its end; the message is the reason, fit for the ledger."""


def decompressed(source: BinaryIO, name: str) -> BinaryIO:
    """The plain bytes of an object: gzip, zstd or plain, told by its first bytes; `name` only unmasks a false suffix.

    Raises `Unreadable` for a format that is not one of the three.
    """
    head = source.read(HEAD)
    source.seek(0)
    if head.startswith(_GZIP):
        return cast(BinaryIO, igzip.IGzipFile(fileobj=source, mode="rb"))
    if head.startswith(_ZSTD):
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(_Lent(source), mode="r"), "zstd"))
    for magic, kind in _FOREIGN.items():
        if head.startswith(magic):
            raise Unreadable(f"wrong magic: {kind} content; expected gzip, zstd or plain text")
    if name.endswith((".gz", ".zst")) and head and not _looks_like_text(head):
        raise Unreadable(f"wrong magic: named {name.rsplit('.', 1)[1]}, but the content is neither compressed nor text")
    return source


class _Lent:
    """A source that stays open when its reader, which closes what it reads, is done."""

    closed = False

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read

    def close(self) -> None:
        """Nothing: whoever opened the source closes it."""


def _looks_like_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start > HEAD - 4  # the head may end within a character
    return True


def blocks(source: BinaryIO, name: str, size: int = BLOCK) -> Iterator[bytes]:
    """The plain content in blocks of at most `size` bytes. Raises `Unreadable` where compression is broken."""
    try:
        plain = decompressed(source, name)
        while block := plain.read(size):
            yield block
    except _BROKEN as error:
        raise Unreadable(f"broken compression: {error}") from error
    except OSError as error:
        if error.errno is not None:  # the storage failed, not the content
            raise
        raise Unreadable(f"broken compression: {error}") from error


def verify(source: BinaryIO, name: str) -> None:
    """Read an object to its end, so that a broken one is refused before any of it is loaded. Raises `Unreadable`."""
    for _ in blocks(source, name):
        pass
    source.seek(0)


def records(source: BinaryIO, name: str, limit: int = MAX_RECORD) -> Iterator[pa.RecordBatch]:
    """The records of an object of JSON lines, as batches of `RECORDS`.

    `_line` is the physical line number from 1; blank lines are counted but are no records. A record of more than
    `limit` bytes has no `raw`, but the byte offset in the plain content, length and sha256 of what was there.
    """
    framer = _Lines(limit)
    for block in blocks(source, name, min(BLOCK, limit)):  # so that only a line that spans blocks can be oversize
        yield from framer.feed(block)
    yield from framer.finish()


class _Lines:
    """Cuts blocks at newlines; holds at most one unfinished line, and of an oversize one only its digest."""

    def __init__(self, limit: int) -> None:
        self.limit, self.line, self.offset = limit, 1, 0
        self.rest: list[bytes] = []
        self.held = 0
        self.digest: hashlib._Hash | None = None

    def feed(self, block: bytes) -> Iterator[pa.RecordBatch]:
        head, newline, tail = block.partition(b"\n")
        if not newline:
            self._hold(head)
            return
        self._hold(head)
        yield from self._line()
        body, newline, rest = tail.rpartition(b"\n")
        if newline:
            yield from self._whole(body.split(b"\n"))
        self._hold(rest)

    def finish(self) -> Iterator[pa.RecordBatch]:
        if self.held:
            yield from self._line()

    def _hold(self, part: bytes) -> None:
        self.held += len(part)
        if self.digest is not None:
            self.digest.update(part)
            return
        self.rest.append(part)
        if self.held > self.limit:
            self.digest = hashlib.sha256(b"".join(self.rest))
            self.rest = []

    def _line(self) -> Iterator[pa.RecordBatch]:
        """The line held so far is complete."""
        if self.digest is None:
            parts = [b"".join(self.rest)]
            self.rest, self.held = [], 0
            yield from self._whole(parts)
            return
        oversize = {"offset": self.offset, "length": self.held, "sha256": self.digest.hexdigest()}
        yield _batch([self.line], [None], [oversize])
        self.line, self.offset = self.line + 1, self.offset + self.held + 1
        self.rest, self.held, self.digest = [], 0, None

    def _whole(self, lines: list[bytes]) -> Iterator[pa.RecordBatch]:
        first, self.line = self.line, self.line + len(lines)
        self.offset += sum(map(len, lines)) + len(lines)
        numbers = [first + index for index, line in enumerate(lines) if line and not line.isspace()]
        if len(numbers) < len(lines):
            lines = [line for line in lines if line and not line.isspace()]
        if numbers:
            yield _batch(numbers, lines, None)


def _batch(
    numbers: list[int], lines: list[bytes] | list[None], oversize: list[dict[str, object]] | None
) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [
            pa.array(numbers, pa.int64()),
            pa.array(lines, pa.large_binary()),
            pa.array(oversize, OVERSIZE) if oversize else pa.nulls(len(numbers), OVERSIZE),
        ],
        schema=RECORDS,
    )
