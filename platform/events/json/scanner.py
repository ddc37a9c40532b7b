"""One pass over JSON objects: where the wanted values are, of what kind they are, and what is not JSON.

Belongs here: JSON's grammar to the letter, nesting, duplicate keys (the first one counts), UTF-8. A value is a kind and
a span of bytes; nothing is parsed, so nothing can be changed on the way. Not here: what a span means as a value
(`text_columns`, `scalars`), how a digest is made (`digester`), though it is made in this pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from events.array_types import Bytes, Positions, Words
from events.byte_spans import with_reserve
from events.compiled import compiled, inlined
from events.json.digester import (
    Digester,
    DigestState,
    add_value,
    after_scalar,
    begin_document,
    close_container,
    element_state,
    end_document,
    key_state,
    open_container,
)
from events.json.path_tree import MAX_NESTING, ROOT, PathTree, WalkState, find_child, path_tree, walk_state
from events.json.tokens import BACKSLASH, MINUS, NINE, QUOTE, ZERO, number_end, skip_space, string_end, word_end
from events.siphash import START, Digests, State
from events.utf8 import first_invalid
from events.values import ARRAY, ESCAPED, MISSING, NUMBER, OBJECT, TEXT
from events.words import words_of

# What a document is: an object, or the first thing that is wrong with it.
VALID, NO_OBJECT, NO_KEY, NO_COLON, NO_COMMA, NO_VALUE, NO_NUMBER = range(7)
NO_ESCAPE, CONTROL_CHARACTER, ENDS_EARLY, TEXT_BEHIND, TOO_DEEP, NOT_UTF8 = range(7, 13)

_COMMA, _COLON, _OBJECT_START, _OBJECT_END, _ARRAY_START, _ARRAY_END = b",:{}[]"
_NODE, _KIND, _NOTED = range(3)  # the columns of a walk's stack


class Found(NamedTuple):
    """What a scan found: `kinds`, `starts` and `ends` by node and document, `states` and `faults` by document.

    A text's span is without its quotes. A fault is the offset in the document at which its state was seen; it is
    undefined for `VALID` documents.
    """

    kinds: Bytes
    starts: Positions
    ends: Positions
    states: Bytes
    faults: Positions


class Scanner:
    """Finds the values at dotted `paths`. Its arrays are reused: a result is valid until the next scan.

    `parents` are the paths that lead to other wanted paths. With `without`, the documents are digested into `contents`
    (two words a row, zeros for one that is not `VALID`), except for the values at these paths. With `shapes_only`, only
    the kinds of values count.
    """

    def __init__(
        self, paths: Iterable[str], without: Iterable[str] | None = None, *, shapes_only: bool = False
    ) -> None:
        wanted, outside = [*paths], [*(without or ())]
        self.tree, self.nodes = path_tree([*wanted, *outside])
        self.parents = [path for path in self.nodes if any(below.startswith(f"{path}.") for below in wanted)]
        self.digester = None if without is None else Digester(self.tree, self.nodes, outside, shapes_only)
        self.contents: Digests = np.empty((0, 2), np.uint64)
        self.room = -1

    def scan(self, data: Bytes, starts: Positions, ends: Positions) -> Found:
        """Scan the documents `data[start:end]`."""
        count, nodes = len(starts), len(self.tree.child_from)
        if count > self.room:
            self.room = with_reserve(count)
            self.kinds = np.empty(nodes * self.room, np.uint8)
            self.starts, self.ends = np.empty(nodes * self.room, np.uint32), np.empty(nodes * self.room, np.uint32)
        kinds, firsts, lasts = (a[: nodes * count].reshape(nodes, count) for a in (self.kinds, self.starts, self.ends))
        found = Found(kinds, firsts, lasts, np.empty(count, np.uint8), np.empty(count, np.uint32))
        found.kinds[:] = MISSING
        digest = self.digester.start(starts, ends) if self.digester else None
        _scan(data, words_of(data), starts, ends, self.tree, found, walk_state(self.tree), digest)
        if digest:
            self.contents = digest.contents
        return found


@compiled
def _scan(
    data: Bytes,
    words: Words,
    starts: Positions,
    ends: Positions,
    tree: PathTree,
    found: Found,
    walk: WalkState,
    digest: DigestState | None,
) -> None:
    for row in range(len(starts)):
        start, end = np.int64(starts[row]), np.int64(ends[row])
        state, fault = _document(data, words, start, end, row, tree, found, walk, digest)
        if state != VALID:
            found.kinds[:, row] = MISSING
            invalid = first_invalid(data, start, end)
            if invalid >= 0:
                state, fault = NOT_UTF8, invalid
            found.faults[row] = fault - start
        found.states[row] = state


@compiled
def _document(
    data: Bytes,
    words: Words,
    at: int,
    end: int,
    row: int,
    tree: PathTree,
    found: Found,
    walk: WalkState,
    digest: DigestState | None,
) -> tuple[int, int]:
    """Walk over one document; return its state and the position at which that was seen."""
    at = skip_space(data, at, end)
    if at >= end or data[at] != _OBJECT_START:
        return NO_OBJECT, at
    if digest is not None:
        begin_document(digest)
    _open(walk, 0, ARRAY, -1, -1, START, None)
    _open(walk, 1, OBJECT, ROOT, ROOT, START, digest)
    depth, is_first = 1, True
    at = skip_space(data, at + 1, end)
    while at < end:
        outer, node, noted, key = walk.stack[depth, _KIND], -1, -1, START
        if data[at] == (_OBJECT_END if outer == OBJECT else _ARRAY_END):
            _close(walk, depth, at + 1, row, found, digest)
            depth, is_first = depth - 1, False
            at = skip_space(data, at + 1, end)
            if depth == 0:
                return _end(at, end, row, digest)
            continue
        if not is_first:
            if data[at] != _COMMA:
                return NO_COMMA, at
            at = skip_space(data, at + 1, end)
        if outer == OBJECT:
            state, at, node, noted, key = _member(data, words, at, end, row, depth, tree, walk, digest)
            if state != VALID:
                return state, at
        elif digest is not None:
            key = element_state(digest, depth)
        if at >= end:
            break
        is_first = data[at] == _OBJECT_START or data[at] == _ARRAY_START
        if is_first:
            if depth == MAX_NESTING:
                return TOO_DEEP, at
            depth += 1
            kind, start, stop, after = OBJECT if data[at] == _OBJECT_START else ARRAY, at, at + 1, at + 1
            _open(walk, depth, kind, node, noted, key, digest)
        else:
            state, kind, start, stop, after = _scalar(data, words, at, end)
            if state != VALID:
                return state, start
            if digest is not None:
                add_value(digest, depth, node, outer, after_scalar(digest, data, words, start, stop, kind, key))
        if noted > 0:
            found.kinds[noted, row], found.starts[noted, row], found.ends[noted, row] = kind, start, stop
        at = skip_space(data, after, end)
    return ENDS_EARLY, end


@inlined
def _open(
    walk: WalkState, depth: int, kind: int, node: int, noted: int, key: State, digest: DigestState | None
) -> None:
    """An object or array begins at `depth`."""
    walk.stack[depth, _NODE], walk.stack[depth, _KIND], walk.stack[depth, _NOTED] = node, kind, noted
    if digest is not None:
        open_container(digest, depth, kind, key)


@inlined
def _close(walk: WalkState, depth: int, after: int, row: int, found: Found, digest: DigestState | None) -> None:
    """The object or array at `depth` ends before `after`."""
    if walk.stack[depth, _NOTED] > 0:
        found.ends[walk.stack[depth, _NOTED], row] = after
    if digest is not None:
        close_container(digest, depth, walk.stack[depth, _KIND], walk.stack[depth, _NODE], walk.stack[depth - 1, _KIND])


@inlined
def _end(at: int, end: int, row: int, digest: DigestState | None) -> tuple[int, int]:
    """The document's last bracket is read; nothing may follow it."""
    if at < end:
        return TEXT_BEHIND, at
    if digest is not None:
        end_document(digest, row)
    return VALID, at


