"""Scan: one pass over JSON texts tells where the wanted values stand, of what kind they are, and what is no JSON.

Belongs here: JSON's grammar to the letter, nesting, the first of duplicate keys, UTF-8. A value is a kind and a span of
the bytes: nothing is parsed into anything, so that nothing can be changed. NaN and Infinity are told apart, as only
their columns suffer from them. Not here: what a span means as a value (`columns`), and what a document's digest is made
of (`digest`), though it is made in the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from events.compiled import compiled, inlined
from events.digest import Digester, Digests, Saying, begun, closed, ended, of_element, of_key, of_scalar, opened, said
from events.text import roomy
from events.tokens import (
    ARRAY,
    BACKSLASH,
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
    not_utf8,
    number,
    string,
    word,
    words_of,
)  # fmt: skip
from events.tree import MAX_NESTING, Notes, Tree, child, notes_of, tree_of

# What a document is: an object, or what is wrong with it.
SOUND, NO_OBJECT, NO_KEY, NO_COLON, NO_COMMA, NO_VALUE, NO_NUMBER = range(7)
NO_ESCAPE, CONTROL, ENDED, BEHIND, DEEP, UNDECODABLE = range(7, 13)

_COMMA, _COLON = 0x2C, 0x3A
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST = 0x7B, 0x7D, 0x5B, 0x5D


class Found(NamedTuple):
    """By node and document the kind and the span (of a text without its quotes) of what was found; by document its
    state and, where that is not `SOUND`, the place in it of what is wrong."""

    kinds: Bytes
    starts: Places
    ends: Places
    states: Bytes
    faults: Places


class Scanner:
    """Finds the values at dotted `paths`. Its arrays are used again: what it found holds until the next scan.

    `parents` are the paths that lead to others. With `without`, documents are digested, but for what is at these
    dotted paths (or for what their values are, with `shapes`); zeros for one that is not `SOUND`.
    """

    def __init__(self, paths: Iterable[str], without: Iterable[str] | None = None, *, shapes: bool = False) -> None:
        wanted, outside = [*paths], [*(without or ())]
        self.tree, self.nodes = tree_of([*wanted, *outside])
        self.parents = [path for path in self.nodes if any(below.startswith(f"{path}.") for below in wanted)]
        self.digester = None if without is None else Digester(self.tree, self.nodes, outside, shapes)
        self.contents: Digests = np.empty((0, 2), np.uint64)
        self.room = -1

    def scan(self, data: Bytes, starts: Places, ends: Places) -> Found:
        """The documents `data[start:end]`, objects all of them where they are `SOUND`."""
        count, nodes = len(starts), len(self.tree.child_from)
        if count > self.room:
            self.room = roomy(count)
            self.kinds = np.empty(nodes * self.room, np.uint8)
            self.starts, self.ends = np.empty(nodes * self.room, np.uint32), np.empty(nodes * self.room, np.uint32)
        kinds, firsts, lasts = (a[: nodes * count].reshape(nodes, count) for a in (self.kinds, self.starts, self.ends))
        found = Found(kinds, firsts, lasts, np.empty(count, np.uint8), np.empty(count, np.uint32))
        found.kinds[:] = MISSING
        saying = self.digester.saying(starts, ends) if self.digester else None
        _scan(data, words_of(data), starts, ends, self.tree, found, notes_of(self.tree), saying)
        if saying:
            self.contents = saying.contents
        return found


@compiled
def _scan(
    data: Bytes,
    words: Words,
    starts: Places,
    ends: Places,
    tree: Tree,
    found: Found,
    notes: Notes,
    saying: Saying | None,
) -> None:
    for row in range(len(starts)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        state, fault = _document(data, words, start, end, row, tree, found, notes, saying)
        if state != SOUND:
            found.kinds[:, row] = MISSING
            undecodable = not_utf8(data, start, end)
            if undecodable >= 0:
                state, fault = UNDECODABLE, undecodable
            found.faults[row] = fault - start
        found.states[row] = state


@compiled
def _document(
    data: Bytes,
    words: Words,
    at: int,
    end: int,
    row: int,
    tree: Tree,
    found: Found,
    notes: Notes,
    saying: Saying | None,
) -> tuple[int, int]:
    """What one document is, and where that is seen; the wanted values of its objects are noted, and what it says."""
    at = blank(data, at, end)
    if at >= end or data[at] != _OPEN:
        return NO_OBJECT, at
    stack, depth = notes.stack, 1
    stack[0, 0], stack[0, 1], stack[0, 2] = -1, ARRAY, -1
    stack[1, 0], stack[1, 1], stack[1, 2] = 0, OBJECT, 0
    if saying is not None:
        begun(saying)
        opened(saying, 1, OBJECT, of_element(saying, 0))
    at = blank(data, at + 1, end)
    fresh = True  # nothing stands in the innermost object or list yet
    while True:
        if at >= end:
            return ENDED, end
        around = stack[depth, 1]
        byte = data[at]
        if byte == (_CLOSE if around == OBJECT else _CLOSE_LIST):
            if stack[depth, 2] > 0:
                found.ends[stack[depth, 2], row] = at + 1
            if saying is not None:
                closed(saying, depth, around, stack[depth, 0], stack[depth - 1, 1])
            depth -= 1
            at = blank(data, at + 1, end)
            if depth == 0:
                if at < end:
                    return BEHIND, at
                if saying is not None:
                    ended(saying, row)
                return SOUND, at
            fresh = False
            continue
        if not fresh:
            if byte != _COMMA:
                return NO_COMMA, at
            at = blank(data, at + 1, end)
            if at >= end:
                return ENDED, end
            byte = data[at]
        node = noted = -1
        if around == OBJECT:
            if byte != QUOTE:
                return NO_KEY, at
            first = at + 1
            close, escaped = string(data, words, first, end)
            if close < 0:
                return _fault(data, ~close, end), ~close
            parent = stack[depth, 0]
            if parent >= 0 and tree.child_to[parent]:
                node = child(data, words, first, close, escaped, parent, tree, notes)
                if node > 0 and stack[depth, 2] >= 0 and notes.seen[node] != row:
                    notes.seen[node] = row
                    noted = node
            if saying is not None:
                state = of_key(saying, data, words, first, close, escaped, node)
            at = blank(data, close + 1, end)
            if at >= end or data[at] != _COLON:
                return NO_COLON if at < end else ENDED, at
            at = blank(data, at + 1, end)
            if at >= end:
                return ENDED, end
            byte = data[at]
        elif saying is not None:
            state = of_element(saying, depth)
        fresh = False
        start = at
        if byte == QUOTE:
            start += 1
            at, escaped = string(data, words, start, end)
            if at < 0:
                return _fault(data, ~at, end), ~at
            kind = ESCAPED if escaped else TEXT
            stop = at
            at += 1
        elif byte in (_OPEN, _OPEN_LIST):
            kind = OBJECT if byte == _OPEN else ARRAY
            if depth == MAX_NESTING:
                return DEEP, at
            depth += 1
            stack[depth, 0], stack[depth, 1], stack[depth, 2] = node, kind, noted
            if saying is not None:
                opened(saying, depth, kind, state)
            fresh = True
            at += 1
            stop = at
        elif byte == MINUS or ZERO <= byte <= NINE:
            at = number(data, at, end)
            kind = NUMBER
            if at < 0:
                at, kind = word(data, start, end)
                if at < 0:
                    return NO_NUMBER, start
            stop = at
        else:
            at, kind = word(data, at, end)
            if at < 0:
                return NO_VALUE, start
            stop = at
        if saying is not None and not fresh:
            said(saying, depth, node, around, of_scalar(saying, data, words, start, stop, kind, state))
        if noted > 0:
            found.kinds[noted, row] = kind
            found.starts[noted, row] = start
            found.ends[noted, row] = stop
        at = blank(data, at, end)


@inlined
def _fault(data: Bytes, at: int, end: int) -> int:
    """What is wrong with a string at a place of it."""
    if at >= end:
        return ENDED
    return NO_ESCAPE if data[at] == BACKSLASH else CONTROL
