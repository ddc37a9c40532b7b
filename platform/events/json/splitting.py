"""Split bytes into JSON records, also where the JSON is broken.

Belongs here: where a record ends, and where to go on behind a broken one. Not here: JSON's structure (`json_framing`),
what a record contains (`scanner`).
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import polars as pl

from events.byte_spans import bytes_of
from events.json.json_framing import (
    COMPLETE,
    INCOMPLETE,
    OPENING,
    SPACES,
    LongValue,
    complete_objects,
    value_end,
)
from events.span_buffer import SpanBuffer
from events.words import words_of

ATTEMPTS = 4  # braces after a fault that are tried as the start of the next object
SEPARATORS = SPACES + b","
_OBJECT = re.compile(rb'\{\s*+["}]')


class Split(NamedTuple):
    """The records of a window: 64-bit `starts` and `ends`; from `rest` on, no record's end is known.

    `inside` tells whether `rest` is inside an array. `long_end` is for a record at `rest` that is longer than the
    limit: called with its bytes chunk by chunk, it returns where in the chunk the record ends, or None to go on.
    """

    starts: pl.Series
    ends: pl.Series
    rest: int
    inside: bool
    long_end: Callable[[bytes], int | None]


class _Surroundings(NamedTuple):
    """Patterns that find the end of a broken record, outside or inside an array.

    `border`: where an object or array may begin after anything: behind another one, or at the start of a line. `after`:
    what must follow an object that is found after a fault. `other`: a record that is no object or array.
    """

    border: re.Pattern[bytes]
    after: re.Pattern[bytes]
    other: re.Pattern[bytes]


_OUTSIDE = _Surroundings(
    re.compile(rb"\}\s*+(?=\{)|[\r\n](?=[{\[])"),
    re.compile(rb"\s*+(?:[{\[]|\Z)"),
    re.compile(rb"[^\r\n{\[]*+"),
)
_INSIDE = _Surroundings(
    re.compile(rb"(?:\}\s*+,\s*+|[\r\n])(?=\{)"),
    re.compile(rb"\s*+(?:,\s*+\{|,?+\s*+\Z|\])"),
    re.compile(rb"[^\r\n{\[\],]*+"),
)


class Splitter:
    """Splits one window, the last one or not, into records of up to `limit` bytes; `split` may be called once."""

    def __init__(self, window: bytes, limit: int, inside: bool, last: bool) -> None:
        self.window, self.limit, self.inside, self.last = window, limit, inside, last
        self.data = bytes_of(window)
        self.words = words_of(self.data)
        self.stack = np.empty(min(limit, len(window)) + 1, np.uint8)
        self.borders: dict[_Surroundings, list[int]] = {}
        self.spans = SpanBuffer(2)
        self.long_end: Callable[[bytes], int | None] = LongValue().end

    def split(self, recover: bool) -> Split:
        """The records: many complete objects at a time, others one by one; without `recover`, up to the first other."""
        at, going = 0, True
        while going:
            count, at, self.inside = complete_objects(
                self.data, self.words, at, self.limit, self.inside, self.stack, self.spans.room
            )
            if self.spans.take(count):
                continue
            end = self._record_end(at) if recover and at < len(self.window) else None
            going = end is not None
            if end is not None:
                self.spans.add(at, end)
                at = end
        starts, ends = self.spans.release()
        return Split(starts, ends, at, self.inside, self.long_end)

    def _record_end(self, at: int) -> int | None:
        """The end of the record that begins at `at`; None if it is not in the window or in limit + 1 bytes."""
        stop = min(len(self.window), at + self.limit + 1)
        final = self.last and stop == len(self.window)
        around = _INSIDE if self.inside else _OUTSIDE
        if self.window[at] in OPENING:
            fault, state = self._value_end(at, stop)
            if state == COMPLETE:
                return fault
            if state == INCOMPLETE:
                return self._stripped(at, stop) if final else None
            border = self._border(around, fault, stop)
            if border == stop and not final and stop - at <= self.limit:
                return None
            end = self._resume(around, fault, border, stop)
        else:
            end = _match(around.other, self.window, at + 1, stop).end()
        if end < stop or final:
            return self._stripped(at, end)
        self.long_end = _LongOther(around.other, stop - at).end
        return None

    def _value_end(self, at: int, stop: int) -> tuple[int, int]:
        end, state = value_end(self.data, self.words, at, stop, self.stack)
        return end, state

    def _border(self, around: _Surroundings, at: int, stop: int) -> int:
        """The first border from `at` on, or `stop`."""
        if around not in self.borders:
            self.borders[around] = [border.end() for border in around.border.finditer(self.window)]
        borders = self.borders[around]
        nearest = bisect_left(borders, at)
        return min(borders[nearest], stop) if nearest < len(borders) else stop

    def _resume(self, around: _Surroundings, fault: int, border: int, stop: int) -> int:
        """The start of the first complete object after a fault that another record follows; else the border.

        If there is no border before `stop`, and more braces than are tried, the record ends at the next brace.
        """
        brace = fault - 1
        for _ in range(ATTEMPTS):
            brace = self.window.find(b"{", brace + 1, border)
            if brace < 0:
                return border
            if _OBJECT.match(self.window, brace, border):
                end, state = self._value_end(brace, border)
                if state == COMPLETE and around.after.match(self.window, end, border):
                    return brace
        brace = self.window.find(b"{", brace + 1, border)
        return border if border < stop or brace < 0 else brace

    def _stripped(self, at: int, end: int) -> int:
        """The end without the separators before it."""
        return at + len(self.window[at:end].rstrip(SEPARATORS))


class _LongOther:
    """Follows a long record that is no object or array; its first `seen` bytes are known not to be its end."""

    def __init__(self, pattern: re.Pattern[bytes], seen: int) -> None:
        self.pattern, self.seen = pattern, seen

    def end(self, chunk: bytes) -> int | None:
        """The record's end within the next chunk; None if it goes on."""
        seen = min(self.seen, len(chunk))
        self.seen -= seen
        end = _match(self.pattern, chunk, seen).end()
        return end if end < len(chunk) else None


def _match(pattern: re.Pattern[bytes], text: bytes, at: int, stop: int = sys.maxsize) -> re.Match[bytes]:
    """The match at `at` of a pattern that matches anywhere."""
    return cast("re.Match[bytes]", pattern.match(text, at, stop))