@inlined
def _member(
    data: Bytes,
    words: Words,
    at: int,
    end: int,
    row: int,
    depth: int,
    tree: PathTree,
    walk: WalkState,
    digest: DigestState | None,
) -> tuple[int, int, int, int, State]:
    """Read a key and its colon: the state, the position of the value or the fault, the key's node (or -1), the node
    whose value is to be noted (or -1: the key is not wanted, or came before), and the digest's state after the key."""
    node = noted = -1
    key = START
    if at >= end:
        return ENDS_EARLY, end, node, noted, key
    if data[at] != QUOTE:
        return NO_KEY, at, node, noted, key
    first = at + 1
    close, escaped = string_end(data, words, first, end)
    if close < 0:
        return _string_fault(data, ~close, end), ~close, node, noted, key
    parent = walk.stack[depth, _NODE]
    if parent >= 0 and tree.child_to[parent]:
        node = find_child(data, words, first, close, escaped, parent, tree, walk)
        if node > 0 and walk.stack[depth, _NOTED] >= 0 and walk.last_row[node] != row:
            walk.last_row[node] = row
            noted = node
    if digest is not None:
        key = key_state(digest, data, words, first, close, escaped, node)
    at = skip_space(data, close + 1, end)
    if at >= end or data[at] != _COLON:
        return NO_COLON if at < end else ENDS_EARLY, at, node, noted, key
    return VALID, skip_space(data, at + 1, end), node, noted, key


@inlined
def _scalar(data: Bytes, words: Words, at: int, end: int) -> tuple[int, int, int, int, int]:
    """Read a value that is neither object nor array: the state, its kind, its span, and the position after it.

    Where the state is not `VALID`, the span begins at the fault.
    """
    byte = data[at]
    if byte == QUOTE:
        close, escaped = string_end(data, words, at + 1, end)
        if close < 0:
            return _string_fault(data, ~close, end), MISSING, ~close, end, end
        return VALID, ESCAPED if escaped else TEXT, at + 1, close, close + 1
    is_number = byte == MINUS or ZERO <= byte <= NINE
    if is_number:
        stop = number_end(data, at, end)
        if stop >= 0:
            return VALID, NUMBER, at, stop, stop
    stop, kind = word_end(data, at, end)
    if stop < 0:
        return NO_NUMBER if is_number else NO_VALUE, MISSING, at, end, end
    return VALID, kind, at, stop, stop


@inlined
def _string_fault(data: Bytes, at: int, end: int) -> int:
    """What is wrong with a string at the position of its fault."""
    if at >= end:
        return ENDS_EARLY
    return NO_ESCAPE if data[at] == BACKSLASH else CONTROL_CHARACTER
