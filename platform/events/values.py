"""Values: JSON objects one after another, or as the elements of an array.

Belongs here: where such a record begins and ends, and where to go on where the JSON is broken. Not here: JSON's
structure (`grammar`), what is in a record.
"""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property
from itertools import chain
from typing import ClassVar, cast

import numpy as np
import polars as pl

from events.framing import Framed
from events.grammar import BEGUN, OPENING, SPACES, WHOLE, Depth, follow, mask_of, objects
from events.spans import column
from events.text import bytes_of
from events.tokens import words_of

ATTEMPTS = 4  # so many braces behind a fault are tried for the beginning of the next object
RUN = 1 << 14  # so many objects in a row are looked for at a time
_SPACE = re.compile(rb"\s*+")
_LINE = re.compile(rb"\n(?=\{)")
_OBJECT = re.compile(rb'\{\s*+["}]')


class _View:
    """A window, the last one or not, as compiled functions look at it; for records of `limit` bytes and one more."""

    def __init__(self, window: bytes, last: bool, limit: int, joint: bytes) -> None:
        self.window, self.last, self.joint = window, last, joint
        self.data = bytes_of(window)
        self.words = words_of(self.data)
        self.stack = np.empty(min(limit, len(window)) + 1, np.uint8)

    def follow(self, at: int, stop: int) -> tuple[int, int]:
        """Where the object or array that begins at `at` ends, or its last bracket that fits, and what it is."""
        end, state = follow(self.data, self.words, at, stop, self.stack)
        return end, state

    @cached_property
    def borders(self) -> list[int]:
        """Where an object may begin whatever was before it: behind another, or with a line."""
        found = chain(re.finditer(self.joint + rb"(?=\{)", self.window), _LINE.finditer(self.window))
        return sorted({border.end() for border in found})

    def border(self, at: int, stop: int) -> int:
        """The first border from `at` on, or `stop`."""
        nearest = bisect_left(self.borders, at)
        return min(self.borders[nearest], stop) if nearest < len(self.borders) else stop


class Values:
    """Objects, arrays, and whatever else is there; a record's number is its place among them, from 1.

    An object or array ends where its own structure says. Where that is broken, as when it was cut off and another
    follows, it ends where a whole object begins behind the fault, or before the next border, or with the content.
    Other bytes are a record up to the next line break or brace.
    """

    separators: ClassVar = SPACES
    joint: ClassVar = rb"\}\s*+"
    after: ClassVar = re.compile(rb"\s*+(?:\{|\Z)")
    other: ClassVar = re.compile(rb"[^\n{]*+")

    def __init__(self, limit: int) -> None:
        self.limit, self.number = limit, 1
        self.separating = mask_of(self.separators)
        self.run = np.empty((2, RUN), np.int64)
        self.follow: Callable[[bytes], int | None] = Depth().end

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end can be told."""
        starts, ends, rest = self._walk(_View(window, last, self.limit, self.joint))
        numbers = pl.int_range(self.number, self.number + len(starts), eager=True)
        self.number += len(starts)
        return Framed(window, column(starts), column(ends), numbers), rest

    def beyond(self, chunk: bytes) -> int | None:
        """Up to the end of the value as its brackets tell, or of what else it is."""
        end = self.follow(chunk)
        self.number += end is not None
        return end

    def _walk(self, view: _View) -> tuple[array[int], array[int], int]:
        """The records, whole objects many at a time and others one by one, and where the undecided begins."""
        starts, ends = array("q"), array("q")
        at = self._skip(view.window, 0)
        while at < len(view.window):
            count, at = objects(view.data, view.words, at, self.limit, self.separating, view.stack, *self.run)
            starts.frombytes(self.run[0, :count].tobytes())
            ends.frombytes(self.run[1, :count].tobytes())
            if count == RUN:
                continue
            at = self._skip(view.window, at)
            if at == len(view.window):
                break
            end = self._end(view, at)
            if end is None:
                break
            starts.append(at)
            ends.append(end)
            at = self._skip(view.window, end)
        return starts, ends, at

    def _skip(self, window: bytes, at: int) -> int:
        """Over what stands between records."""
        return _matched(_SPACE, window, at).end()

    def _end(self, view: _View, at: int) -> int | None:
        """Where the record ends that begins at `at`; None if no more than it may have, or than is there, can tell."""
        stop = min(len(view.window), at + self.limit + 1)
        ended = view.last and stop == len(view.window)
        if view.window[at] in OPENING:
            place, state = view.follow(at, stop)
            if state == WHOLE:
                return place
            if state == BEGUN:
                self.follow = Depth().end
                return self._stripped(view.window, at, stop) if ended else None
            border = view.border(place, stop)
            if border == stop and not ended and stop - at <= self.limit:
                return None
            end = self._resumed(view, place, border, stop)
        else:
            end = _matched(self.other, view.window, at + 1, stop).end()
        if end < stop or ended:
            return self._stripped(view.window, at, end)
        self.follow = _Other(self.other, stop - at).end
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
                if state == WHOLE and self.after.match(view.window, end, border):
                    return brace
        brace = view.window.find(b"{", brace + 1, border)
        return border if border < stop or brace < 0 else brace

    def _stripped(self, window: bytes, at: int, end: int) -> int:
        """The end without separators before it."""
        return at + len(window[at:end].rstrip(self.separators))


class Elements(Values):
    """The elements of arrays, whose brackets and commas are no records, and whatever is behind an array."""

    separators: ClassVar = Values.separators + b","
    joint: ClassVar = rb"\}\s*+,\s*+"
    after: ClassVar = re.compile(rb"\s*+(?:,\s*+\{|,?+\s*+\Z|\])")
    other: ClassVar = re.compile(rb"[^\n{\[\],]*+")
    opening: ClassVar = re.compile(rb"[\s,]*+(\[)?+")
    between: ClassVar = re.compile(rb"(?:[\s,]++|\]\s*+\[)*+(\]\s*+)?+")

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.inside = False

    def _skip(self, window: bytes, at: int) -> int:
        """Over white space, and inside an array over commas, into it and out of it."""
        while True:
            if not self.inside:
                opening = _matched(self.opening, window, at)
                if not opening[1]:
                    return opening.end()
                self.inside, at = True, opening.end()
            between = _matched(self.between, window, at)
            if between[1] is None:
                return between.end()
            self.inside, at = False, between.end()


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
