"""Documents: a record in whatever its producer wrapped it becomes one JSON object, and that becomes typed columns.

Belongs here: CSV rows and Kafka's wrapper; a record's content and its fields that no contract knows. Not here: objects
sent as text (`literals`), JSON's values (`fields`).
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from contracts.stream import Stream
from events.casts import Extraction, columns_of
from events.columns import Values, unescaped
from events.fields import Extractor
from events.literals import Literals
from events.scan import DEEP, MALFORMED, SOUND, UNDECODABLE, Scanner
from events.text import Room, Texts, deeper
from events.tokens import MISSING, NULL, TEXT
from events.tree import MAX_NESTING

_NO_OBJECT = "not a JSON object"
_WHY = {MALFORMED: _NO_OBJECT, DEEP: f"nested deeper than {MAX_NESTING}", UNDECODABLE: "the bytes are not UTF-8"}
_MESSAGE = ("topic", "partition", "offset", "value")


class Documents:
    """One stream's records as JSON documents."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.known = stream, _known(stream)
        self.extractor = Extractor(columns_of(stream), stream.nulls, stream.volatile)
        self.messages, self.room = Scanner(_MESSAGE), Room()
        self.literals = Literals(stream.literals)
        self.shapes = Scanner((), (), shapes=True)

    def extract(self, texts: Texts, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (JSON or CSV), a row for each."""
        why: dict[int, str] = {}
        documents = self._unwrapped(texts, header, why)
        result, states = self.extractor.extract(documents)
        for row in np.flatnonzero((states != SOUND) & documents.given).tolist():
            why.setdefault(row, _WHY[states[row]])
        result.problems.add(why, "malformed", why.values())
        return result

    def unknown(self, texts: Texts, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have a field that the contract does not know: by its path and JSON type.

        Records made alike have the same ones: one of each shape is looked at.
        """
        found: Counter[tuple[str, str]] = Counter()
        documents = self._unwrapped(texts, header, {})
        states = self.shapes.scan(documents.data, documents.starts, documents.ends).states
        rows = np.flatnonzero((states == SOUND) & documents.given)
        _, firsts, counts = np.unique(self.shapes.contents[rows], axis=0, return_index=True, return_counts=True)
        alone = np.flatnonzero((states != SOUND) & documents.given)
        looks = chain(zip(rows[firsts].tolist(), counts.tolist(), strict=True), ((row, 1) for row in alone.tolist()))
        for row, count in looks:
            try:
                raw = documents.record(row).decode()
                document = None if deeper(raw, MAX_NESTING) else json.loads(raw)
            except ValueError:
                continue
            for stranger in set(_strangers(document, self.known, "")):
                found[stranger] += count
        return found

    def _unwrapped(self, texts: Texts, header: pa.ChunkedArray, why: dict[int, str]) -> Texts:
        """The records' documents; not given where `why` says that there is none."""
        if header.null_count < len(header):
            texts = texts.with_(_rows_of_csv(texts, header, why))
        if self.stream.wrapper:
            texts = self._messages(texts, why)
        if self.stream.literals:
            texts = self.literals.read(texts)
        return texts

    def _messages(self, texts: Texts, why: dict[int, str]) -> Texts:
        """What Kafka's messages hold; other records stay as they are."""
        found = self.messages.scan(texts.data, texts.starts, texts.ends)
        whole = np.all([found.kinds[self.messages.nodes[name]] != MISSING for name in _MESSAGE], axis=0)
        node = self.messages.nodes["value"]
        kinds, starts, ends = found.kinds[node], found.starts[node], found.ends[node]
        gone = whole & (kinds == NULL)
        why.update(dict.fromkeys(np.flatnonzero(gone).tolist(), "a Kafka message without a value"))
        kinds = np.where(whole, kinds, TEXT).astype(np.uint8)
        spans = (np.where(whole, new, old) for new, old in ((starts, texts.starts), (ends, texts.ends)))
        return unescaped(Values(texts.data, kinds, *spans), texts.given & ~gone, self.room)


def _rows_of_csv(texts: Texts, header: pa.ChunkedArray, why: dict[int, str]) -> dict[int, str | None]:
    """CSV rows as JSON objects of texts."""
    found: dict[int, str | None] = {}
    names: dict[str, list[str]] = {}
    for row, head in enumerate(header.to_pylist()):
        if head is None or not texts.given[row]:
            continue
        try:
            raw = texts.record(row).decode()
        except UnicodeDecodeError:
            continue
        try:
            if head not in names:
                names[head] = next(csv.reader([head]), [])
            values = next(csv.reader([raw], strict=True), [])
        except csv.Error as error:
            found[row], why[row] = None, f"no row of CSV: {error}"
            continue
        if len(values) == len(names[head]):
            found[row] = json.dumps(dict(zip(names[head], values, strict=True)), ensure_ascii=False)
        else:
            found[row], why[row] = None, f"{len(values)} fields, {len(names[head])} in the header"
    return found


def _known(stream: Stream) -> dict[str, Any]:
    """The contract's fields as a tree; below a leaf everything is known."""
    tree: dict[str, Any] = {}
    sources = [stream.source_of(name) for name in stream.types]
    paths = [(path, source["each"]) for source in sources for path in source["paths"]]
    others = (*stream.dropped, *stream.ignored, *stream.volatile)
    for path, each in [*paths, *((path, None) for path in others)]:
        _grow(tree, path)
        for inner in (each or {}).values():
            _grow(tree, f"{path}.[].{inner}")
    return tree


def _grow(tree: dict[str, Any], path: str) -> None:
    for part in path.split("."):
        tree = tree.setdefault(part, {})


def _strangers(node: Any, known: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Paths and types of a value's fields that are not in the tree."""
    if isinstance(node, list) and "[]" in known:
        for element in node:
            yield from _strangers(element, known["[]"], f"{path}[]")
    if isinstance(node, dict) and "[]" not in known:
        for name in node.keys() - known.keys():
            yield f"{path}.{name}" if path else name, _type(node[name])
        for name, below in known.items():
            if below and isinstance(value := node.get(name), dict | list):
                yield from _strangers(value, below, f"{path}.{name}" if path else name)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return {str: "text", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}[type(value)]
