"""Scan: one pass over JSON texts tells where the wanted values stand, of what kind they are, and what is no JSON.

Belongs here: JSON's grammar to the letter, nesting, the first of duplicate keys, UTF-8. A value is a kind and a span of
the bytes: nothing is parsed into anything, so that nothing can be changed. NaN and Infinity are told apart, as only
their columns suffer from them. Not here: what a span means as a value (`columns`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

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
    word,
    words_of,
)  # fmt: skip
from events.tree import MAX_NESTING, Notes, Tree, child, notes_of, tree_of

# What a document is.
SOUND, MALFORMED, DEEP, UNDECODABLE = range(4)

_COMMA, _COLON = 0x2C, 0x3A
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 0x7B, 0x7D, 0x5B, 0x5D


class Found(NamedTuple):
    """By node and document the kind and the span (of a text without its quotes) of what was found; by document its
    state."""

    kinds: Bytes
    starts: Places
    ends: Places
    states: Bytes


class Scanner:
    """Finds the values at dotted `paths`. Its arrays are used again: what it found holds until the next scan."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.tree, self.nodes = tree_of(paths)
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
        _scan(data, words_of(data), starts, ends, self.tree, found, notes_of(self.tree))
        return found


@compiled
def _scan(data: Bytes, words: Words, starts: Places, ends: Places, tree: Tree, found: Found, notes: Notes) -> None:
    for row in range(len(starts)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        state = _document(data, words, start, end, row, tree, found, notes)
        if state != SOUND:
            found.kinds[:, row] = MISSING
            if not is_utf8(data, start, end):
                state = UNDECODABLE
        found.states[row] = state


@compiled
def _document(data: Bytes, words: Words, at: int, end: int, row: int, tree: Tree, found: Found, notes: Notes) -> int:
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
                node = child(data, words, at + 1, close, escaped, parent, tree, notes)
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
