"""Replace texts inside JSON objects that are themselves objects, as JSON or as Python prints them.

The result is the document that the producer would have sent had it encoded the object properly; nothing else changes.

Belongs here: which texts are objects, and replacing them. Not here: what Python prints (`python_repr`), JSON's grammar
(`scanner`).
"""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence

import numpy as np

from events.array_types import Bytes, Int32s, Int64s, Positions, Words
from events.byte_spans import ByteSpans, Scratch
from events.compiled import compiled, read_only
from events.json.outline import nests_deeper, outline
from events.json.path_tree import MAX_NESTING
from events.json.python_repr import GROWTH, JSON_NULL, container_stack, write_as_json
from events.json.scanner import VALID, Scanner
from events.json.text_columns import unescaped, write_word
from events.json.tokens import skip_space
from events.values import ESCAPED, TEXT, Values
from events.words import copy_bytes, words_of

MAX_EMBEDDED = 1 << 16  # characters of a text that is read as an object; Python's parser takes a hundred times its size


class EmbeddedJson:
    """Replaces the texts at some dotted paths. The returned documents are valid until its next use."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.documents, self.texts = Scanner(paths), Scanner(())
        self.nodes = [self.documents.nodes[path] for path in paths]
        within = ([path.removeprefix(f"{outer}.") for path in paths if path.startswith(f"{outer}.")] for outer in paths)
        self.within = {node: EmbeddedJson(inner) for node, inner in zip(self.nodes, within, strict=True) if inner}
        self.sent, self.objects, self.scratch = Scratch(), Scratch(), Scratch()

    def expand(self, documents: ByteSpans, rows: Int64s | None = None) -> ByteSpans:
        """The documents with objects in place of texts that are objects, and null in place of empty texts.

        Only some `rows` if given. An object that was a text may itself have objects as texts.
        """
        rows = np.arange(len(documents.given)) if rows is None else rows
        nodes, rows, texts = self._find_texts(documents, rows)
        objects = self._objects(unescaped(texts, np.ones(len(rows), np.bool_), self.sent))
        for node, inner in self.within.items():
            objects = inner.expand(objects, np.flatnonzero(nodes == node))
        return _spliced(documents, rows, texts, objects, self.scratch)

    def _find_texts(self, documents: ByteSpans, rows: Int64s) -> tuple[Int64s, Int64s, Values]:
        """The texts, in the documents' order: the node, row and span of each."""
        found = self.documents.scan(documents.data, documents.starts[rows], documents.ends[rows])
        kinds = found.kinds[self.nodes]
        paths, places = np.nonzero((kinds == TEXT) | (kinds == ESCAPED))
        nodes = np.take(self.nodes, paths)
        order = np.lexsort((found.starts[nodes, places], places))
        nodes, places = nodes[order], places[order]
        return nodes, rows[places], Values(documents.data, *(part[nodes, places] for part in found[:3]))

    def _objects(self, texts: ByteSpans) -> ByteSpans:
        """Each text's object as JSON; not given where the text is no object."""
        count = len(texts.starts)
        states = self.texts.scan(texts.data, texts.starts, texts.ends).states
        starts, ends, odd = np.empty(count, np.uint32), np.empty(count, np.uint32), np.empty(count, np.int64)
        into = self.objects.take(GROWTH * len(texts.data) + len(JSON_NULL) * count)
        sent = (texts.data, words_of(texts.data), texts.starts, texts.ends, states)
        odd = odd[: _write_objects(*sent, into, words_of(into), starts, ends, odd, container_stack())]
        objects = ByteSpans(read_only(into), starts, ends, texts.given)
        return objects.replaced({row: object_in(texts.at(row).decode()) for row in odd.tolist()})


