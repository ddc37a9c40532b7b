"""Damage that can happen to a file before it lands, as functions of random numbers and of its bytes.

Not here: which files (`corpus`), what must hold for them all the same (`laws`), facts about one stream.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import pyarrow as pa

TOKENS: Sequence[bytes] = (
    *(bytes([byte]) for byte in b"{}[]\",:\\\n\r\t \x00\x0b\x1f\x7f\x80\xff'"),
    *(b"\r\n", b"\n\n", b'""', b'"}', b"}{", b"},{", b"[]", b"{}", b"\\u0000", b"\\ud800", b"\\udc00\\ud800", b"\\x"),
    *(b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", "\u2028".encode(), "\U0001f600".encode()),
    *(b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"<html>"),
)
VALUES: Sequence[bytes] = (
    *(b"null", b"true", b"True", b"None", b"0", b"-0", b"-0.0", b"1.", b".5", b"01", b"+1", b"0x1", b"1_0", b"1e5"),
    *(b"NaN", b"nan", b"-Infinity", b"inf", b"1e400", b"-1e-400", b"1e999999999999", b"1e-999999999999"),
    *(
        b"9223372036854775807",
        b"9223372036854775808",
        b"-9223372036854775809",
        b"340282366920938463463374607431768211456",
    ),
    *(
        b"0.1",
        b"12.345",
        b"9999999999999999.99",
        b"12345678901234567.89",
        b"0.30000000000000004",
        b"100000000000000000000",
    ),
    *(
        b'""',
        b'" "',
        b'"\\u00a0\\t"',
        '"\u2003\u3000"'.encode(),
        b'"\\u0000"',
        b'"\\ud800"',
        b'"Null"',
        b'"12.34"',
        b'"1e2"',
        b'" 1"',
        b'"NaN"',
        b'"true"',
        b"{}",
        b"[]",
    ),
    *(
        b"[null]",
        b"[{}]",
        b"[[]]",
        b"[1,{}]",
        b'{"a":1}',
        b"\"{'a': 1}\"",
        b"\"{'device': 'a', 'device': 0x1}\"",
        b'"[1"',
        b'"{\\"a\\": {\\"b\\": 1}}"',
        b'"\\\\"',
    ),
    *(b'"2026-01-01T00:00:00Z"', b'"2026-02-30T00:00:00Z"', b'"0000-00-00"', b'"9999-12-31T23:59:59.999999999+14:00"'),
    *(
        b'"0001-01-01T00:00:00-14:00"',
        b'"294247-01-10"',
        b'"2026-01-01T24:00:00Z"',
        b'"infinity"',
        b'"epoch"',
        b'"now"',
    ),
    *(b'"-2026-01-01"', b'"2026-01-01 00:00:00.1234567890"', b'"2026-01-01T23:59:60Z"', b'"2026-01-01T00:00Z[UTC]"'),
    *(b"\xff", b'"\xff"', b'"caf\xe9"', b'"a\nb"', b'"a\tb"', b'"a\x00b"', '"\U0001f600"'.encode(), b"2", b"1"),
)
VALUE = re.compile(rb'"(?:[^"\\\n]|\\.)*"|(?<=[\t,:\[ ])[^\t,:\[\]{} "\n]+(?=[\t,\]}\n])|(?<=\t)(?=\t)')
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "latin-1", "cp037", "utf-7")
SIZES = (300, 300, 5_000, 70_000, 300_000)

Spoiler = Callable[[Random, bytes, bytes], bytes]
"""Spoils a content; the last argument is the content of another file."""


def _place(random: Random, content: bytes) -> int:
    return random.randint(0, len(content))


def _span(random: Random, content: bytes) -> tuple[int, int]:
    """A span of the content, mostly short."""
    start = _place(random, content)
    longest = len(content) if random.random() < 0.2 else 40
    return start, min(len(content), start + random.randint(1, max(1, longest)))


def flipped(random: Random, content: bytes, other: bytes) -> bytes:
    """Flip some bits."""
    found = bytearray(content)
    for _ in range(random.choice((1, 1, 3, 30)) if found else 0):
        found[random.randrange(len(found))] ^= 1 << random.randrange(8)
    return bytes(found)


def inserted(random: Random, content: bytes, other: bytes) -> bytes:
    """Insert tokens or random bytes, or put them in place of others."""
    start, end = _span(random, content)
    new = random.choice(TOKENS) if random.random() < 0.8 else random.randbytes(random.randint(1, 50))
    return content[:start] + new + content[random.choice((start, end)) :]


def deleted(random: Random, content: bytes, other: bytes) -> bytes:
    """Remove a part."""
    start, end = _span(random, content)
    return content[:start] + content[end:]


def doubled(random: Random, content: bytes, other: bytes) -> bytes:
    """Repeat a part, there or elsewhere."""
    start, end = _span(random, content)
    at = random.choice((end, _place(random, content)))
    return content[:at] + content[start:end] + content[at:]


def truncated(random: Random, content: bytes, other: bytes) -> bytes:
    """Cut off the end or the beginning."""
    at = _place(random, content)
    return random.choice((content[:at], content[at:]))


def spliced(random: Random, content: bytes, other: bytes) -> bytes:
    """Continue with another file, or insert a part of it."""
    at, (start, end) = _place(random, content), _span(random, other)
    return content[:at] + random.choice((other[start:], other[start:end] + content[at:]))


def revalued(random: Random, content: bytes, other: bytes) -> bytes:
    """Replace some values by strange ones, or by others of the same file."""
    places = list(VALUE.finditer(content))
    if not places:
        return content
    for place in sorted(random.sample(places, min(len(places), random.choice((1, 1, 2, 8)))), reverse=True, key=_start):
        new = random.choice(VALUES) if random.random() < 0.8 else random.choice(places)[0]
        bare = new.strip(b'"') if not place[0].startswith(b'"') else new
        content = content[: place.start()] + random.choice((new, bare)) + content[place.end() :]
    return content


def _start(found: re.Match[bytes]) -> int:
    return found.start()


def swollen(random: Random, content: bytes, other: bytes) -> bytes:
    """Repeat something until it is very long or deeply nested."""
    at, size = _place(random, content), random.choice(SIZES)
    start, end = _span(random, content)
    part = random.choice((random.choice(TOKENS), b'{"a":', b"[", b'"', b" ", content[start:end] or b"x"))
    return content[:at] + part * (size // len(part)) + content[at:]


def recoded(random: Random, content: bytes, other: bytes) -> bytes:
    """Change the encoding or the line breaks of all of it."""
    if random.random() < 0.5:
        return content.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b" ", b"")))
    return content.decode(errors="replace").encode(random.choice(ENCODINGS), errors="replace")


SPOILERS: Sequence[Spoiler] = (
    *(flipped, inserted, inserted, deleted, doubled, truncated, spliced, recoded),
    *(revalued, revalued, revalued, revalued, swollen),
)


def compressed(random: Random, content: bytes) -> bytes:
    """Plain or compressed, sometimes in two members or twice."""
    at = _place(random, content)
    return random.choice(
        (
            lambda: content,
            lambda: content,
            lambda: gzip.compress(content, 1),
            lambda: zstd(content),
            lambda: gzip.compress(content[:at], 1) + gzip.compress(content[at:], 1),
            lambda: zstd(content[:at]) + zstd(content[at:]),
            lambda: gzip.compress(zstd(content), 1),
        )
    )()


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


@dataclass(frozen=True)
class Spoilt:
    """A landed file: its name, its bytes, and the limit for a record's size."""

    name: str
    content: bytes
    limit: int


NAMES = ("f.json", "f.json.gz", "f.zst", "f.tsv", "f")
LIMITS = (*[16 << 20] * 4, 4_000, 300)


def spoil(random: Random, content: bytes, other: bytes) -> Spoilt:
    """Spoil a content up to four times, and sometimes its compressed bytes."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        content = random.choice(SPOILERS)(random, content, other)
    landed = compressed(random, content)
    if random.random() < 0.1:
        landed = random.choice((flipped, truncated, deleted, inserted, doubled))(random, landed, other)
    return Spoilt(random.choice(NAMES), landed, random.choice(LIMITS))
