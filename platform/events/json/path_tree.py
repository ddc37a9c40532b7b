"""The wanted paths of JSON objects as a tree, and looking up a key in it.

Belongs here: names, and the state of a walk over documents. Not here: the walk (`scanner`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from contracts.paths import names_of_path, parts_of
from events.array_types import Bytes, Int32s, Int64s, Words
from events.byte_spans import bytes_of
from events.compiled import inlined
from events.json.tokens import unescape

MAX_NESTING = 64  # levels of objects and arrays
ROOT = 0  # the document's own node

_LONGEST_ESCAPE = 6  # bytes, for one byte or more of a name


class PathTree(NamedTuple):
    """The wanted paths, a node each; node 0 is the document, and the children of a node follow each other.

    The name of node `i` is `names[name_from[i]:name_to[i]]`, its children are `child_from[i]:child_to[i]`. `heads` are
    the first eight bytes of the names, `masks` tell which of these bits belong to the name.
    """

    names: Bytes
    name_from: Int32s
    name_to: Int32s
    child_from: Int32s
    child_to: Int32s
    heads: Words
    masks: Words


class WalkState(NamedTuple):
    """What a walk remembers, by node and by depth.

    `last_row`: the last document in which the node was found. `next_child`: the child to compare with a key first.
    `stack`: for each open object or array its node, its kind, and the node whose end it sets. `key`: scratch for a key
    without its escapes.
    """

    last_row: Int64s
    next_child: Int32s
    stack: Int32s
    key: Bytes


def path_tree(paths: Iterable[str]) -> tuple[PathTree, dict[str, int]]:
    """The tree of dotted paths, and the node of each path and of each prefix of one."""
    below: dict[str, dict[str, None]] = {"": {}}
    for path in paths:
        parts = parts_of(path)
        for depth in range(len(parts)):
            here, up = ".".join(parts[: depth + 1]), ".".join(parts[:depth])
            below.setdefault(up, {})[here] = None
    order, spans = [""], {}
    for path in order:
        spans[path] = (len(order), len(order) + len(below.get(path, ())))
        order += below.get(path, ())
    names = [names_of_path(path)[-1].encode() for path in order]
    ends = np.cumsum([len(name) for name in names]).astype(np.int32)
    starts = (ends - [len(name) for name in names]).astype(np.int32)
    children = np.array([spans[path] if path in below else (0, 0) for path in order], np.int32).T.copy()
    heads, masks = (
        np.array([int.from_bytes(part, "little") for part in parts], np.uint64)
        for parts in ([name[:8] for name in names], [b"\xff" * min(8, len(name)) for name in names])
    )
    tree = PathTree(bytes_of(b"".join(names)), starts, ends, children[0], children[1], heads, masks)
    return tree, {path: node for node, path in enumerate(order) if path}


def walk_state(tree: PathTree) -> WalkState:
    """The state of a walk that begins."""
    longest = int((tree.name_to - tree.name_from).max())
    return WalkState(
        np.full(len(tree.child_from), -1),
        tree.child_from.copy(),
        np.zeros((MAX_NESTING + 1, 3), np.int32),
        np.empty(_LONGEST_ESCAPE * longest, np.uint8),
    )


@inlined
def find_child(
    data: Bytes, words: Words, start: int, end: int, escaped: bool, parent: int, tree: PathTree, walk: WalkState
) -> int:
    """The child of a node whose name is the key `data[start:end]`, or -1."""
    if not escaped:
        head = words[start] if start < len(words) else np.uint64(0)
        return _find_name(data, start, end, start < len(words), head, parent, tree, walk)
    if end - start > len(walk.key):
        return -1
    return _find_name(walk.key, 0, unescape(data, start, end, walk.key, 0), False, np.uint64(0), parent, tree, walk)


@inlined
def _find_name(
    data: Bytes, start: int, end: int, has_head: bool, head: np.uint64, parent: int, tree: PathTree, walk: WalkState
) -> int:
    """As `find_child`, for a key without escapes; `head` are its first eight bytes.

    Producers keep to an order of keys, so the child after the last one found is compared first.
    """
    first, last = tree.child_from[parent], tree.child_to[parent]
    node, length = walk.next_child[parent], end - start
    for _ in range(last - first):
        name = tree.name_from[node]
        if length == tree.name_to[node] - name and (not has_head or head & tree.masks[node] == tree.heads[node]):
            i = min(8, length) if has_head else 0
            while i < length and data[start + i] == tree.names[name + i]:
                i += 1
            if i == length:
                walk.next_child[parent] = node + 1 if node + 1 < last else first
                return node
        node = node + 1 if node + 1 < last else first
    return -1
