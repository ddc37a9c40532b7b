"""Scan: one pass over JSON texts tells where the wanted values stand, of what kind they are, and what is no JSON.

Belongs here: JSON's grammar to the letter, nesting, the first of duplicate keys, UTF-8. A value is a kind and a span of
the bytes: nothing is parsed into anything, so that nothing can be changed. NaN and Infinity are told apart, as only
their columns suffer from them. Not here: what a span means as a value (`columns`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from events.compiled import compiled

MAX_NESTING = 64
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.int32]
Places = npt.NDArray[np.uint32]
_ESCAPE = 6  # the bytes of the longest escape of one character

# A value's kind.
MISSING, NULL, TEXT, ESCAPED, NUMBER, CONSTANT, BOOLEAN, OBJECT, ARRAY = range(9)
# What a document is.
SOUND, MALFORMED, DEEP, UNDECODABLE = range(4)

_QUOTE, _BACKSLASH, _COMMA, _COLON, _MINUS, _DOT = 0x22, 0x5C, 0x2C, 0x3A, 0x2D, 0x2E
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 0x7B, 0x7D, 0x5B, 0x5D
_U, _ZERO, _NINE = 0x75, 0x30, 0x39
_ONES = np.uint64(0x0101010101010101)
_HIGHS, _BLANKS = _ONES * np.uint64(0x80), _ONES * np.uint64(0x20)
_QUOTES, _BACKSLASHES = _ONES * np.uint64(_QUOTE), _ONES * np.uint64(_BACKSLASH)
_M1, _M2, _M4 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_SIMPLE_ESCAPES = np.zeros(256, np.uint8)
_SIMPLE_ESCAPES[list(b'"\\/bfnrt')] = list(b'"\\/\b\f\n\r\t')
_HEX = np.full(256, -1, np.int32)
_HEX[list(b"0123456789abcdef")] = range(16)
_HEX[list(b"ABCDEF")] = range(10, 16)
_WORDS = (b"null", b"true", b"false", b"NaN", b"Infinity", b"-Infinity")
_WORD_BYTES = np.frombuffer(b"".join(_WORDS), np.uint8)
_WORD_ENDS = np.cumsum([len(word) for word in _WORDS])
_WORD_KINDS = np.array([NULL, BOOLEAN, BOOLEAN, CONSTANT, CONSTANT, CONSTANT], np.uint8)


class Tree(NamedTuple):
    """The wanted paths: nodes by number, 0 the document; the children of one follow each other.

    `heads` are the first eight bytes of their names, where `masks` has bits.
    """

    names: Bytes
    name_from: Numbers
    name_to: Numbers
    child_from: Numbers
    child_to: Numbers
    heads: Words
    masks: Words


class Found(NamedTuple):
    """By node and document the kind and the span (of a text without its quotes) of what was found; by document its
    state."""

    kinds: Bytes
    starts: Places
    ends: Places
    states: Bytes


class _Notes(NamedTuple):
    """What a scan remembers: the document in which a node was last met, where the next key of a node is looked for
    first, what is open (its node, its kind), and room for a key without escapes."""

    seen: npt.NDArray[np.int64]
    hints: Numbers
    stack: Numbers
    key: Bytes


class Scanner:
    """Finds the values at dotted `paths`. Its arrays are used again: what it found holds until the next scan."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.tree, self.nodes = _tree(paths)
        self.parents = [path for path, node in self.nodes.items() if self.tree.child_to[node]]
        self.room = -1

    def scan(self, data: Bytes, starts: Places, ends: Places) -> Found:
        """The documents `data[start:end]`, objects all of them where they are `SOUND`."""
        count, nodes = len(starts), len(self.tree.child_from)
        if count > self.room:
            self.room = count
            self.kinds = np.empty(nodes * count, np.uint8)
            self.starts, self.ends = np.empty(nodes * count, np.uint32), np.empty(nodes * count, np.uint32)
        kinds, firsts, lasts = (a[: nodes * count].reshape(nodes, count) for a in (self.kinds, self.starts, self.ends))
        found = Found(kinds, firsts, lasts, np.empty(count, np.uint8))
        found.kinds[:] = MISSING
        tree = self.tree
        longest = int((tree.name_to - tree.name_from).max())
        notes = _Notes(
            np.full(nodes, -1),
            tree.child_from.copy(),
            np.zeros((MAX_NESTING + 1, 2), np.int32),
            np.empty(_ESCAPE * longest, np.uint8),
        )
        _scan(data, _words(data), starts, ends, tree, found, notes)
        return found


