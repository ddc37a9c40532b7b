"""Literals: the texts of documents that spell objects, in JSON or as Python prints them, give way to these objects.

What comes of a document is what it would have been, had its producer sent the objects: nothing else in it changes.

Belongs here: which texts spell an object, and putting it in their place. Not here: Python's way of printing
(`printed`), JSON's grammar (`scan`).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence

import numpy as np

from events.columns import Rows, Values, put, unescaped
from events.compiled import compiled, read_only
from events.exact import outline
from events.printed import NULL, WIDEST, as_json, room_to_open
from events.scan import SOUND, Scanner
from events.text import Room, Texts, deeper
from events.tokens import ESCAPED, TEXT, Bytes, Places, Words, blank, copy, words_of
from events.tree import MAX_NESTING, Numbers

MAX_LITERAL = 1 << 16  # characters of a text to be read as an object; Python's parser takes a hundred times its room


class Literals:
    """Reads the texts at some dotted paths of documents. What it makes holds until it makes more."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.documents, self.texts = Scanner(paths), Scanner(())
        self.nodes = [self.documents.nodes[path] for path in paths]
        within = ([path.removeprefix(f"{outer}.") for path in paths if path.startswith(f"{outer}.")] for outer in paths)
        self.within = {node: Literals(inner) for node, inner in zip(self.nodes, within, strict=True) if inner}
        self.sent, self.objects, self.room = Room(), Room(), Room()

    def read(self, documents: Texts, rows: Rows | None = None) -> Texts:
        """Documents with objects for the texts in some rows (or all) that spell them, null for an empty text.

        An object that was in a text may have others in its own.
        """
        rows = np.arange(len(documents.given)) if rows is None else rows
        nodes, rows, texts = self._texts(documents, rows)
        objects = self._objects(unescaped(texts, np.ones(len(rows), np.bool_), self.sent))
        for node, inner in self.within.items():
            objects = inner.read(objects, np.flatnonzero(nodes == node))
        return _with_objects(documents, rows, texts, objects, self.room)

    def _texts(self, documents: Texts, rows: Rows) -> tuple[Rows, Rows, Values]:
        """The texts in the order in which they stand: the node and the row of each."""
        found = self.documents.scan(documents.data, documents.starts[rows], documents.ends[rows])
        kinds = found.kinds[self.nodes]
        paths, places = np.nonzero((kinds == TEXT) | (kinds == ESCAPED))
        nodes = np.take(self.nodes, paths)
        order = np.lexsort((found.starts[nodes, places], places))
        nodes, places = nodes[order], places[order]
        return nodes, rows[places], Values(documents.data, *(part[nodes, places] for part in found[:3]))

    def _objects(self, texts: Texts) -> Texts:
        """The JSON of what texts spell; not given where that is no object."""
        count = len(texts.starts)
        states = self.texts.scan(texts.data, texts.starts, texts.ends).states
        starts, ends, odd = np.empty(count, np.uint32), np.empty(count, np.uint32), np.empty(count, np.int64)
        into = self.objects.of(WIDEST * len(texts.data) + len(NULL) * count)
        given = (texts.data, words_of(texts.data), texts.starts, texts.ends, states)
        odd = odd[: _spell(*given, into, words_of(into), starts, ends, odd, room_to_open())]
        objects = Texts(read_only(into), starts, ends, texts.given)
        return objects.with_({row: spelled(texts.record(row).decode()) for row in odd.tolist()})


def spelled(text: str) -> str | None:
    """The JSON of the object that a text spells, null for an empty text; None for any other."""
    if not text.strip():
        return "null"
    if len(text) > MAX_LITERAL or deeper(text, MAX_NESTING):
        return None
    try:
        if isinstance(outline(text), dict):
            return text
    except ValueError:
        pass
    try:
        printed = ast.parse(text.lstrip(" \t"), mode="eval").body
        return _written(printed) if isinstance(printed, ast.Dict) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _written(node: ast.expr) -> str:
    """The JSON of a Python literal. Keys that come again are kept: whoever reads the JSON takes the first of them.

    What JSON has not becomes text. Raises `ValueError` or `TypeError` for what is no literal.
    """
    match node:
        case ast.Dict():
            members = zip(node.keys, node.values, strict=True)
            return "{" + ", ".join(f"{_name(key)}: {_written(value)}" for key, value in members) + "}"
        case ast.List() | ast.Tuple():
            return "[" + ", ".join(map(_written, node.elts)) + "]"
    value = ast.literal_eval(node)
    return json.dumps(ast.unparse(node) if isinstance(node, ast.Set) else value, default=str)  # a set has no order


def _name(key: ast.expr | None) -> str:
    """The JSON of a dict's key, which is text. Raises as `_written`, and for a key that JSON cannot have."""
    value = ast.literal_eval(key) if key else ...
    if not isinstance(value, str | int | float | None):
        raise TypeError("JSON has no such keys")
    return json.dumps(value if isinstance(value, str) else json.dumps(value))


def _with_objects(documents: Texts, rows: Rows, texts: Values, objects: Texts, room: Room) -> Texts:
    """Documents with objects, where there are any, for texts in some rows, in the order in which they stand."""
    starts, ends = np.empty_like(documents.starts), np.empty_like(documents.ends)
    sizes = [int((part.ends - part.starts).sum(dtype=np.int64)) for part in (documents, objects)]
    into = room.of(sum(sizes))
    old = (documents.data, words_of(documents.data), documents.starts, documents.ends)
    new = (objects.data, words_of(objects.data), objects.starts, objects.ends, objects.given)
    _splice(*old, rows, texts.starts, texts.ends, *new, into, words_of(into), starts, ends)
    return Texts(read_only(into), starts, ends, documents.given)


@compiled
def _spell(
    data: Bytes, words: Words, starts: Places, ends: Places, states: Bytes,
    into: Bytes, into_words: Words, firsts: Places, lasts: Places, odd: Rows, opened: Numbers,
) -> int:  # fmt: skip
    at, count = 0, 0
    for row in range(len(starts)):
        start, end, first = np.int64(starts[row]), np.int64(ends[row]), at
        if blank(data, start, end) == end:
            at = put(NULL, into, at)
        elif end - start > MAX_LITERAL:
            at = -1
        elif states[row] == SOUND:
            at = copy(data, words, start, end, into, into_words, at)
        else:
            at = as_json(data, start, end, into, at, opened)
        if at < 0:
            at = first
            odd[count] = row
            count += 1
        firsts[row], lasts[row] = first, at
    return count


@compiled
def _splice(
    data: Bytes, words: Words, starts: Places, ends: Places, rows: Rows, text_starts: Places, text_ends: Places,
    objects: Bytes, object_words: Words, object_starts: Places, object_ends: Places, given: Bytes,
    into: Bytes, into_words: Words, firsts: Places, lasts: Places,
) -> None:  # fmt: skip
    at, text = 0, 0
    for row in range(len(starts)):
        start, firsts[row] = np.int64(starts[row]), at
        while text < len(rows) and rows[text] == row:
            if given[text]:
                at = copy(data, words, start, np.int64(text_starts[text]) - 1, into, into_words, at)
                first, last = np.int64(object_starts[text]), np.int64(object_ends[text])
                at = copy(objects, object_words, first, last, into, into_words, at)
                start = np.int64(text_ends[text]) + 1
            text += 1
        at = copy(data, words, start, np.int64(ends[row]), into, into_words, at)
        lasts[row] = at
