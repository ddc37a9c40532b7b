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
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar, cast

import polars as pl

from events.framing import Framed
from events.grammar import OPENING, Depth, are_objects, scan
from events.spans import column, texts

ATTEMPTS = 4  # so many braces behind a fault are tried for the beginning of the next object
_SPACE = re.compile(rb"\s*+")
_LINE = re.compile(rb"\n(?=\{)")
_OBJECT = re.compile(rb'\{\s*+["}]')
_FIRST_KEY = re.compile(rb'\{\s*+"[^"\\]{0,99}"')


@dataclass
class _View:
    """A window, the last one or not, and its pieces: what seems to go from one object to the next of the same kind."""

    window: bytes
    last: bool
    joint: bytes
    starts: array[int]
    ends: array[int]  # one less, as the end of the last piece is not known

    @classmethod
    def of(cls, window: bytes, last: bool, joint: bytes, at: int) -> _View:
        """The window from `at` on, with a pattern of what ends one object and stands before the next."""
        kind = _FIRST_KEY.match(window, at)  # other joints may be of objects within a record
        joints = re.compile(joint + rb"(?=%b)" % (re.escape(kind[0]) if kind else rb"\{")).finditer(window, at)
        spans = array("q", chain.from_iterable(found.span(1) for found in joints))
        return cls(window, last, joint, array("q", [at]) + spans[1::2], spans[::2])

    @cached_property
    def sound(self) -> pl.Series:
        """Which pieces are whole objects at first sight."""
        return are_objects(texts(self.window, column(self.starts[:-1]), column(self.ends)))

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

    separators: ClassVar = b" \t\r\n\v\f"
    joint: ClassVar = rb"\}(\s*+)"
    after: ClassVar = re.compile(rb"\s*+(?:\{|\Z)")
    other: ClassVar = re.compile(rb"[^\n{]*+")

    def __init__(self, limit: int) -> None:
        self.limit, self.number = limit, 1
        self.follow: Callable[[bytes], int | None] = Depth().end

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records whose end can be told."""
        view = _View.of(window, last, self.joint, self._skip(window, 0))
        starts, ends, rest = self._walk(view)
        numbers = pl.int_range(self.number, self.number + len(starts), eager=True)
        self.number += len(starts)
        return Framed(window, column(starts), column(ends), numbers), rest

    def beyond(self, chunk: bytes) -> int | None:
        """Up to the end of the value as its brackets tell, or of what else it is."""
        end = self.follow(chunk)
        self.number += end is not None
        return end

    def _walk(self, view: _View) -> tuple[array[int], array[int], int]:
        """The records, sound pieces as they are and others one by one, and where the undecided begins."""
        starts, ends = array("q"), array("q")
        fits = column(view.ends) - column(view.starts[:-1]) <= self.limit
        unsound = [*(~(view.sound & fits)).arg_true(), len(view.ends), len(view.starts)]
        at, piece = view.starts[0], 0
        while at < len(view.window):
            until = unsound[bisect_left(unsound, piece)]
            if until > piece and view.starts[piece] == at:
                starts += view.starts[piece:until]
                ends += view.ends[piece:until]
                at, piece = view.starts[until], until
                continue
            end = self._end(view, at)
            if end is None:
                break
            starts.append(at)
            ends.append(end)
            at = self._skip(view.window, end)
            piece = bisect_left(view.starts, at, piece)
        return starts, ends, at

    def _skip(self, window: bytes, at: int) -> int:
        """Over what stands between records."""
        return _matched(_SPACE, window, at).end()

    def _end(self, view: _View, at: int) -> int | None:
        """Where the record ends that begins at `at`; None if no more than it may have, or than is there, can tell."""
        stop = min(len(view.window), at + self.limit + 1)
        ended = view.last and stop == len(view.window)
        if view.window[at] in OPENING:
            value = scan(view.window, at, stop)
            if value.whole:
                return value.at
            if value.begun:
                self.follow = Depth().end
                return self._stripped(view.window, at, stop) if ended else None
            border = view.border(value.at, stop)
            if border == stop and not ended and stop - at <= self.limit:
                return None
            end = self._resumed(view.window, value.at, border, stop)
        else:
            end = _matched(self.other, view.window, at + 1, stop).end()
        if end < stop or ended:
            return self._stripped(view.window, at, end)
        self.follow = _Other(self.other, stop - at).end
        return None

    def _resumed(self, window: bytes, fault: int, border: int, stop: int) -> int:
        """Where behind a fault a whole object begins that another follows, else the border; `stop` is no border.

        Without one, what has more braces than are tried ends at the next.
        """
        brace = fault - 1
        for _ in range(ATTEMPTS):
            brace = window.find(b"{", brace + 1, border)
            if brace < 0:
                return border
            if _OBJECT.match(window, brace, border):
                value = scan(window, brace, border)
                if value.whole and self.after.match(window, value.at, border):
                    return brace
        brace = window.find(b"{", brace + 1, border)
        return border if border < stop or brace < 0 else brace

    def _stripped(self, window: bytes, at: int, end: int) -> int:
        """The end without separators before it."""
        return at + len(window[at:end].rstrip(self.separators))


class Elements(Values):
    """The elements of arrays, whose brackets and commas are no records, and whatever is behind an array."""

    separators: ClassVar = Values.separators + b","
    joint: ClassVar = rb"\}(\s*+,\s*+)"
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
