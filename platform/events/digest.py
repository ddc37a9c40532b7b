"""Digest: sixteen bytes that are equal for JSON objects that say the same, or that are made alike.

White space, the order of an object's members and how a text is escaped say nothing; a number says what was sent.

Belongs here: SipHash (1-3, 128 bits) over the values of objects known to be sound. Not here: JSON's grammar (`scan`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.compiled import compiled, inlined
from events.scan import SOUND
from events.text import Texts
from events.tokens import (
    ARRAY,
    BOOLEAN,
    CONSTANT,
    MINUS,
    NINE,
    NULL,
    NUMBER,
    OBJECT,
    QUOTE,
    TEXT,
    ZERO,
    Bytes,
    Places,
    Words,
    blank,
    string,
    unescape,
    words_of,
)
from events.tree import MAX_NESTING, Notes, Tree, child, notes_of, tree_of

Digests = npt.NDArray[np.uint64]  # two words a row

_State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
_START = tuple(np.frombuffer(b"uespemosmodnarodarenegylsetybdet", np.uint64) ^ np.array([0, 0xEE, 0, 0], np.uint64))
_INTEGER = ARRAY + 1
_COMMA, _OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST, _DOT = b",{}[]."
_E, _CAPITAL_E, _N, _T, _F = b"eEntf"


class _Walk(NamedTuple):
    """What is walked over, and what is open: by depth an object's sum of members and their number, or a list's state
    so far, and the state of the key that it stands under; room for a text without escapes."""

    data: Bytes
    words: Words
    tree: Tree
    notes: Notes
    frames: Digests
    text: Bytes
    text_words: Words
    shapes: bool


class Digester:
    """Digests objects but for what is at the dotted paths `without`; with `shapes`, only of what kinds they are."""

    def __init__(self, without: Iterable[str] = (), *, shapes: bool = False) -> None:
        self.tree, _ = tree_of(without)
        self.shapes = shapes

    def digests(self, data: Bytes, starts: Places, ends: Places, states: Bytes) -> Digests:
        """Those of the objects `data[start:end]` that are `SOUND`; zeros for others."""
        found = np.zeros((len(starts), 2), np.uint64)
        longest = int((ends - starts).max()) if len(starts) else 0
        frames = np.zeros((MAX_NESTING + 1, 8), np.uint64)
        text = np.zeros(longest + 16, np.uint8)
        walk = _Walk(data, words_of(data), self.tree, notes_of(self.tree), frames, text, words_of(text), self.shapes)
        _digests(walk, starts, ends, states, found)
        return found


def fields(data: Bytes, starts: Places, ends: Places, kept: npt.NDArray[np.bool_], alone: int) -> Digests:
    """Of tab-separated lines, by the fields that are kept; by one of them `alone` where a line has it (-1 for none)."""
    found = np.zeros((len(starts), 2), np.uint64)
    _fields(data, words_of(data), starts, ends, kept, alone, found)
    return found


def digest_of(texts: Texts) -> Digests:
    """Of texts, whatever is in them."""
    found = np.zeros((len(texts.starts), 2), np.uint64)
    _whole(texts.data, words_of(texts.data), texts.starts, texts.ends, found)
    return found


def as_column(name: str, found: Digests) -> pl.Series:
    """Digests as a column of sixteen bytes each."""
    offsets = np.arange(len(found) + 1, dtype=np.int64) * 16
    array = pa.Array.from_buffers(pa.large_binary(), len(found), [None, pa.py_buffer(offsets), pa.py_buffer(found)])
    return pl.Series(name, array, dtype=pl.Binary)


@inlined
def _round(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> _State:
    a, c = a + b, c + d
    b = (b << np.uint64(13) | b >> np.uint64(51)) ^ a
    d = (d << np.uint64(16) | d >> np.uint64(48)) ^ c
    a = a << np.uint64(32) | a >> np.uint64(32)
    a, c = a + d, c + b
    d = (d << np.uint64(21) | d >> np.uint64(43)) ^ a
    b = (b << np.uint64(17) | b >> np.uint64(47)) ^ c
    return a, b, c << np.uint64(32) | c >> np.uint64(32), d


@inlined
def _take(state: _State, word: np.uint64) -> _State:
    a, b, c, d = state
    a, b, c, d = _round(a, b, c, d ^ word)
    return a ^ word, b, c, d


@inlined
def _take_bytes(state: _State, data: Bytes, words: Words, start: int, end: int, mark: int) -> _State:
    """Eight bytes at a time; the last word has the bytes that are left, how many they are, and the mark."""
    at = start
    while at + 8 <= end:
        state = _take(state, words[at])
        at += 8
    last = np.uint64(mark * 8 + end - at)
    while at < end:
        last = last << np.uint64(8) | np.uint64(data[at])
        at += 1
    return _take(state, last)


@inlined
def _stirred(state: _State) -> _State:
    a, b, c, d = state
    a, b, c, d = _round(a, b, c ^ np.uint64(0xEE), d)
    a, b, c, d = _round(a, b, c, d)
    return _round(a, b, c, d)


@inlined
def _member(state: _State) -> tuple[np.uint64, np.uint64]:
    """Of an object's member; what its object comes to is stirred again."""
    a, b, c, d = _stirred(state)
    return a ^ b, c ^ d


@inlined
def _done(state: _State) -> tuple[np.uint64, np.uint64]:
    a, b, c, d = _stirred(state)
    first = a ^ b ^ c ^ d
    a, b, c, d = _round(a, b ^ np.uint64(0xDD), c, d)
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    return first, a ^ b ^ c ^ d


@compiled
def _digests(walk: _Walk, starts: Places, ends: Places, states: Bytes, found: Digests) -> None:
    for row in range(len(starts)):
        if states[row] == SOUND:
            found[row, 0], found[row, 1] = _object(walk, np.int64(starts[row]), np.int64(ends[row]))


