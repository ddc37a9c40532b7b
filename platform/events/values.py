"""Values: JSON objects one after another, and as elements of arrays, in any order.

Belongs here: where such a record begins and ends, and where to go on where the JSON is broken. Not here: JSON's
structure (`grammar`), what is in a record.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import polars as pl

from events.framing import Framed
from events.grammar import BEGUN, OPENING, SPACES, WHOLE, Depth, follow, objects
from events.spans import Finds
from events.text import bytes_of
from events.tokens import words_of

ATTEMPTS = 4  # so many braces behind a fault are tried for the beginning of the next object
SEPARATORS = SPACES + b","
_OBJECT = re.compile(rb'\{\s*+["}]')


class _Place(NamedTuple):
    """What tells where a broken record ends, inside an array or not.

    `border` is where an object or array may begin whatever was before it: behind another, or with a line. `after` is
    what has to follow an object that is found behind a fault. `other` is one record that is no object or array.
    """

    border: re.Pattern[bytes]
    after: re.Pattern[bytes]
    other: re.Pattern[bytes]


_OUTSIDE = _Place(
    re.compile(rb"\}\s*+(?=\{)|[\r\n](?=[{\[])"),
    re.compile(rb"\s*+(?:[{\[]|\Z)"),
    re.compile(rb"[^\r\n{\[]*+"),
)
_INSIDE = _Place(
    re.compile(rb"(?:\}\s*+,\s*+|[\r\n])(?=\{)"),
    re.compile(rb"\s*+(?:,\s*+\{|,?+\s*+\Z|\])"),
    re.compile(rb"[^\r\n{\[\],]*+"),
)


class _View:
    """A window, the last one or not, as compiled functions look at it; for records of `limit` bytes and one more."""

    def __init__(self, window: bytes, last: bool, limit: int) -> None:
        self.window, self.last = window, last
        self.data = bytes_of(window)
        self.words = words_of(self.data)
        self.stack = np.empty(min(limit, len(window)) + 1, np.uint8)
        self.borders: dict[_Place, list[int]] = {}

    def follow(self, at: int, stop: int) -> tuple[int, int]:
        """Where the object or array that begins at `at` ends, or its last bracket that fits, and what it is."""
        end, state = follow(self.data, self.words, at, stop, self.stack)
        return end, state

    def border(self, place: _Place, at: int, stop: int) -> int:
        """The first border from `at` on, or `stop`."""
        if place not in self.borders:
            self.borders[place] = [border.end() for border in place.border.finditer(self.window)]
        borders = self.borders[place]
        nearest = bisect_left(borders, at)
        return min(borders[nearest], stop) if nearest < len(borders) else stop


class Values:
    """Objects, elements of arrays, and whatever else is there; a record's number is its place among them, from 1.

    The brackets and commas of the outermost arrays are no records; an array within one is. An object or array ends
    where its own structure says. Where that is broken, as when it was cut off and another follows, it ends where a
    whole object begins behind the fault, or before the next border, or with the content. Other bytes are a record up
    to the next line break or bracket, in an array also up to the next comma.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.number, self.inside = limit, 1, False
        self.finds = Finds(2)
        self.follow: Callable[[bytes], int | None] = Depth().end

    @property
    def place(self) -> _Place:
        """Where what comes next stands."""
        return _INSIDE if self.inside else _OUTSIDE

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end can be told."""
        rest = self._walk(_View(window, last, self.limit))
        starts, ends = self.finds.columns()
        numbers = pl.int_range(self.number, self.number + len(starts), eager=True)
        self.number += len(starts)
        return Framed(window, starts, ends, numbers), rest

    def beyond(self, chunk: bytes) -> int | None:
        """Up to the end of the value as its brackets tell, or of what else it is."""
        end = self.follow(chunk)
        self.number += end is not None
        return end

    def _walk(self, view: _View) -> int:
        """Find the records, whole objects many at a time and others one by one; where the undecided begins."""
        at = 0
        while True:
            count, at, self.inside = objects(
                view.data, view.words, at, self.limit, self.inside, view.stack, self.finds.room
            )
            if self.finds.take(count):
                continue
            if at >= len(view.window):
                return len(view.window)
            end = self._end(view, at)
            if end is None:
                return at
            self.finds.add(at, end)
            at = end

    def _end(self, view: _View, at: int) -> int | None:
        """Where the record ends that begins at `at`; None if no more than it may have, or than is there, can tell."""
        stop = min(len(view.window), at + self.limit + 1)
        ended = view.last and stop == len(view.window)
        if view.window[at] in OPENING:
            fault, state = view.follow(at, stop)
            if state == WHOLE:
                return fault
            if state == BEGUN:
                self.follow = Depth().end
                return self._stripped(view.window, at, stop) if ended else None
            border = view.border(self.place, fault, stop)
            if border == stop and not ended and stop - at <= self.limit:
                return None
            end = self._resumed(view, fault, border, stop)
        else:
            end = _matched(self.place.other, view.window, at + 1, stop).end()
        if end < stop or ended:
            return self._stripped(view.window, at, end)
        self.follow = _Other(self.place.other, stop - at).end
        return None

    def _resumed(self, view: _View, fault: int, border: int, stop: int) -> int:
        """Where behind a fault a whole object begins that another follows, else the border; `stop` is no border.

        Without one, what has more braces than are tried ends at the next.
        """
        brace = fault - 1
        for _ in range(ATTEMPTS):
            brace = view.window.find(b"{", brace + 1, border)
            if brace < 0:
                return border
            if _OBJECT.match(view.window, brace, border):
                end, state = view.follow(brace, border)
                if state == WHOLE and self.place.after.match(view.window, end, border):
                    return brace
        brace = view.window.find(b"{", brace + 1, border)
        return border if border < stop or brace < 0 else brace

    def _stripped(self, window: bytes, at: int, end: int) -> int:
        """The end without separators before it."""
        return at + len(window[at:end].rstrip(SEPARATORS))


class _Other:
    """Follows what is no value through chunks, of which the first `seen` bytes are known not to be its end."""

    def __init__(self, pattern: re.Pattern[bytes], seen: int) -> None:
        self.pattern, self.seen = pattern, seen

    def end(self, chunk: bytes) -> int | None:
        """Where in the next chunk it ends."""
        seen = min(self.seen, len(chunk))
        self.seen -= seen
        end = _matched(self.pattern, chunk, seen).end()
        return end if end < len(chunk) else None


def _matched(pattern: re.Pattern[bytes], text: bytes, at: int, stop: int = sys.maxsize) -> re.Match[bytes]:
    """The match at `at` of a pattern that matches anywhere."""
    return cast("re.Match[bytes]", pattern.match(text, at, stop))
