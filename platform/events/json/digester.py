"""A digest of what a JSON object says: equal for objects that say the same.

White space, the order of an object's members, and escapes make no difference; a number's digits do.

Belongs here: the hash of keys, values, objects and arrays, called by the scanner as it meets them. Not here: SipHash
itself (`siphash`), the walk (`scanner`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from events.array_types import Bytes, Int32s, Positions, Words
from events.compiled import compiled, inlined
from events.json.path_tree import MAX_NESTING, PathTree
from events.json.tokens import MINUS, unescape
from events.siphash import START, Digests, State, absorb, absorb_bytes, finished, half_finished
from events.values import ARRAY, CONSTANT, ESCAPED, NUMBER, OBJECT, TEXT
from events.words import words_of

_INTEGER = ARRAY + 1  # the tag of a number without decimals, and of -Infinity
_DOT, _E, _CAPITAL_E = b".eE"
# Nodes that are left out; nodes above them, which are left out if nothing else is in them.
_LEFT_OUT, _LEADS_TO_LEFT_OUT = 1, 2
_OWN, _KEY = 0, 4  # the places of two states in a frame: of the array itself, and of the key in front of it


class DigestState(NamedTuple):
    """The digests of documents while a scan makes them.

    `left_out` and `keys`: per node, whether it is excluded, and the state after its key. `contents`: per document, its
    digest. `frames`: per depth, an object's sum of members and their number, or an array's state; and the state of the
    key in front. `text`: scratch for a text without its escapes. With `shapes_only`, scalars count by their kind.
    """

    left_out: Bytes
    keys: Digests
    contents: Digests
    frames: Digests
    text: Bytes
    text_words: Words
    shapes_only: bool


class Digester:
    """Makes a `DigestState` for each scan. Values at the paths `without` are left out."""

    def __init__(self, tree: PathTree, nodes: Mapping[str, int], without: Sequence[str], shapes_only: bool) -> None:
        count = len(tree.child_from)
        self.left_out, self.keys = np.zeros(count, np.uint8), np.empty((count, 4), np.uint64)
        above = [path.rsplit(".", n)[0] for path in without for n in range(1, path.count(".") + 1)]
        self.left_out[[nodes[path] for path in above]] = _LEADS_TO_LEFT_OUT
        self.left_out[[nodes[path] for path in without]] = _LEFT_OUT
        _digest_keys(tree.names, words_of(tree.names), tree.name_from, tree.name_to, self.keys)
        self.shapes_only = shapes_only

    def start(self, starts: Positions, ends: Positions) -> DigestState:
        """The state before a scan of the documents between `starts` and `ends`."""
        text = np.zeros((int((ends - starts).max()) if len(starts) else 0) + 16, np.uint8)
        contents, frames = np.zeros((len(starts), 2), np.uint64), np.zeros((MAX_NESTING + 1, 8), np.uint64)
        return DigestState(self.left_out, self.keys, contents, frames, text, words_of(text), self.shapes_only)


@compiled
def _digest_keys(names: Bytes, words: Words, starts: Int32s, ends: Int32s, keys: Digests) -> None:
    for node in range(len(starts)):
        keys[node, 0], keys[node, 1], keys[node, 2], keys[node, 3] = absorb_bytes(
            START, names, words, np.int64(starts[node]), np.int64(ends[node]), TEXT
        )


@inlined
def begin_document(digest: DigestState) -> None:
    """A document is digested as the only element of an array."""
    _set(digest.frames, 0, _OWN, START)


@inlined
def key_state(digest: DigestState, data: Bytes, words: Words, start: int, end: int, escaped: bool, node: int) -> State:
    """The state after the key `data[start:end]`; computed in advance if the key is a node's."""
    if node > 0:
        return digest.keys[node, 0], digest.keys[node, 1], digest.keys[node, 2], digest.keys[node, 3]
    return _after_text(digest, data, words, start, end, escaped, START)


@inlined
def element_state(digest: DigestState, depth: int) -> State:
    """The state before the next element of the array at `depth`."""
    return _get(digest.frames, depth, _OWN)


@inlined
def after_scalar(
    digest: DigestState, data: Bytes, words: Words, start: int, end: int, kind: int, state: State
) -> State:
    """The state after a value that is neither object nor array."""
    tag = TEXT if kind == ESCAPED else kind
    if (kind == NUMBER and _is_integer(data, start, end)) or (kind == CONSTANT and data[start] == MINUS):
        tag = _INTEGER
    if digest.shapes_only:
        return absorb(state, np.uint64(tag))
    if kind == ESCAPED:
        return _after_text(digest, data, words, start, end, True, state)
    return absorb_bytes(state, data, words, start, end, tag)


@inlined
def open_container(digest: DigestState, depth: int, kind: int, state: State) -> None:
    """An object or array begins at `depth`; `state` is the state of the key or array before it."""
    _set(digest.frames, depth, _KEY, state)
    _set(digest.frames, depth, _OWN, START)
    if kind == OBJECT:
        digest.frames[depth, 0] = digest.frames[depth, 1] = digest.frames[depth, 2] = 0


@inlined
def close_container(digest: DigestState, depth: int, kind: int, node: int, outer: int) -> None:
    """The object or array at `depth` ends; `outer` is the kind of its parent."""
    frames = digest.frames
    first, second, members = frames[depth, 0], frames[depth, 1], frames[depth, 2]
    if kind == ARRAY:
        first, second = finished(_get(frames, depth, _OWN))
        members = np.uint64(0)
    state = _get(frames, depth, _KEY)
    if outer == ARRAY:
        state = _get(frames, depth - 1, _OWN)
    state = absorb(absorb(absorb(state, first), second), members << np.uint64(8) | np.uint64(kind))
    if node <= 0 or digest.left_out[node] != _LEADS_TO_LEFT_OUT or kind == ARRAY or members > 0:
        add_value(digest, depth - 1, node, outer, state)


@inlined
def add_value(digest: DigestState, depth: int, node: int, outer: int, state: State) -> None:
    """Add a value's state to its parent: the object or array at `depth`, of kind `outer`.

    An object sums up its members, so that their order does not matter.
    """
    if node > 0 and digest.left_out[node] == _LEFT_OUT:
        return
    if outer == ARRAY:
        _set(digest.frames, depth, _OWN, state)
    else:
        first, second = half_finished(state)
        digest.frames[depth, 0] += first
        digest.frames[depth, 1] += second
        digest.frames[depth, 2] += np.uint64(1)


@inlined
def end_document(digest: DigestState, row: int) -> None:
    """Write the digest of the document that has ended."""
    digest.contents[row, 0], digest.contents[row, 1] = finished(_get(digest.frames, 0, _OWN))


@inlined
def _after_text(
    digest: DigestState, data: Bytes, words: Words, start: int, end: int, escaped: bool, state: State
) -> State:
    if escaped:
        length = unescape(data, start, end, digest.text, 0)
        return absorb_bytes(state, digest.text, digest.text_words, 0, length, TEXT)
    return absorb_bytes(state, data, words, start, end, TEXT)


@inlined
def _is_integer(data: Bytes, start: int, end: int) -> bool:
    whole = True
    for at in range(start, end):
        whole = whole and data[at] not in (_DOT, _E, _CAPITAL_E)
    return whole


@inlined
def _set(frames: Digests, depth: int, place: int, state: State) -> None:
    frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3] = state


@inlined
def _get(frames: Digests, depth: int, place: int) -> State:
    return frames[depth, place], frames[depth, place + 1], frames[depth, place + 2], frames[depth, place + 3]
