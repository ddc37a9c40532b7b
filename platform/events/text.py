"""Text: the bytes of records as they lie in one buffer, and what is made of a few of them.

Belongs here: which bytes are a record's, texts put in the place of others. Not here: any value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from events.compiled import read_only
from events.tokens import Bytes, Places

_FEW = 16  # fewer have no two words (`words_of`), and numba would compile for arrays of such a kind once more
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class Room:
    """Bytes that are used again and again: memory that is new costs more than what is done in it."""

    def __init__(self) -> None:
        self.held = np.empty(0, np.uint8)

    def of(self, size: int) -> Bytes:
        """So many bytes or a few, whose content is whatever it was; the same ones as before where these are enough."""
        size = max(size, _FEW)
        if size > len(self.held):
            self.held = np.empty(roomy(size), np.uint8)
        return self.held[:size]


def roomy(size: int) -> int:
    """A size that is enough for the next ones as well, which may be a little larger."""
    return size + size // 2


class Texts(NamedTuple):
    """Records: `data[start:end]`, and whether there is one. The bytes need not be text."""

    data: Bytes
    starts: Places
    ends: Places
    given: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, column: pa.ChunkedArray, room: Room) -> Texts:
        """The records of a binary column of less than 4 GiB; copied into `room` where it is in several pieces."""
        pieces = [chunk.cast(pa.large_binary()) for chunk in column.chunks]
        spans = [_span(piece) for piece in pieces]
        total = sum(len(data) for data, _ in spans)
        alone = len(spans) == 1 and total >= _FEW
        held = spans[0][0] if alone else room.of(total)
        starts, ends, at = [_NONE], [_NONE], 0
        for data, borders in spans:
            if not alone:
                held[at : at + len(data)] = data
            starts.append(borders[:-1] + np.uint32(at))
            ends.append(borders[1:] + np.uint32(at))
            at += len(data)
        given = np.asarray(column.is_valid().to_numpy(), np.bool_)
        return cls(read_only(held), np.concatenate(starts), np.concatenate(ends), given)

    def record(self, row: int) -> bytes:
        """The bytes of one."""
        return self.data[self.starts[row] : self.ends[row]].tobytes()

    def with_(self, others: Mapping[int, str | None]) -> Texts:
        """The same with some rows' replaced."""
        if not others:
            return self
        starts, ends, given = self.starts.copy(), self.ends.copy(), self.given.copy()
        pieces, at = [], len(self.data)
        for row, text in others.items():
            piece = (text or "").encode()
            starts[row], ends[row], given[row] = at, at + len(piece), text is not None
            pieces.append(piece)
            at += len(piece)
        more = np.frombuffer(b"".join(pieces), np.uint8)
        return Texts(read_only(np.concatenate([self.data, more])), starts, ends, given)


_NONE = np.empty(0, np.uint32)


def _span(piece: pa.Array) -> tuple[Bytes, Places]:
    """The bytes of a piece of a binary column, and where its values begin and end in them."""
    _, places, data = piece.buffers()
    offsets = np.frombuffer(places or b"\0" * 8, np.int64)[piece.offset : piece.offset + len(piece) + 1]
    first, last = int(offsets[0]), int(offsets[-1])
    return np.frombuffer(data or b"", np.uint8)[first:last], (offsets - first).astype(np.uint32)


def bytes_of(text: bytes) -> Bytes:
    """The bytes for compiled functions, with zeros behind where they are few."""
    return np.frombuffer(text.ljust(_FEW, b"\0") if len(text) < _FEW else text, np.uint8)


def deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests its objects and arrays deeper than so many levels; few brackets settle most."""
    return text.count("{") + text.count("[") > levels and nesting(text.encode()) > levels


def shortened(text: str, length: int = 80) -> str:
    """A text that was sent, as an error may show it and a table may hold it: U+FFFD for half a surrogate pair."""
    start = text if len(text) <= length else text[: length - 3] + "..."
    return start.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def whole(text: str) -> str:
    """A text with U+FFFD for each half of a surrogate pair that stands alone, as no encoding has such."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def nesting(raw: bytes) -> int:
    """How deep a JSON text nests its objects and arrays."""
    depth = deepest = 0
    for byte in _STRINGS.sub(b"", raw):
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"}]":
            depth -= 1
    return deepest