def _words(data: Bytes) -> Words:
    """The eight bytes from every byte on."""
    return as_strided(data[: len(data) // 8 * 8].view(np.uint64), (max(len(data) - 7, 0),), (1,))


def _tree(paths: Iterable[str]) -> tuple[Tree, dict[str, int]]:
    """The tree of dotted paths, and the node of each of them and of what they lead through."""
    below: dict[str, dict[str, None]] = {"": {}}
    for path in paths:
        parts = path.split(".")
        for depth in range(len(parts)):
            here, up = ".".join(parts[: depth + 1]), ".".join(parts[:depth])
            below.setdefault(up, {})[here] = None
    order, spans = [""], {}
    for path in order:
        spans[path] = (len(order), len(order) + len(below.get(path, ())))
        order += below.get(path, ())
    names = [path.rpartition(".")[2].encode() for path in order]
    ends = np.cumsum([len(name) for name in names]).astype(np.int32)
    starts = (ends - [len(name) for name in names]).astype(np.int32)
    children = np.array([spans[path] if path in below else (0, 0) for path in order], np.int32).T.copy()
    heads, masks = (
        np.array([int.from_bytes(part, "little") for part in parts], np.uint64)
        for parts in ([name[:8] for name in names], [b"\xff" * min(8, len(name)) for name in names])
    )
    bytes_of_names = np.frombuffer(b"".join(names) or b"\0", np.uint8)
    tree = Tree(bytes_of_names, starts, ends, children[0], children[1], heads, masks)
    return tree, {path: node for node, path in enumerate(order) if path}


@compiled
def _scan(data: Bytes, words: Words, starts: Places, ends: Places, tree: Tree, found: Found, notes: _Notes) -> None:
    for row in range(len(starts)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        state = _document(data, words, start, end, row, tree, found, notes)
        if state != SOUND:
            found.kinds[:, row] = MISSING
            if not is_utf8(data, start, end):
                state = UNDECODABLE
        found.states[row] = state


@compiled
def _document(data: Bytes, words: Words, at: int, end: int, row: int, tree: Tree, found: Found, notes: _Notes) -> int:
    """What one document is; the wanted values of its objects are noted."""
    at = _blank(data, at, end)
    if at >= end or data[at] != _OPEN:
        return MALFORMED
    depth = 1
    notes.stack[1, 0], notes.stack[1, 1] = 0, OBJECT
    at = _blank(data, at + 1, end)
    fresh = True  # nothing stands in the innermost object or list yet
    while True:
        if at >= end:
            return MALFORMED
        opened = notes.stack[depth, 1]
        byte = data[at]
        if byte == (_CLOSE if opened == OBJECT else _CLOSE_LIST):
            node = notes.stack[depth, 0]
            if node > 0:
                found.ends[node, row] = at + 1
            depth -= 1
            at = _blank(data, at + 1, end)
            if depth == 0:
                if at < end:
                    return MALFORMED
                return SOUND
            fresh = False
            continue
        if not fresh:
            if byte != _COMMA:
                return MALFORMED
            at = _blank(data, at + 1, end)
            if at >= end:
                return MALFORMED
            byte = data[at]
        node = -1
        if opened == OBJECT:
            if byte != _QUOTE:
                return MALFORMED
            close, escaped = _string(data, words, at + 1, end)
            if close < 0:
                return MALFORMED
            parent = notes.stack[depth, 0]
            if parent >= 0 and tree.child_to[parent]:
                node = _child(data, words, at + 1, close, escaped, parent, tree, notes)
                if node > 0:
                    if notes.seen[node] == row:
                        node = -1
                    else:
                        notes.seen[node] = row
            at = _blank(data, close + 1, end)
            if at >= end or data[at] != _COLON:
                return MALFORMED
            at = _blank(data, at + 1, end)
            if at >= end:
                return MALFORMED
            byte = data[at]
        fresh = False
        start = at
        if byte == _QUOTE:
            start += 1
            at, escaped = _string(data, words, start, end)
            if at < 0:
                return MALFORMED
            kind = ESCAPED if escaped else TEXT
            stop = at
            at += 1
        elif byte in (_OPEN, _OPEN_LIST):
            kind = OBJECT if byte == _OPEN else ARRAY
            if depth == MAX_NESTING:
                return DEEP
            depth += 1
            notes.stack[depth, 0], notes.stack[depth, 1] = node, kind
            fresh = True
            at += 1
            stop = at
        elif byte == _MINUS or _ZERO <= byte <= _NINE:
            at = _number(data, at, end)
            kind = NUMBER
            if at < 0:
                at, kind = _word(data, start, end)
                if at < 0:
                    return MALFORMED
            stop = at
        else:
            at, kind = _word(data, at, end)
            if at < 0:
                return MALFORMED
            stop = at
        if node > 0:
            found.kinds[node, row] = kind
            found.starts[node, row] = start
            found.ends[node, row] = stop
        at = _blank(data, at, end)


@compiled
def _blank(data: Bytes, at: int, end: int) -> int:
    """The first place from `at` on that is no white space."""
    while at < end and (data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09):
        at += 1
    return at


@compiled
def _string(data: Bytes, words: Words, at: int, end: int) -> tuple[int, bool]:
    """Where the string that begins at `at` has its closing quote, or -1; and whether it has escapes."""
    escaped = False
    while at < end:
        while at + 8 <= end:
            word = words[at]
            quote, slash = word ^ _QUOTES, word ^ _BACKSLASHES
            odd = ((quote - _ONES) & ~quote | (slash - _ONES) & ~slash | (word - _BLANKS) & ~word | word) & _HIGHS
            if odd:
                at += _trailing(odd) >> 3
                break
            at += 8
        if at >= end:
            return -1, False
        byte = data[at]
        if byte == _QUOTE:
            return at, escaped
        if byte == _BACKSLASH:
            escaped = True
            at = _escape(data, at, end)
        elif byte < 0x20:
            return -1, False
        else:
            at = _character(data, at, end)
        if at < 0:
            return -1, False
    return -1, False


@compiled
def _escape(data: Bytes, at: int, end: int) -> int:
    """The place after the escape at `at`, or -1."""
    if at + 1 >= end:
        return -1
    if data[at + 1] != _U:
        return at + 2 if _SIMPLE_ESCAPES[data[at + 1]] else -1
    code = _hex(data, at + 2, end)
    if code < 0 or 0xDC00 <= code < 0xE000:
        return -1
    at += 6
    if 0xD800 <= code < 0xDC00:
        if at + 1 >= end or data[at] != _BACKSLASH or data[at + 1] != _U:
            return -1
        low = _hex(data, at + 2, end)
        return at + 6 if 0xDC00 <= low < 0xE000 else -1
    return at


@compiled
def _character(data: Bytes, at: int, end: int) -> int:
    """The place after the UTF-8 character at `at`, or -1: shortest forms, no surrogates, nothing above U+10FFFF."""
    byte = data[at]
    if byte < 0x80:
        return at + 1
    if 0xC2 <= byte <= 0xDF:
        more, low, high = 1, 0x80, 0xBF
    elif 0xE0 <= byte <= 0xEF:
        more, low, high = 2, 0xA0 if byte == 0xE0 else 0x80, 0x9F if byte == 0xED else 0xBF
    elif 0xF0 <= byte <= 0xF4:
        more, low, high = 3, 0x90 if byte == 0xF0 else 0x80, 0x8F if byte == 0xF4 else 0xBF
    else:
        return -1
    if at + more >= end or not low <= data[at + 1] <= high:
        return -1
    for i in range(2, more + 1):
        if data[at + i] & 0xC0 != 0x80:
            return -1
    return at + more + 1


@compiled
def _trailing(word: np.uint64) -> int:
    """How many of a word's lowest bits are zeros."""
    bits = (word & -word) - np.uint64(1)
    bits = bits - (bits >> np.uint64(1) & _M1)
    bits = (bits & _M2) + (bits >> np.uint64(2) & _M2)
    bits = bits + (bits >> np.uint64(4)) & _M4
    return np.int64(bits * _ONES >> np.uint64(56))


@compiled
def _hex(data: Bytes, at: int, end: int) -> int:
    """The four hexadecimal digits at `at`, or -1."""
    if at + 4 > end:
        return -1
    code = 0
    for i in range(4):
        digit = _HEX[data[at + i]]
        if digit < 0:
            return -1
        code = code * 16 + digit
    return code


@compiled
def _number(data: Bytes, at: int, end: int) -> int:
    """Where the number at `at` ends, or -1."""
    if data[at] == _MINUS:
        at += 1
    first = at
    while at < end and _ZERO <= data[at] <= _NINE:
        at += 1
    if at == first or (data[first] == _ZERO and at > first + 1):
        return -1
    if at < end and data[at] == _DOT:
        first = at + 1
        at = first
        while at < end and _ZERO <= data[at] <= _NINE:
            at += 1
        if at == first:
            return -1
    if at < end and (data[at] == 0x65 or data[at] == 0x45):
        at += 1
        if at < end and (data[at] == 0x2B or data[at] == _MINUS):
            at += 1
        first = at
        while at < end and _ZERO <= data[at] <= _NINE:
            at += 1
        if at == first:
            return -1
    return at


@compiled
def _word(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where the literal at `at` ends (or -1), and its kind."""
    first = 0
    for word in range(len(_WORD_ENDS)):
        last = _WORD_ENDS[word]
        length = last - first
        if at + length <= end:
            i = 0
            while i < length and data[at + i] == _WORD_BYTES[first + i]:
                i += 1
            if i == length:
                return at + length, np.int64(_WORD_KINDS[word])
        first = last
    return -1, 0


@compiled
def _child(
    data: Bytes, words: Words, start: int, end: int, escaped: bool, parent: int, tree: Tree, notes: _Notes
) -> int:
    """The wanted child of a node that has this key, or -1."""
    if not escaped:
        word = words[start] if start < len(words) else np.uint64(0)
        return _named(data, start, end, start < len(words), word, parent, tree, notes)
    if end - start > len(notes.key):
        return -1
    return _named(notes.key, 0, unescape(data, start, end, notes.key, 0), False, np.uint64(0), parent, tree, notes)


@compiled
def _named(
    data: Bytes, start: int, end: int, by_word: bool, word: np.uint64, parent: int, tree: Tree, notes: _Notes
) -> int:
    """As `_child`, of a plain key that begins with `word`. Producers keep to an order: the next one comes first."""
    first, last = tree.child_from[parent], tree.child_to[parent]
    node, length = notes.hints[parent], end - start
    for _ in range(last - first):
        name = tree.name_from[node]
        if length == tree.name_to[node] - name and (not by_word or word & tree.masks[node] == tree.heads[node]):
            i = min(8, length) if by_word else 0
            while i < length and data[start + i] == tree.names[name + i]:
                i += 1
            if i == length:
                notes.hints[parent] = node + 1 if node + 1 < last else first
                return node
        node = node + 1 if node + 1 < last else first
    return -1


@compiled
def unescape(data: Bytes, start: int, end: int, into: Bytes, at: int) -> int:
    """Write a sound string's text to `into` from `at` on, where as much room as it takes itself is enough; its end."""
    while start < end:
        byte = data[start]
        if byte != _BACKSLASH:
            into[at] = byte
            at, start = at + 1, start + 1
        elif data[start + 1] != _U:
            into[at] = _SIMPLE_ESCAPES[data[start + 1]]
            at, start = at + 1, start + 2
        else:
            code = _hex(data, start + 2, end)
            start += 6
            if code >= 0xD800 and code < 0xDC00:
                code = 0x10000 + ((code - 0xD800) << 10) + (_hex(data, start + 2, end) - 0xDC00)
                start += 6
            if code < 0x80:
                into[at] = code
                at += 1
            elif code < 0x800:
                into[at], into[at + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
                at += 2
            elif code < 0x10000:
                into[at], into[at + 1], into[at + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
                at += 3
            else:
                into[at], into[at + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
                into[at + 2], into[at + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
                at += 4
    return at


@compiled
def is_utf8(data: Bytes, at: int, end: int) -> bool:
    """Whether bytes are UTF-8."""
    while 0 <= at < end:
        at = _character(data, at, end)
    return at >= 0
