"""Find where a JSON object or array ends, by its structure, in machine code.

Belongs here: brackets, strings, colons and commas, exactly and without recursion. Not here: what numbers and words look
like (`scanner`), what to do where the structure is broken (`splitting`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from events.array_types import Bytes, Int64s, Mask, Words
from events.compiled import compiled, inlined, trailing
from events.json.tokens import BACKSLASH, QUOTE
from events.words import HIGHS, ONES

OPENING, OBJECT_START, ARRAY_START = b"{[", *b"{["
SPACES, LINE_BREAKS = b" \t\r\n\v\f", b"\r\n"
# A value is complete; or valid as far as the text goes, so that more bytes may complete it; or broken.
COMPLETE, INCOMPLETE, BROKEN = range(3)
# What may come next in an object or array: its first element or its end, an element after a comma, or what follows one.
_FIRST, _NEXT, _BEHIND = range(3)

_COMMA, _COLON, _ARRAY_END = b",:]"
_BLANKS, _QUOTES, _BACKSLASHES = (ONES * np.uint64(byte) for byte in (0x20, QUOTE, BACKSLASH))
_STEPS = dict.fromkeys(b"{[", 1) | dict.fromkeys(b"}]", -1)
_MARKS = pl.Series([*_STEPS, QUOTE, *LINE_BREAKS], dtype=pl.UInt8).implode()
_BREAKS = pl.Series([*LINE_BREAKS], dtype=pl.UInt8).implode()


def _mask(text: bytes) -> Mask:
    """For each of the 256 bytes, whether it is in a text."""
    return np.isin(np.arange(256), list(text))


_SPACE, _BETWEEN, _BREAK = _mask(SPACES), _mask(SPACES + b","), _mask(LINE_BREAKS)
_IN_ATOM = ~_mask(SPACES + b'"{}[],:')


@compiled
def complete_objects(
    data: Bytes, words: Words, at: int, limit: int, inside: bool, stack: Bytes, found: Int64s
) -> tuple[int, int, bool]:
    """Find complete objects of at most `limit` bytes, one after another or as the elements of arrays.

    Writes their starts and ends into `found` until that is full or something else comes. Returns how many there are,
    where the rest begins, and whether that is `inside` an array. White space, commas and the brackets of these arrays
    are skipped. `inside` says whether `at` is inside an array; `stack` has room for a byte per level.
    """
    count = 0
    while True:
        while at < len(data):
            if data[at] == (_ARRAY_END if inside else ARRAY_START):
                inside = not inside
            elif not _BETWEEN[data[at]]:
                break
            at += 1
        if count == found.shape[1] or at == len(data) or data[at] != OBJECT_START:
            return count, at, inside
        end, state = value_end(data, words, at, min(len(data), at + limit), stack)
        if state != COMPLETE:
            return count, at, inside
        found[0, count], found[1, count] = at, end
        count += 1
        at = end


@compiled
def value_end(data: Bytes, words: Words, at: int, stop: int, stack: Bytes) -> tuple[int, int]:
    """The end of the object or array that begins at `at`, and `COMPLETE`. Nothing is read from `stop` on.

    If the value is `INCOMPLETE` or `BROKEN`, the end is that of its last bracket. `stack` has room for a byte per
    level.
    """
    stack[0] = data[at]
    at += 1
    bracket, depth, wanted = at, 0, _FIRST
    while True:
        at = _space(data, at, stop)
        if at >= stop:
            return bracket, INCOMPLETE
        byte = data[at]
        opened = stack[depth]
        if byte == opened + 2 and wanted != _NEXT:  # in ASCII a closing bracket is its opening one plus 2
            at += 1
            bracket = at
            if depth == 0:
                return at, COMPLETE
            depth -= 1
            wanted = _BEHIND
            continue
        if wanted == _BEHIND:
            if byte != _COMMA:
                return bracket, BROKEN
            at += 1
            wanted = _NEXT
            continue
        if opened == OBJECT_START:
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
                return bracket, INCOMPLETE
            byte = data[at]
        if byte in (OBJECT_START, ARRAY_START):
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
    """The first position from `at` on that is not white space, or `stop`."""
    while at < stop and _SPACE[data[at]]:
        at += 1
    return at


@inlined
def _string(data: Bytes, words: Words, at: int, stop: int) -> int:
    """The position after the closing quote of a string whose text begins at `at`; `stop` if it does not end before
    that, -1 if it is broken by a control character or line break."""
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
        if byte == BACKSLASH:
            at += 1
            if at < stop and _BREAK[data[at]]:
                return -1
        elif byte < 0x20:
            return -1
        at += 1
    return stop


class LongValue:
    """Follows a value that is too long to be held through chunks of any size, by its strings and brackets alone."""

    def __init__(self) -> None:
        self.depth, self.quoted, self.escape = 0, False, b""

    def end(self, chunk: bytes) -> int | None:
        """Where in the chunk the value ends: after its last bracket, or before a line break in a string; else None."""
        held = len(self.escape)
        text = (self.escape + chunk).replace(rb"\\", b"  ").replace(rb"\"", b"  ")
        self.escape = b"\\" if text.endswith(b"\\") else b""
        codes = pl.Series(pa.Array.from_buffers(pa.uint8(), len(text), [None, pa.py_buffer(text)]))
        marks = codes.is_in(_MARKS).arg_true()
        if marks.is_empty():
            return None
        kinds = codes.gather(marks)
        quoted = ((kinds == QUOTE).cum_sum() + self.quoted) % 2 == 1
        steps = kinds.replace_strict(_STEPS, default=0, return_dtype=pl.Int64)
        depth = steps.set(quoted, 0).cum_sum() + self.depth
        closed = ~quoted & (steps == -1) & (depth <= 0)
        ends = (marks + closed).filter(closed | quoted & kinds.is_in(_BREAKS))
        self.depth, self.quoted = depth[-1], quoted[-1]
        return None if ends.is_empty() else ends[0] - held
