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
from events.tokens import (
    ARRAY,
    ESCAPED,
    MINUS,
    MISSING,
    NINE,
    NUMBER,
    OBJECT,
    QUOTE,
    TEXT,
    ZERO,
    Bytes,
    Places,
    Words,
    blank,
    is_utf8,
    number,
    string,
    unescape,
    word,
)  # fmt: skip

MAX_NESTING = 64
Numbers = npt.NDArray[np.int32]

# What a document is.
SOUND, MALFORMED, DEEP, UNDECODABLE = range(4)

_COMMA, _COLON = 0x2C, 0x3A
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 0x7B, 0x7D, 0x5B, 0x5D
_ESCAPE = 6  # the bytes of the longest escape of one character


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
    at = blank(data, at, end)
    if at >= end or data[at] != _OPEN:
        return MALFORMED
    depth = 1
    notes.stack[1, 0], notes.stack[1, 1] = 0, OBJECT
    at = blank(data, at + 1, end)
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
            at = blank(data, at + 1, end)
            if depth == 0:
                if at < end:
                    return MALFORMED
                return SOUND
            fresh = False
            continue
        if not fresh:
            if byte != _COMMA:
                return MALFORMED
            at = blank(data, at + 1, end)
            if at >= end:
                return MALFORMED
            byte = data[at]
        node = -1
        if opened == OBJECT:
            if byte != QUOTE:
                return MALFORMED
            close, escaped = string(data, words, at + 1, end)
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
            at = blank(data, close + 1, end)
            if at >= end or data[at] != _COLON:
                return MALFORMED
            at = blank(data, at + 1, end)
            if at >= end:
                return MALFORMED
            byte = data[at]
        fresh = False
        start = at
        if byte == QUOTE:
            start += 1
            at, escaped = string(data, words, start, end)
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
        elif byte == MINUS or ZERO <= byte <= NINE:
            at = number(data, at, end)
            kind = NUMBER
            if at < 0:
                at, kind = word(data, start, end)
                if at < 0:
                    return MALFORMED
            stop = at
        else:
            at, kind = word(data, at, end)
            if at < 0:
                return MALFORMED
            stop = at
        if node > 0:
            found.kinds[node, row] = kind
            found.starts[node, row] = start
            found.ends[node, row] = stop
        at = blank(data, at, end)


@compiled
def _child(
    data: Bytes, words: Words, start: int, end: int, escaped: bool, parent: int, tree: Tree, notes: _Notes
) -> int:
    """The wanted child of a node that has this key, or -1."""
    if not escaped:
        head = words[start] if start < len(words) else np.uint64(0)
        return _named(data, start, end, start < len(words), head, parent, tree, notes)
    if end - start > len(notes.key):
        return -1
    return _named(notes.key, 0, unescape(data, start, end, notes.key, 0), False, np.uint64(0), parent, tree, notes)


@compiled
def _named(
    data: Bytes, start: int, end: int, by_word: bool, head: np.uint64, parent: int, tree: Tree, notes: _Notes
) -> int:
    """As `_child`, of a plain key that begins with `head`. Producers keep to an order: the next one comes first."""
    first, last = tree.child_from[parent], tree.child_to[parent]
    node, length = notes.hints[parent], end - start
    for _ in range(last - first):
        name = tree.name_from[node]
        if length == tree.name_to[node] - name and (not by_word or head & tree.masks[node] == tree.heads[node]):
            i = min(8, length) if by_word else 0
            while i < length and data[start + i] == tree.names[name + i]:
                i += 1
            if i == length:
                notes.hints[parent] = node + 1 if node + 1 < last else first
                return node
        node = node + 1 if node + 1 < last else first
    return -1
