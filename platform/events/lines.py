"""Lines: records that end with their line, and rows of CSV, whose quoted fields may hold line breaks.

Belongs here: where such a record begins and ends. Not here: what is in it.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left

import numpy as np
import polars as pl

from events.framing import Framed
from events.spans import codes, column, filled_of, places_of, positions

BLANK = b" \t\r\n\v\f"
_LINE_BREAK, _RETURN, _QUOTE = b'\n\r"'
_FIELD = rb'(?>"[^"]*+(?:""[^"]*+)*+"|[^",\n][^,\n]*+|)'


class Lines:
    """Every line is a record, but for blank ones, which only count; a record's number is its line's."""

    def __init__(self, limit: int, number: int) -> None:
        self.limit, self.number = limit, number

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The records of the lines that end in a window."""
        breaks = places_of(_LINE_BREAK, window)
        lines, rest = self._lines(window, breaks, last)
        return self._filled(lines, breaks, rest), rest

    def beyond(self, chunk: bytes) -> int | None:
        """Up to the end of the line."""
        end = chunk.find(b"\n")
        return end if end >= 0 else None

    def _lines(self, window: bytes, ends: pl.Series, last: bool) -> tuple[Framed, int]:
        starts = pl.concat([pl.Series([0]), ends + 1])
        rest: int = starts[-1]
        if last and rest < len(window):
            rest = len(window)
            ends = pl.concat([ends, pl.Series([rest])])
        numbers = pl.int_range(self.number, self.number + len(ends), eager=True)
        return Framed(window, starts[: len(ends)], ends, numbers), rest

    def _filled(self, lines: Framed, breaks: pl.Series, rest: int) -> Framed:
        """Without blank lines, unless they are too long to be looked at; all up to the rest are counted."""
        self.number += int(np.searchsorted(breaks.to_numpy(), rest))
        filled = filled_of(lines.window, lines.starts, lines.ends, BLANK, self.limit)
        return lines if filled.all() else lines.only(filled)


class Rows(Lines):
    """Rows of CSV (RFC 4180) of `fields` fields; a record's number is that of the line it begins on.

    A row that goes on in other lines has to be right to its end, and not longer than a record may be. Where quotes
    are broken, each line is a record.
    """

    def __init__(self, limit: int, number: int, fields: int) -> None:
        super().__init__(limit, number)
        self.row = re.compile(rb"(?:%b,){%d}%b(?:\r?\n|\Z)" % (_FIELD, fields - 1, _FIELD))

    def cut(self, window: bytes, last: bool) -> tuple[Framed, int]:
        """The rows that end in a window."""
        breaks = places_of(_LINE_BREAK, window)
        lines, rest = self._lines(window, breaks, last)
        if b'"' in window:
            lines, rest = self._joined(lines, rest, last)
        lengths = lines.ends - lines.starts
        returns = (codes(window).gather((lines.ends - 1).clip(0)) == _RETURN) & lengths.is_between(1, self.limit)
        return self._filled(Framed(window, lines.starts, lines.ends - returns, lines.numbers), breaks, rest), rest

    def _joined(self, lines: Framed, rest: int, last: bool) -> tuple[Framed, int]:
        """Lines put together where a row goes on; one that may go on behind the window is left to the next."""
        quotes = places_of(_QUOTE, lines.window).search_sorted(lines.ends).cast(pl.Int64)
        odd = ((quotes - quotes.shift(1, fill_value=0)) % 2 == 1).arg_true()
        starts, ends = positions(lines.starts), positions(lines.ends)
        firsts, lasts, within = array("q"), array("q"), array("q")
        following = 0
        for line in odd:
            if line < following:
                continue
            end = self._end(lines.window, starts[line], last)
            if end is None:
                rest = starts[line]
                break
            following = bisect_left(ends, end) + 1
            firsts.append(line)
            lasts.append(following - 1)
            within.extend(range(line + 1, following))
        joined = lines.ends.clone().scatter(column(firsts), lines.ends.gather(column(lasts)))
        kept = ~pl.int_range(len(joined), eager=True).is_in(column(within).implode()) & (lines.starts < rest)
        return Framed(lines.window, lines.starts, joined, lines.numbers).only(kept), rest

    def _end(self, window: bytes, at: int, last: bool) -> int | None:
        """Where the row ends that begins at `at`; `at` itself if its line has to do, None if it cannot be told yet."""
        stop = min(len(window), at + self.limit + 1)
        row = self.row.match(window, at, stop)
        if row and window[row.end() - 1] == _LINE_BREAK:
            return row.end() - 1
        if row and last and row.end() == len(window):
            return len(window)
        return at if last or stop - at > self.limit else None
