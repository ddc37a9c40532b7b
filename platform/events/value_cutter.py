"""Cut content into JSON objects, one after another or as elements of arrays, in any order.

Belongs here: what this framing remembers between windows. Not here: where a record ends (`json`), lines
(`line_cutter`).
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from events.framing import Framed
from events.json import split


class ValueCutter:
    """Every object or array element is a record; a record's number is its place among them, from 1.

    The brackets and commas of the outermost arrays are not records; an array within one is. An object or array ends
    where its own structure says. A broken one, for instance one that was cut off, ends where a complete object begins
    after the fault, or before the next border, or with the content. Other bytes are a record up to the next line break
    or bracket, inside an array also up to the next comma.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.number, self.inside = limit, 1, False
        self.long_end: Callable[[bytes], int | None] | None = None

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end is known, and where the rest begins."""
        found = split(window, self.limit, inside=self.inside, last=last)
        self.inside, self.long_end = found.inside, found.long_end
        numbers = pl.int_range(self.number, self.number + len(found.starts), eager=True)
        self.number += len(found.starts)
        return Framed(window, found.starts, found.ends, numbers), found.rest

    def cut_long(self, chunk: bytes) -> int | None:
        """The end of a too long record within its next chunk; None if it goes on."""
        end = self.long_end(chunk) if self.long_end else None
        self.number += end is not None
        return end
