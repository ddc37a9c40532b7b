"""The uncompressed bytes of one landed object: gzip, zstd or plain, detected by its content.

Belongs here: which formats are read, and what makes an object unreadable. Not here: records (`decode`).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO, cast

import pyarrow as pa
from isal import igzip, isal_zlib

from events.encoding import foreign

BLOCK = 2 << 20  # bytes
MAGIC_BYTES = 4096  # bytes that tell the format

_BROKEN: tuple[Any, ...] = (EOFError, zlib.error, isal_zlib.error)
_GZIP, _ZSTD = "gzip", "zstd"
_KINDS = {
    kind: re.compile(magic, re.DOTALL)
    for kind, magic in {
        _GZIP: rb"\x1f\x8b",
        _ZSTD: rb"\x28\xb5\x2f\xfd",
        "zip": rb"PK(?:\x03\x04|\x05\x06|\x07\x08)",
        "bzip2": rb"BZh",
        "xz": rb"\xfd7zXZ\0",
        "7z": rb"7z\xbc\xaf\x27\x1c",
        "rar": rb"Rar!\x1a\x07",
        "snappy": rb"\xff\x06\0\0sNaPpY",
        "lz4": rb"\x04\x22\x4d\x18",
        "lzip": rb"LZIP\x01",
        "compress": rb"\x1f\x9d",
        "zlib": rb"\x78[\x01\x9c\xda](?=[^\x20-\x7e\s])",
        "tar": rb".{257}ustar",
        "Parquet": rb"PAR1",
        "Avro": rb"Obj\x01",
        "ORC": rb"ORC(?=[^\x20-\x7e\s])",
        "Arrow": rb"ARROW1\0\0",
        "SQLite": rb"SQLite format 3\0",
        "PDF": rb"%PDF-",
    }.items()
}


class Unreadable(Exception):
    """An object that cannot be read to its end; the message is the reason that the ledger shows."""


def kind_of(head: bytes) -> str | None:
    """The container or binary format of a file with this head; None for any other file."""
    return next((kind for kind, magic in _KINDS.items() if magic.match(head)), None)


def decompressed(source: BinaryIO, name: str) -> Iterator[bytes]:
    """The uncompressed bytes of an object: gzip, zstd or plain, detected by its first bytes.

    Raises `Unreadable` for any other format, for a container inside gzip or zstd, and where `name` ends in .gz or .zst
    but the content is neither compressed nor text.
    """
    head = source.read(MAGIC_BYTES)
    source.seek(0)
    kind = kind_of(head)
    if kind == _GZIP:
        return _unpacked(cast(BinaryIO, igzip.IGzipFile(fileobj=source, mode="rb")), kind)
    if kind == _ZSTD:
        stream = pa.CompressedInputStream(pa.PythonFile(_KeptOpen(source), mode="r"), kind)
        return _unpacked(cast(BinaryIO, stream), kind)
    if kind:
        raise Unreadable(f"wrong magic: {kind} content; expected gzip, zstd or plain text")
    if name.endswith((".gz", ".zst")) and head and not _looks_like_text(head):
        raise Unreadable(f"wrong magic: named {name.rsplit('.', 1)[1]}, but the content is neither compressed nor text")
    return _read(source)


def _unpacked(plain: BinaryIO, outer: str) -> Iterator[bytes]:
    """The content of a compressed object. Raises `Unreadable` if that is another container."""
    blocks, head = _read(plain), b""
    while len(head) < MAGIC_BYTES and (block := next(blocks, b"")):
        head += block
    if inner := kind_of(head):
        article = "an" if inner[0] in "AOxl" else "a"
        raise Unreadable(f"{article} {inner} file inside {outer}; expected plain text inside")
    return chain([head], blocks) if head else iter(())


def _read(plain: BinaryIO) -> Iterator[bytes]:
    while block := plain.read(BLOCK):
        yield block


class _KeptOpen:
    """A source that stays open although its reader closes it."""

    closed = False

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read

    def close(self) -> None:
        """Do nothing: the code that opened the source closes it."""


def _looks_like_text(head: bytes) -> bool:
    if foreign(head):
        return True
    if b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) == MAGIC_BYTES and error.start > MAGIC_BYTES - 4  # the head may end within a character
    return True


def blocks(source: BinaryIO, name: str) -> Iterator[bytes]:
    """The uncompressed content in blocks of `BLOCK` bytes; the first one may have up to 4096 more.

    Raises `Unreadable` if the compression is broken, and like `decompressed`.
    """
    try:
        yield from decompressed(source, name)
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
