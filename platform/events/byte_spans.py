"""Many byte strings in one buffer, the form in which compiled functions take records.

Belongs here: buffers and the spans in them. Not here: what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from events.array_types import Bytes, Mask, Positions
from events.compiled import read_only

_LEAST = 16  # bytes; with fewer, `words_of` has no two words, and numba would compile once more for such arrays
_NO_POSITIONS = np.empty(0, np.uint32)


class Scratch:
    """A reusable buffer: new memory costs more than the work done in it."""

    def __init__(self) -> None:
        self.held = np.empty(0, np.uint8)

    def take(self, size: int) -> Bytes:
        """At least `size` bytes with arbitrary content; the same memory as before where it is large enough."""
        size = max(size, _LEAST)
        if size > len(self.held):
            self.held = np.empty(with_reserve(size), np.uint8)
        return self.held[:size]


def with_reserve(size: int) -> int:
    """A size with a reserve, because the next use may need a little more."""
    return size + size // 2


class ByteSpans(NamedTuple):
    """Byte strings: string `i` is `data[starts[i]:ends[i]]`, or missing if `given[i]` is false."""

    data: Bytes
    starts: Positions
    ends: Positions
    given: Mask

    @classmethod
    def of(cls, column: pa.ChunkedArray, scratch: Scratch) -> ByteSpans:
        """The strings of a binary column of less than 4 GiB; a column of several chunks is copied into `scratch`."""
        pieces = [chunk.cast(pa.large_binary()) for chunk in column.chunks]
        spans = [_buffer(piece) for piece in pieces]
        total = sum(len(data) for data, _ in spans)
        alone = len(spans) == 1 and total >= _LEAST
        held = spans[0][0] if alone else scratch.take(total)
        starts, ends, at = [_NO_POSITIONS], [_NO_POSITIONS], 0
        for data, borders in spans:
            if not alone:
                held[at : at + len(data)] = data
            starts.append(borders[:-1] + np.uint32(at))
            ends.append(borders[1:] + np.uint32(at))
            at += len(data)
        given = np.asarray(column.is_valid().to_numpy(), np.bool_)
        return cls(read_only(held), np.concatenate(starts), np.concatenate(ends), given)

    def at(self, row: int) -> bytes:
        """The bytes of one string."""
        return self.data[self.starts[row] : self.ends[row]].tobytes()

    def replaced(self, texts: Mapping[int, str | None]) -> ByteSpans:
        """The same strings with other texts in some rows; None removes a row's string."""
        if not texts:
            return self
        starts, ends, given = self.starts.copy(), self.ends.copy(), self.given.copy()
        pieces, at = [], len(self.data)
        for row, text in texts.items():
            piece = (text or "").encode()
            starts[row], ends[row], given[row] = at, at + len(piece), text is not None
            pieces.append(piece)
            at += len(piece)
        more = np.frombuffer(b"".join(pieces), np.uint8)
        return ByteSpans(read_only(np.concatenate([self.data, more])), starts, ends, given)


def _buffer(piece: pa.Array) -> tuple[Bytes, Positions]:
    """The bytes of one chunk, and the offsets in them at which its values begin and end."""
    _, positions, data = piece.buffers()
    offsets = np.frombuffer(positions or b"\0" * 8, np.int64)[piece.offset : piece.offset + len(piece) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    return np.frombuffer(data or b"", np.uint8)[first:last], (offsets - first).astype(np.uint32)


def bytes_of(text: bytes | pa.Buffer) -> Bytes:
    """A byte string for compiled functions; a short one is padded with zeros."""
    return np.frombuffer(bytes(text).ljust(_LEAST, b"\0") if len(text) < _LEAST else text, np.uint8)
