"""Compression: the plain bytes of one landed object, gzip, zstd or neither, told by content.

Belongs here: which formats are read, and what makes an object unreadable. Not here: records (`decode`).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

import pyarrow as pa
from isal import igzip, isal_zlib

BLOCK = 2 << 20
HEAD = 4096

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


def blocks(source: BinaryIO, name: str) -> Iterator[bytes]:
    """The plain content in blocks of at most `BLOCK` bytes. Raises `Unreadable` where compression is broken."""
    try:
        plain = decompressed(source, name)
        while block := plain.read(BLOCK):
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