@compiled
def _object(walk: _Walk, at: int, end: int) -> tuple[np.uint64, np.uint64]:
    """The digest of the object that begins at `at`."""
    data, tree, frames, stack = walk.data, walk.tree, walk.frames, walk.notes.stack
    depth, at = 0, blank(data, at, end)
    stack[0, 0], stack[0, 1] = 0, ARRAY
    _keep(frames, 0, 0, _START)
    while True:
        if data[at] == _COMMA:
            at = blank(data, at + 1, end)
        byte = data[at]
        if byte in (_CLOSE, _CLOSE_LIST):
            node, kind = np.int64(stack[depth, 0]), np.int64(stack[depth, 1])
            first, second, members = frames[depth, 0], frames[depth, 1], frames[depth, 2]
            if kind == ARRAY:
                first, second = _done(_kept(frames, depth, 0))
                members = np.uint64(0)
            state = _kept(frames, depth, 4)
            depth -= 1
            if stack[depth, 1] == ARRAY:
                state = _kept(frames, depth, 0)
            state = _take(_take(_take(state, first), second), members << np.uint64(8) | np.uint64(kind))
            left_out = node > 0 and (tree.child_to[node] == 0 or (kind == OBJECT and members == 0))
            at += 1
        else:
            node, state = -1 if depth else 0, _START
            if stack[depth, 1] == OBJECT:
                at, node, state = _key(walk, at, end, np.int64(stack[depth, 0]))
                byte = data[at]
            elif depth:
                state = _kept(frames, depth, 0)
            if byte in (_OPEN, _OPEN_LIST):
                depth += 1
                stack[depth, 0], stack[depth, 1] = node, OBJECT if byte == _OPEN else ARRAY
                _keep(frames, depth, 4, state)
                _keep(frames, depth, 0, _START)
                if byte == _OPEN:
                    frames[depth, 0] = frames[depth, 1] = frames[depth, 2] = 0
                at = blank(data, at + 1, end)
                continue
            at, state = _scalar(walk, at, end, state)
            left_out = node > 0 and tree.child_to[node] == 0
        if not left_out and stack[depth, 1] == ARRAY:
            _keep(frames, depth, 0, state)
        elif not left_out:
            first, second = _member(state)
            frames[depth, 0] += first
            frames[depth, 1] += second
            frames[depth, 2] += np.uint64(1)
        if depth == 0:
            return _done(_kept(frames, 0, 0))
        at = blank(data, at, end)


@inlined
def _keep(frames: Digests, depth: int, place: int, state: _State) -> None:
    frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3] = state


@inlined
def _kept(frames: Digests, depth: int, place: int) -> _State:
    return frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3]


@inlined
def _key(walk: _Walk, at: int, end: int, parent: int) -> tuple[int, int, _State]:
    """Where the value of the key at `at` begins, the key's node, and the state that it leads to."""
    data, node = walk.data, -1
    close, escaped = string(data, walk.words, at + 1, end)
    if parent >= 0 and walk.tree.child_to[parent]:
        node = child(data, walk.words, at + 1, close, escaped, parent, walk.tree, walk.notes)
    state = _text(walk, at + 1, close, escaped, _START)
    at = blank(data, close + 1, end)
    return blank(data, at + 1, end), node, state


@inlined
def _text(walk: _Walk, start: int, end: int, escaped: bool, state: _State) -> _State:
    if escaped:
        return _take_bytes(state, walk.text, walk.text_words, 0, unescape(walk.data, start, end, walk.text, 0), TEXT)
    return _take_bytes(state, walk.data, walk.words, start, end, TEXT)


@inlined
def _scalar(walk: _Walk, at: int, end: int, state: _State) -> tuple[int, _State]:
    """The place after the text, number or word at `at`, and the state that it leads to."""
    data, start, byte = walk.data, at, walk.data[at]
    if byte == QUOTE:
        at, escaped = string(data, walk.words, start + 1, end)
        if walk.shapes:
            return at + 1, _take(state, np.uint64(TEXT))
        return at + 1, _text(walk, start + 1, at, escaped, state)
    kind = BOOLEAN if byte in (_T, _F) else NULL if byte == _N else CONSTANT
    if byte == MINUS or ZERO <= byte <= NINE:
        kind = _INTEGER
    while at < end and data[at] > 0x20 and data[at] not in (_COMMA, _CLOSE, _CLOSE_LIST):
        if kind == _INTEGER and data[at] in (_DOT, _E, _CAPITAL_E):
            kind = NUMBER
        at += 1
    if walk.shapes:
        return at, _take(state, np.uint64(kind))
    return at, _take_bytes(state, data, walk.words, start, at, kind)


@compiled
def _fields(
    data: Bytes, words: Words, starts: Places, ends: Places, kept: npt.NDArray[np.bool_], alone: int, found: Digests
) -> None:
    for row in range(len(starts)):
        at, end = np.int64(starts[row]), np.int64(ends[row])
        first, field, state, settled = at, 0, _START, False
        while at <= end and not settled:
            if at == end or data[at] == 0x09:
                settled = field == alone and at > first
                if settled:
                    state = _START
                if settled or (field < len(kept) and kept[field]):
                    state = _take_bytes(state, data, words, first, at, TEXT)
                field += 1
                first = at + 1
            at += 1
        found[row, 0], found[row, 1] = _done(state)


@compiled
def _whole(data: Bytes, words: Words, starts: Places, ends: Places, found: Digests) -> None:
    for row in range(len(starts)):
        state = _take_bytes(_START, data, words, np.int64(starts[row]), np.int64(ends[row]), TEXT)
        found[row, 0], found[row, 1] = _done(state)
