"""Digest: sixteen bytes that are equal for JSON objects that say the same, or that are made alike.

White space, the order of an object's members and how a text is escaped say nothing; a number says what was sent.

Belongs here: SipHash (1-3, 128 bits) over what a walk comes by, and over whole texts. Not here: walking (`scan`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.compiled import compiled, inlined, swapped
from events.text import Texts
from events.tokens import (
    ARRAY,
    CONSTANT,
    ESCAPED,
    MINUS,
    NUMBER,
    OBJECT,
    TEXT,
    Bytes,
    Places,
    Words,
    unescape,
    words_of,
)
from events.tree import MAX_NESTING, Numbers, Tree

Digests = npt.NDArray[np.uint64]  # two words a row

_State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
_START = tuple(np.frombuffer(b"uespemosmodnarodarenegylsetybdet", np.uint64) ^ np.array([0, 0xEE, 0, 0], np.uint64))
_INTEGER = ARRAY + 1
_DOT, _E, _CAPITAL_E = b".eE"
_LEFT_OUT, _LEADS_OUT = 1, 2  # a node that is left out, and one that is where nothing is in it but what is


class Saying(NamedTuple):
    """What a walk digests: by node whether it is left out and the state that its key leads to; by document the digest.

    While it walks: by depth an object's sum of members and their number, or a list's state so far, and the state of
    the key that it stands under; room for a text without escapes. With `shapes`, only kinds are said.
    """

    outside: Bytes
    keys: Digests
    contents: Digests
    frames: Digests
    text: Bytes
    text_words: Words
    shapes: bool


class Digester:
    """Digests documents but for what is at the dotted paths `without`; with `shapes`, only of what kinds values are."""

    def __init__(self, tree: Tree, nodes: Mapping[str, int], without: Sequence[str], shapes: bool) -> None:
        count = len(tree.child_from)
        self.outside, self.keys = np.zeros(count, np.uint8), np.empty((count, 4), np.uint64)
        above = [path.rsplit(".", n)[0] for path in without for n in range(1, path.count(".") + 1)]
        self.outside[[nodes[path] for path in above]] = _LEADS_OUT
        self.outside[[nodes[path] for path in without]] = _LEFT_OUT
        _keys(tree.names, words_of(tree.names), tree.name_from, tree.name_to, self.keys)
        self.shapes = shapes

    def saying(self, starts: Places, ends: Places) -> Saying:
        """For the documents between `starts` and `ends`."""
        text = np.zeros((int((ends - starts).max()) if len(starts) else 0) + 16, np.uint8)
        contents, frames = np.zeros((len(starts), 2), np.uint64), np.zeros((MAX_NESTING + 1, 8), np.uint64)
        return Saying(self.outside, self.keys, contents, frames, text, words_of(text), self.shapes)


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
    if at < end and at < len(words):
        bits = np.uint64(8 * (end - at))
        last = last << bits | swapped(words[at]) >> np.uint64(64) - bits
    else:
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
def _keys(names: Bytes, words: Words, starts: Numbers, ends: Numbers, keys: Digests) -> None:
    for node in range(len(starts)):
        keys[node, 0], keys[node, 1], keys[node, 2], keys[node, 3] = _take_bytes(
            _START, names, words, np.int64(starts[node]), np.int64(ends[node]), TEXT
        )


@inlined
def begun(saying: Saying) -> None:
    """A document begins, as the one element of a list."""
    _keep(saying.frames, 0, 0, _START)


@inlined
def of_key(saying: Saying, data: Bytes, words: Words, start: int, end: int, escaped: bool, node: int) -> _State:
    """The state that a key leads to, which is known where it is a node's."""
    if node > 0:
        return saying.keys[node, 0], saying.keys[node, 1], saying.keys[node, 2], saying.keys[node, 3]
    return _of_text(saying, data, words, start, end, escaped, _START)


@inlined
def of_element(saying: Saying, depth: int) -> _State:
    """The state in which an element of a list is met."""
    return _kept(saying.frames, depth, 0)


@inlined
def of_scalar(saying: Saying, data: Bytes, words: Words, start: int, end: int, kind: int, state: _State) -> _State:
    """The state that a value leads to which is neither object nor list."""
    mark = TEXT if kind == ESCAPED else kind
    if (kind == NUMBER and _is_integer(data, start, end)) or (kind == CONSTANT and data[start] == MINUS):
        mark = _INTEGER
    if saying.shapes:
        return _take(state, np.uint64(mark))
    if kind == ESCAPED:
        return _of_text(saying, data, words, start, end, True, state)
    return _take_bytes(state, data, words, start, end, mark)


@inlined
def opened(saying: Saying, depth: int, kind: int, state: _State) -> None:
    """An object or list begins at a depth, in some state."""
    _keep(saying.frames, depth, 4, state)
    _keep(saying.frames, depth, 0, _START)
    if kind == OBJECT:
        saying.frames[depth, 0] = saying.frames[depth, 1] = saying.frames[depth, 2] = 0


@inlined
def closed(saying: Saying, depth: int, kind: int, node: int, around: int) -> None:
    """The object or list at a depth ends, which is in one of the kind `around`."""
    frames = saying.frames
    first, second, members = frames[depth, 0], frames[depth, 1], frames[depth, 2]
    if kind == ARRAY:
        first, second = _done(_kept(frames, depth, 0))
        members = np.uint64(0)
    state = _kept(frames, depth, 4)
    if around == ARRAY:
        state = _kept(frames, depth - 1, 0)
    state = _take(_take(_take(state, first), second), members << np.uint64(8) | np.uint64(kind))
    if node <= 0 or saying.outside[node] != _LEADS_OUT or kind == ARRAY or members > 0:
        said(saying, depth - 1, node, around, state)


@inlined
def said(saying: Saying, depth: int, node: int, around: int, state: _State) -> None:
    """A value is said, in what is at a depth, of the kind `around`."""
    if node > 0 and saying.outside[node] == _LEFT_OUT:
        return
    if around == ARRAY:
        _keep(saying.frames, depth, 0, state)
    else:
        first, second = _member(state)
        saying.frames[depth, 0] += first
        saying.frames[depth, 1] += second
        saying.frames[depth, 2] += np.uint64(1)


@inlined
def ended(saying: Saying, row: int) -> None:
    """The document of a row has been walked over."""
    saying.contents[row, 0], saying.contents[row, 1] = _done(_kept(saying.frames, 0, 0))


@inlined
def _of_text(saying: Saying, data: Bytes, words: Words, start: int, end: int, escaped: bool, state: _State) -> _State:
    if escaped:
        length = unescape(data, start, end, saying.text, 0)
        return _take_bytes(state, saying.text, saying.text_words, 0, length, TEXT)
    return _take_bytes(state, data, words, start, end, TEXT)


@inlined
def _is_integer(data: Bytes, start: int, end: int) -> bool:
    whole = True
    for at in range(start, end):
        whole = whole and data[at] not in (_DOT, _E, _CAPITAL_E)
    return whole


@inlined
def _keep(frames: Digests, depth: int, place: int, state: _State) -> None:
    frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3] = state


@inlined
def _kept(frames: Digests, depth: int, place: int) -> _State:
    return frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3]


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
