"""Blocks of any size become records, in bounded memory. The size of the blocks makes no difference.

Belongs here: what is held between blocks, and records that are too long to be held. Not here: where a record ends
(`line_cutter`, `value_cutter`), which of the two an object needs (`detection`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

CHUNK = 1 << 20  # bytes of a long record that are looked at in one go


@dataclass(frozen=True)
class Framed:
    """The records of a window: their starts, ends and numbers, as columns of 64-bit integers."""

    window: bytes
    starts: pl.Series
    ends: pl.Series
    numbers: pl.Series

    def part(self, first: int, end: int) -> Framed:
        """The records `[first:end]`."""
        return Framed(self.window, self.starts[first:end], self.ends[first:end], self.numbers[first:end])


@dataclass(frozen=True)
class Oversize:
    """What is kept of a record above the limit; `offset` and `length` are in bytes of the uncompressed content."""

    number: int
    offset: int
    length: int
    sha256: str


class Cutter(Protocol):
    """Cuts windows of content into records by one framing. `number` is that of the next record."""

    number: int

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end is known, and where the rest begins.

        Looks at most limit + 1 bytes ahead for a record's end. If the window has fewer and is not the `last`, the
        record stays in the rest until more bytes come. A longer record is left to `cut_long`.
        """

    def cut_long(self, chunk: bytes) -> int | None:
        """The end of a too long record within its next chunk; None if it goes on. At the end, advances `number`."""


class _LongRecord:
    """A record that is too long to be held: its bytes are digested as they come."""

    def __init__(self, number: int, offset: int) -> None:
        self.number, self.offset, self.length = number, offset, 0
        self.digest, self.blank = hashlib.sha256(), True

    def take(self, part: bytes) -> None:
        self.digest.update(part)
        self.length += len(part)
        self.blank = self.blank and (part.isspace() or not part)

    def finished(self) -> Iterator[Oversize]:
        """What is kept of it; nothing if it is only white space."""
        if not self.blank:
            yield Oversize(self.number, self.offset, self.length, self.digest.hexdigest())


class Framer:
    """Feeds a cutter with windows of content; `offset` is that of the first block in the uncompressed content."""

    def __init__(self, cutter: Cutter, limit: int, offset: int) -> None:
        self.cutter, self.limit, self.offset = cutter, limit, offset
        self.rest = b""
        self.enough = 0  # bytes that a window must have before it is cut
        self.long: _LongRecord | None = None

    def frame(self, blocks: Iterable[bytes]) -> Iterator[Framed | Oversize]:
        """The records of all blocks, in order."""
        for block in blocks:
            yield from self._feed(block, last=False)
        if self.rest:
            yield from self._feed(b"", last=True)
        if self.long:
            yield from self.long.finished()

    def _feed(self, block: bytes, last: bool) -> Iterator[Framed | Oversize]:
        chunks = [block]  # in reverse order
        while chunks:
            chunk = chunks.pop()
            if self.long:
                end = self.cutter.cut_long(chunk)
                self.long.take(chunk[:end])
                if end is None:
                    continue
                yield from self.long.finished()
                self.offset, chunk = self.long.offset + self.long.length, chunk[end:]
                self.long = None
            window, final = self.rest + chunk, last and not chunks
            if len(window) < self.enough and not final:
                self.rest = window
                continue
            framed, rest = self.cutter.cut(window, final)
            yield from self._sized(framed)
            self.offset, self.rest = self.offset + rest, window[rest:]
            self.enough = min(2 * len(self.rest), self.limit + 1)
            if len(self.rest) > self.limit:
                chunks += self._release_rest()

    def _release_rest(self) -> list[bytes]:
        """The rest in chunks, in reverse order: its record is too long, so only a digest of them is held."""
        rest, self.rest, self.enough = self.rest, b"", 0
        self.long = _LongRecord(self.cutter.number, self.offset)
        return [rest[at : at + CHUNK] for at in reversed(range(0, len(rest), CHUNK))]

    def _sized(self, found: Framed) -> Iterator[Framed | Oversize]:
        """The records, with an `Oversize` in place of each one above the limit."""
        first, lengths = 0, found.ends - found.starts
        for row in (lengths > self.limit).arg_true():
            if row > first:
                yield found.part(first, row)
            start = found.starts[row]
            large = _LongRecord(found.numbers[row], self.offset + start)
            large.take(found.window[start : found.ends[row]])
            yield from large.finished()
            first = row + 1
        if first < len(lengths):
            yield found.part(first, len(lengths))