def object_in(text: str) -> str | None:
    """The object in a text as JSON, `null` for an empty text, None for any other; read by Python's own parsers."""
    if not text.strip():
        return "null"
    if len(text) > MAX_EMBEDDED or nests_deeper(text, MAX_NESTING):
        return None
    try:
        if isinstance(outline(text), dict):
            return text
    except ValueError:
        pass
    try:
        node = ast.parse(text.lstrip(" \t"), mode="eval").body
        return _json_of(node) if isinstance(node, ast.Dict) else None
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _json_of(node: ast.expr) -> str:
    """A Python literal as JSON. Repeated keys are kept, because the reader of the JSON takes the first one.

    Values that JSON does not have become text. Raises `ValueError` or `TypeError` for anything but a literal.
    """
    match node:
        case ast.Dict():
            members = zip(node.keys, node.values, strict=True)
            return "{" + ", ".join(f"{_key_of(key)}: {_json_of(value)}" for key, value in members) + "}"
        case ast.List() | ast.Tuple():
            return "[" + ", ".join(map(_json_of, node.elts)) + "]"
    value = ast.literal_eval(node)
    return json.dumps(ast.unparse(node) if isinstance(node, ast.Set) else value, default=str)  # a set has no order


def _key_of(key: ast.expr | None) -> str:
    """A dict's key as JSON text. Raises as `_json_of`, and `TypeError` for a key that JSON cannot have."""
    value = ast.literal_eval(key) if key else ...
    if not isinstance(value, str | int | float | None):
        raise TypeError("JSON has no such keys")
    return json.dumps(value if isinstance(value, str) else json.dumps(value))


def _spliced(documents: ByteSpans, rows: Int64s, texts: Values, objects: ByteSpans, scratch: Scratch) -> ByteSpans:
    """The documents with the given objects in place of the texts. Texts are in order; `rows` are their rows."""
    starts, ends = np.empty_like(documents.starts), np.empty_like(documents.ends)
    sizes = [int((part.ends - part.starts).sum(dtype=np.int64)) for part in (documents, objects)]
    into = scratch.take(sum(sizes))
    old = (documents.data, words_of(documents.data), documents.starts, documents.ends)
    new = (objects.data, words_of(objects.data), objects.starts, objects.ends, objects.given)
    _splice(*old, rows, texts.starts, texts.ends, *new, into, words_of(into), starts, ends)
    return ByteSpans(read_only(into), starts, ends, documents.given)


@compiled
def _write_objects(
    data: Bytes, words: Words, starts: Positions, ends: Positions, states: Bytes,
    into: Bytes, into_words: Words, firsts: Positions, lasts: Positions, odd: Int64s, stack: Int32s,
) -> int:  # fmt: skip
    """Write the objects of plain texts into `into`; return how many rows were left for `object_in`, listed in `odd`."""
    at, count = 0, 0
    for row in range(len(starts)):
        start, end, first = np.int64(starts[row]), np.int64(ends[row]), at
        if skip_space(data, start, end) == end:
            at = write_word(JSON_NULL, into, at)
        elif end - start > MAX_EMBEDDED:
            at = -1
        elif states[row] == VALID:
            at = copy_bytes(data, words, start, end, into, into_words, at)
        else:
            at = write_as_json(data, start, end, into, at, stack)
        if at < 0:
            at = first
            odd[count] = row
            count += 1
        firsts[row], lasts[row] = first, at
    return count


@compiled
def _splice(
    data: Bytes, words: Words, starts: Positions, ends: Positions,
    rows: Int64s, text_starts: Positions, text_ends: Positions,
    objects: Bytes, object_words: Words, object_starts: Positions, object_ends: Positions, given: Bytes,
    into: Bytes, into_words: Words, firsts: Positions, lasts: Positions,
) -> None:  # fmt: skip
    at, text = 0, 0
    for row in range(len(starts)):
        start, firsts[row] = np.int64(starts[row]), at
        while text < len(rows) and rows[text] == row:
            if given[text]:
                at = copy_bytes(data, words, start, np.int64(text_starts[text]) - 1, into, into_words, at)
                first, last = np.int64(object_starts[text]), np.int64(object_ends[text])
                at = copy_bytes(objects, object_words, first, last, into, into_words, at)
                start = np.int64(text_ends[text]) + 1
            text += 1
        at = copy_bytes(data, words, start, np.int64(ends[row]), into, into_words, at)
        lasts[row] = at
