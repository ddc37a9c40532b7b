"""Tree: the paths in JSON objects that matter, and finding a key's place among them.

Belongs here: names, and what a walk over documents has to remember. Not here: walking (`scan`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from events.compiled import inlined
from events.text import bytes_of
from events.tokens import Bytes, Words, unescape

MAX_NESTING = 64
Numbers = npt.NDArray[np.int32]

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


class Notes(NamedTuple):
    """What a walk remembers: the document in which a node was last met, where the next key of a node is looked for
    first, what is open (its node, its kind, the node that it is noted for), and room for a key without escapes."""

    seen: npt.NDArray[np.int64]
    hints: Numbers
    stack: Numbers
    key: Bytes


def tree_of(paths: Iterable[str]) -> tuple[Tree, dict[str, int]]:
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
    tree = Tree(bytes_of(b"".join(names)), starts, ends, children[0], children[1], heads, masks)
    return tree, {path: node for node, path in enumerate(order) if path}


def notes_of(tree: Tree) -> Notes:
    """Those of a walk that begins."""
    longest = int((tree.name_to - tree.name_from).max())
    return Notes(
        np.full(len(tree.child_from), -1),
        tree.child_from.copy(),
        np.zeros((MAX_NESTING + 1, 3), np.int32),
        np.empty(_ESCAPE * longest, np.uint8),
    )


@inlined
def child(data: Bytes, words: Words, start: int, end: int, escaped: bool, parent: int, tree: Tree, notes: Notes) -> int:
    """The wanted child of a node that has this key, or -1."""
    if not escaped:
        head = words[start] if start < len(words) else np.uint64(0)
        return _named(data, start, end, start < len(words), head, parent, tree, notes)
    if end - start > len(notes.key):
        return -1
    return _named(notes.key, 0, unescape(data, start, end, notes.key, 0), False, np.uint64(0), parent, tree, notes)


@inlined
def _named(
    data: Bytes, start: int, end: int, by_word: bool, head: np.uint64, parent: int, tree: Tree, notes: Notes
) -> int:
    """As `child`, of a plain key that begins with `head`. Producers keep to an order: the next one comes first."""
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
