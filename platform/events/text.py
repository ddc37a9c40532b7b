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

from events.scan import Bytes, Places

_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


class Texts(NamedTuple):
    """Records: `data[start:end]`, and whether there is one. The bytes need not be text."""

    data: Bytes
    starts: Places
    ends: Places
    given: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Texts:
        """The records of a binary column of less than 4 GiB; copied only where it is in several pieces."""
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        whole = whole.cast(pa.large_binary())
        _, places, data = whole.buffers()
        given = np.asarray(whole.is_valid().to_numpy(zero_copy_only=False))
        offsets = np.frombuffer(places, np.int64)[whole.offset : whole.offset + len(whole) + 1] if places else _NONE
        first, last = int(offsets[0]), int(offsets[-1])
        held = np.frombuffer(data or b"", np.uint8)[first:last]
        borders = (offsets - first).astype(np.uint32)
        return cls(read_only(held), borders[:-1], borders[1:], given)

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


_NONE = np.zeros(1, np.int64)


def read_only(data: Bytes) -> Bytes:
    """The same bytes for compiled functions, which are made once for what nobody writes to."""
    data = data.view()
    data.flags.writeable = False
    return data


def deeper(text: str, levels: int) -> bool:
    """Whether a JSON text nests its objects and arrays deeper than so many levels; few brackets settle most."""
    return text.count("{") + text.count("[") > levels and nesting(text.encode()) > levels


def shortened(text: str, length: int = 80) -> str:
    """A text that was sent, as an error may show it."""
    return text if len(text) <= length else text[: length - 3] + "..."


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
