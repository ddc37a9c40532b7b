"""Grammar: where a JSON object or array that begins at some byte ends.

Belongs here: JSON's structure, exactly and without recursion; what numbers and words look like is `conform`'s affair.
Not here: what to do where the structure is broken (`values`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from events.compiled import compiled, inlined, trailing
from events.spans import codes
from events.tokens import HIGHS, ONES, QUOTE, Bytes, Words

OPENING, OBJECT, ARRAY = b"{[", *b"{["
SPACES, LINE_BREAKS = b" \t\r\n\v\f", b"\r\n"
# What a value is: all there, all right as far as the text goes, or no JSON.
WHOLE, BEGUN, BROKEN = range(3)
# What may come in an object or array: anything but a comma, an element, or what follows one.
_FIRST, _NEXT, _BEHIND = range(3)

Offsets = npt.NDArray[np.int64]

_COMMA, _COLON, _BACKSLASH, _ARRAY_END = b",:\\]"
_BLANKS, _QUOTES, _BACKSLASHES = (ONES * np.uint64(byte) for byte in (0x20, QUOTE, _BACKSLASH))
_STEPS = dict.fromkeys(b"{[", 1) | dict.fromkeys(b"}]", -1)
_MARKS = pl.Series([*_STEPS, QUOTE, *LINE_BREAKS], dtype=pl.UInt8).implode()
_BREAKS = pl.Series([*LINE_BREAKS], dtype=pl.UInt8).implode()


def _mask(text: bytes) -> npt.NDArray[np.bool_]:
    """Which of all bytes are in a text."""
    return np.isin(np.arange(256), list(text))


_SPACE, _BETWEEN, _BREAK = _mask(SPACES), _mask(SPACES + b","), _mask(LINE_BREAKS)
_IN_ATOM = ~_mask(SPACES + b'"{}[],:')


@compiled
def objects(
    data: Bytes, words: Words, at: int, limit: int, inside: bool, stack: Bytes, found: Offsets
) -> tuple[int, int, bool]:
    """Whole objects of at most `limit` bytes, one after another or as the elements of arrays: how many were put into
    `found` (starts, ends), where something else begins, or what there was no room for, and whether that is `inside` an
    array, as what is at `at` is now. White space and commas are skipped, and so are the brackets of these arrays."""
    count = 0
    while True:
        while at < len(data):
            if data[at] == (_ARRAY_END if inside else ARRAY):
                inside = not inside
            elif not _BETWEEN[data[at]]:
                break
            at += 1
        if count == found.shape[1] or at == len(data) or data[at] != OBJECT:
            return count, at, inside
        end, state = follow(data, words, at, min(len(data), at + limit), stack)
        if state != WHOLE:
            return count, at, inside
        found[0, count], found[1, count] = at, end
        count += 1
        at = end


@compiled
def follow(data: Bytes, words: Words, at: int, stop: int, stack: Bytes) -> tuple[int, int]:
    """Where the object or array that begins at `at` ends, and that it is `WHOLE`; nothing is looked at from `stop` on.

    Of one that is not whole, where the last bracket ends that belongs to it. `stack` has room for a byte a level.
    """
    stack[0] = data[at]
    at += 1
    bracket, depth, wanted = at, 0, _FIRST
    while True:
        at = _space(data, at, stop)
        if at >= stop:
            return bracket, BEGUN
        byte = data[at]
        opened = stack[depth]
        if byte == opened + 2 and wanted != _NEXT:  # in ASCII the closing bracket stands two behind the opening one
            at += 1
            bracket = at
            if depth == 0:
                return at, WHOLE
            depth -= 1
            wanted = _BEHIND
            continue
        if wanted == _BEHIND:
            if byte != _COMMA:
                return bracket, BROKEN
            at += 1
            wanted = _NEXT
            continue
        if opened == OBJECT:
            if byte != QUOTE:
                return bracket, BROKEN
            at = _string(data, words, at + 1, stop)
            if at < 0:
                return bracket, BROKEN
            at = _space(data, at, stop)
            if at < stop and data[at] != _COLON:
                return bracket, BROKEN
            at = _space(data, at + 1, stop)
            if at >= stop:
                return bracket, BEGUN
            byte = data[at]
        if byte in (OBJECT, ARRAY):
            depth += 1
            stack[depth] = byte
            at += 1
            bracket, wanted = at, _FIRST
            continue
        if byte == QUOTE:
            at = _string(data, words, at + 1, stop)
            if at < 0:
                return bracket, BROKEN
        elif _IN_ATOM[byte]:
            while at < stop and _IN_ATOM[data[at]]:
                at += 1
        else:
            return bracket, BROKEN
        wanted = _BEHIND


@inlined
def _space(data: Bytes, at: int, stop: int) -> int:
    """The first place from `at` on that is no white space."""
    while at < stop and _SPACE[data[at]]:
        at += 1
    return at


@inlined
def _string(data: Bytes, words: Words, at: int, stop: int) -> int:
    """The place behind the closing quote of a string whose text begins at `at`; `stop` where the string goes on
    there, -1 where it is broken off."""
    while at < stop:
        while at + 8 <= stop:
            word = words[at]
            quote, slash = word ^ _QUOTES, word ^ _BACKSLASHES
            odd = ((quote - ONES) & ~quote | (slash - ONES) & ~slash | (word - _BLANKS) & ~word) & HIGHS
            if odd:
                at += trailing(odd) >> 3
                break
            at += 8
        if at >= stop:
            break
        byte = data[at]
        if byte == QUOTE:
            return at + 1
        if byte == _BACKSLASH:
            at += 1
            if at < stop and _BREAK[data[at]]:
                return -1
        elif byte < 0x20:
            return -1
        at += 1
    return stop


class Depth:
    """Follows a value through chunks of any size by its strings and brackets alone."""

    def __init__(self) -> None:
        self.depth, self.quoted, self.escape = 0, False, b""

    def end(self, chunk: bytes) -> int | None:
        """Where in the next chunk the value ends: behind its last bracket, or before a line break in a string."""
        held = len(self.escape)
        text = (self.escape + chunk).replace(rb"\\", b"  ").replace(rb"\"", b"  ")
        self.escape = b"\\" if text.endswith(b"\\") else b""
        bytes_of = codes(text)
        marks = bytes_of.is_in(_MARKS).arg_true()
        if marks.is_empty():
            return None
        kinds = bytes_of.gather(marks)
        quoted = ((kinds == QUOTE).cum_sum() + self.quoted) % 2 == 1
        steps = kinds.replace_strict(_STEPS, default=0, return_dtype=pl.Int64)
        depth = steps.set(quoted, 0).cum_sum() + self.depth
        closed = ~quoted & (steps == -1) & (depth <= 0)
        ends = (marks + closed).filter(closed | quoted & kinds.is_in(_BREAKS))
        self.depth, self.quoted = depth[-1], quoted[-1]
        return None if ends.is_empty() else ends[0] - held
