"""Compression is detected by content, and an object that cannot be read to its end is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.stream import JsonLines
from events import compression, decode
from events.compression import Unreadable

CONTENT = b'{"a": 1}\n' * 50
NAMES = ("f.json", "f.json.gz", "f.json.zst", "f")


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def tarred(content: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        member = tarfile.TarInfo("f.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd}


def lines(landed: bytes, name: str = "f.json.gz") -> list[bytes]:
    """An object's records, read as bronze reads them: verified first, with one open file."""
    source = io.BytesIO(landed)
    compression.verify(source, name)
    found = [raw for batch in decode.records(source, name, (JsonLines(),)) for raw in batch.column("raw").to_pylist()]
    assert not source.closed, "the source is its opener's to close"
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", COMPRESS)
def test_the_content_tells_how_it_is_compressed(kind: str, name: str) -> None:
    """Producers give files wrong names, so only the first bytes count."""
    assert lines(COMPRESS[kind](CONTENT), name) == CONTENT.splitlines()


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.sampled_from(["gzip", "zstd"]))
@example([b"a\nb", b"c\nd"], "gzip")
def test_members_are_read_on_end(parts: list[bytes], kind: str) -> None:
    """Firehose and `cat` join compressed files, so there is data after the first member."""
    parts = [b"yy", *(part.replace(b"\r", b"") for part in parts)]
    landed = b"".join(COMPRESS[kind](part) for part in parts)
    assert lines(landed) == [line for line in b"".join(parts).split(b"\n") if line.strip()]


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_cut_off_object_is_unreadable_wherever_it_is_cut(kind: str) -> None:
    """A half-written upload must not be half-loaded: its readable beginning would look complete."""
    landed = COMPRESS[kind](CONTENT)
    for length in range(5, len(landed)):
        with pytest.raises(Unreadable, match="broken compression"):
            lines(landed[:length])


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_second_member_that_is_cut_off_is_unreadable(kind: str) -> None:
    """The first member alone would be only the beginning of the object."""
    landed = COMPRESS[kind](CONTENT)
    with pytest.raises(Unreadable, match="broken compression"):
        lines(landed + landed[:-3])


def test_a_wrong_checksum_is_unreadable() -> None:
    """Flipped bits may decompress to plausible JSON with other amounts in it."""
    landed = bytearray(gzip.compress(CONTENT))
    landed[-8] ^= 1
    with pytest.raises(Unreadable, match="broken compression"):
        lines(bytes(landed))


FILES = {
    "zip": b"PK\x03\x04rest",
    "bzip2": bz2.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "zlib": zlib.compress(CONTENT),
    "tar": tarred(CONTENT),
    "Parquet": b"PAR1rest",
    "Avro": b"Obj\x01rest",
    "snappy": b"\xff\x06\x00\x00sNaPpY",
    "lz4": b"\x04\x22\x4d\x18rest",
}


@pytest.mark.parametrize("kind", FILES)
def test_a_foreign_format_is_named(kind: str) -> None:
    """The ledger should say at once what kind of file landed."""
    with pytest.raises(Unreadable, match=f"wrong magic: {kind} content; expected gzip, zstd or plain text"):
        lines(FILES[kind], "f.json")


@pytest.mark.parametrize("outer", ["gzip", "zstd"])
@pytest.mark.parametrize("inner", ["gzip", "zstd", *FILES])
def test_a_container_inside_a_container_is_named(inner: str, outer: str) -> None:
    """A file that was packed twice would otherwise become thousands of malformed records."""
    content = FILES[inner] if inner in FILES else COMPRESS[inner](CONTENT)
    article = "an" if inner[0] in "AOxl" else "a"
    with pytest.raises(Unreadable, match=f"^{article} {inner} file inside {outer}; expected plain text inside$"):
        lines(COMPRESS[outer](content))


@pytest.mark.parametrize("garbage", [b"\x00\x01\x02", b"\x80" * 5000, b"text\x00text"])
def test_garbage_named_as_compressed_is_refused(garbage: bytes) -> None:
    """A compressed file whose head is damaged would otherwise become thousands of malformed records."""
    with pytest.raises(Unreadable, match="named gz, but the content is neither compressed nor text"):
        lines(garbage, "f.json.gz")
    assert lines(garbage, "f.json"), "without that name it is taken for records, and each is judged"


def test_a_character_across_the_end_of_the_head_is_text() -> None:
    """Plain text is told by its first 4096 bytes, which may end in the middle of a character."""
    for shift in range(4):
        content = b"x" * (compression.MAGIC_BYTES - shift) + "😀".encode() + b"\n"
        assert lines(content, "f.json.gz") == [content[:-1]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", COMPRESS)
def test_text_in_another_encoding_is_named(kind: str, name: str, encoding: str) -> None:
    """With or without a byte order mark; every line would be malformed otherwise."""
    with pytest.raises(Unreadable, match=f"^{encoding[:6].upper()} text; expected UTF-8$"):
        lines(COMPRESS[kind](CONTENT.decode().encode(encoding)), name)


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_object_has_no_records(name: str) -> None:
    """Producers close files without having written anything."""
    assert lines(b"", name) == []
    assert lines(gzip.compress(b""), name) == []


class Failing(io.BytesIO):
    """A source whose storage fails after its head."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= 8:
            raise OSError(5, "Input/output error")
        return super().read(min(8, 8 if size is None or size < 0 else size))

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("kind", COMPRESS)
def test_an_error_of_the_storage_is_not_the_objects_fault(kind: str) -> None:
    """If the object were refused it would count as broken for ever; the run must fail and be retried instead."""
    with pytest.raises(OSError, match="Input/output error") as caught:
        compression.verify(Failing(COMPRESS[kind](CONTENT)), "f.json")
    assert caught.value.errno == 5
