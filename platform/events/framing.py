"""Framing: blocks of any size become records, in bounded memory and the same however the blocks fall.

Belongs here: what is held between blocks, and records that are too long to be held. Not here: where a record begins
and ends (`lines`, `values`), how a stream says which of them it wants (`decode`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import polars as pl

CHUNK = 1 << 20


@dataclass(frozen=True)
class Framed:
    """Records of a window by where they start and end, and their numbers; columns of 64-bit integers."""

    window: bytes
    starts: pl.Series
    ends: pl.Series
    numbers: pl.Series

    def part(self, first: int, end: int) -> Framed:
        """The records from one to another, which is left out."""
        return Framed(self.window, self.starts[first:end], self.ends[first:end], self.numbers[first:end])


@dataclass(frozen=True)
class Oversize:
    """A record of more than the limit, by what is kept of it; `offset` and `length` are bytes of the plain content."""

    number: int
    offset: int
    length: int
    sha256: str


class Cutter(Protocol):
    """Knows one framing. `number` is that of the record to come."""

    number: int

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records of a window, and where what is undecided begins.

        Where a record ends may depend on as many bytes as it may have and one more. A decision that wants more than
        the window has is left to the next one, unless this is the `last`; of a record that has too many already, it
        is left to `beyond`.
        """

    def beyond(self, chunk: bytes) -> int | None:
        """Where in the next chunk of a record that is too long it ends; None to go on. Numbers go on behind it."""


class _Runaway:
    """A record that is too long to be held."""

    def __init__(self, number: int, offset: int) -> None:
        self.number, self.offset, self.length = number, offset, 0
        self.digest, self.blank = hashlib.sha256(), True

    def take(self, part: bytes) -> None:
        self.digest.update(part)
        self.length += len(part)
        self.blank = self.blank and (part.isspace() or not part)

    def known(self) -> Iterator[Oversize]:
        """What is kept of it; nothing where there was nothing in it."""
        if not self.blank:
            yield Oversize(self.number, self.offset, self.length, self.digest.hexdigest())


class Framer:
    """Feeds a cutter with blocks; `offset` is where in the plain content they begin."""

    def __init__(self, cutter: Cutter, limit: int, offset: int) -> None:
        self.cutter, self.limit, self.offset = cutter, limit, offset
        self.rest = b""
        self.enough = 0  # a window is not looked at before it has so many bytes
        self.runaway: _Runaway | None = None

    def frame(self, blocks: Iterable[bytes]) -> Iterator[Framed | Oversize]:
        """The records of all blocks, in order."""
        for block in blocks:
            yield from self._feed(block, last=False)
        if self.rest:
            yield from self._feed(b"", last=True)
        if self.runaway:
            yield from self.runaway.known()

    def _feed(self, block: bytes, last: bool) -> Iterator[Framed | Oversize]:
        chunks = [block]  # the next one at the end
        while chunks:
            chunk = chunks.pop()
            if self.runaway:
                end = self.cutter.beyond(chunk)
                self.runaway.take(chunk[:end])
                if end is None:
                    continue
                yield from self.runaway.known()
                self.offset, chunk = self.runaway.offset + self.runaway.length, chunk[end:]
                self.runaway = None
            window, final = self.rest + chunk, last and not chunks
            if len(window) < self.enough and not final:
                self.rest = window
                continue
            framed, rest = self.cutter.cut(window, final)
            yield from self._sized(framed)
            self.offset, self.rest = self.offset + rest, window[rest:]
            self.enough = min(2 * len(self.rest), self.limit + 1)
            if len(self.rest) > self.limit:
                chunks += self._let_go()

    def _let_go(self) -> list[bytes]:
        """The rest in pieces, the first one at the end, of which only a digest is to be held."""
        rest, self.rest, self.enough = self.rest, b"", 0
        self.runaway = _Runaway(self.cutter.number, self.offset)
        return [rest[at : at + CHUNK] for at in reversed(range(0, len(rest), CHUNK))]

    def _sized(self, found: Framed) -> Iterator[Framed | Oversize]:
        """The same records, those that are too long by what is kept of them."""
        first, lengths = 0, found.ends - found.starts
        for row in (lengths > self.limit).arg_true():
            if row > first:
                yield found.part(first, row)
            start = found.starts[row]
            large = _Runaway(found.numbers[row], self.offset + start)
            large.take(found.window[start : found.ends[row]])
            yield from large.known()
            first = row + 1
        if first < len(lengths):
            yield found.part(first, len(lengths))
