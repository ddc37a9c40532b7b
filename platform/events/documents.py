"""Documents: a record in whatever its producer wrapped it becomes one JSON object, and that becomes typed columns.

Belongs here: CSV rows and Kafka's wrapper; a record's content and its fields that no contract knows. Not here: objects
sent as text (`literals`), JSON's values (`fields`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.stream import Csv, Stream
from events.casts import Extraction, columns_of
from events.columns import Values, unescaped
from events.delimited import OPEN, TRAILING, objects_of
from events.exact import outline
from events.faults import fault_of
from events.fields import Extractor
from events.header import fits, names_of
from events.literals import Literals
from events.scan import SOUND, Scanner
from events.text import Room, Texts, deeper, whole
from events.tokens import MISSING, NULL, TEXT
from events.tree import MAX_NESTING

Mask = npt.NDArray[np.bool_]
_MESSAGE = ("topic", "partition", "offset", "value")


class Documents:
    """One stream's records as JSON documents."""

    def __init__(self, stream: Stream) -> None:
        self.stream, self.known = stream, _known(stream)
        self.tables = [framing for framing in stream.decoding if isinstance(framing, Csv)] or [Csv(())]
        columns = columns_of(stream)
        self.times = Extractor(tuple(column for column in columns if column.unused), stream.nulls)
        self.extractor = Extractor(columns, stream.nulls, stream.volatile)
        self.messages, self.room = Scanner(_MESSAGE), Room()
        self.literals = Literals(stream.literals)
        self.shapes = Scanner((), (), shapes=True)

    def extract(self, texts: Texts, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (JSON or CSV), a row for each."""
        why: dict[int, str] = {}
        documents, wrapped = self._unwrapped(texts, header, why)
        result, found = self.extractor.extract(documents)
        for row in np.flatnonzero((found.states != SOUND) & documents.given).tolist():
            within = "value: " if wrapped[row] else ""
            why.setdefault(row, within + fault_of(documents, found, row))
        result.problems.add(why, "malformed", why.values())
        return result

    def unknown(self, texts: Texts, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have a field that the contract does not know, or an unused time that cannot be read:
        by its path and JSON type.

        Records made alike have the same ones: one of each shape is looked at.
        """
        found: Counter[tuple[str, str]] = Counter()
        documents, _ = self._unwrapped(texts, header, {})
        states = self.shapes.scan(documents.data, documents.starts, documents.ends).states
        rows = np.flatnonzero((states == SOUND) & documents.given)
        _, firsts, counts = np.unique(self.shapes.contents[rows], axis=0, return_index=True, return_counts=True)
        alone = np.flatnonzero((states != SOUND) & documents.given)
        looks = chain(zip(rows[firsts].tolist(), counts.tolist(), strict=True), ((row, 1) for row in alone.tolist()))
        for row, count in looks:
            try:
                raw = documents.record(row).decode()
                document = None if deeper(raw, MAX_NESTING) else outline(raw)
            except ValueError:
                continue
            for stranger in set(_strangers(document, self.known, "")):
                found[stranger] += count
        return found + self.times.extract(documents)[0].drift if self.times.taker.columns else found

    def _unwrapped(self, texts: Texts, header: pa.ChunkedArray, why: dict[int, str]) -> tuple[Texts, Mask]:
        """The records' documents, not given where `why` says that there is none; and which came in a wrapper."""
        if header.null_count < len(header):
            texts = self._rows_of_csv(texts, header, why)
        wrapped = np.zeros(len(texts.given), np.bool_)
        if self.stream.wrapper:
            texts, wrapped = self._messages(texts, why)
        if self.stream.literals:
            texts = self.literals.read(texts)
        return texts, wrapped

    def _rows_of_csv(self, texts: Texts, header: pa.ChunkedArray, why: dict[int, str]) -> Texts:
        """CSV rows as JSON objects of texts; other records stay as they are."""
        headers = header.combine_chunks().dictionary_encode()
        places = headers.indices.fill_null(-1).to_numpy()
        for place, line in enumerate(headers.dictionary.to_pylist()):
            rows = np.flatnonzero((places == place) & texts.given)
            framing = next((framing for framing in self.tables if fits(line, framing)), self.tables[0])
            names = names_of(line, framing, self.known)
            texts, counts = objects_of(texts, rows, names, framing.delimiter)
            wrong = counts != len(names)
            why.update(zip(rows[wrong].tolist(), (_misfit(count, names) for count in counts[wrong]), strict=True))
        given = texts.given.copy()
        given[list(why)] = False
        return texts._replace(given=given)

    def _messages(self, texts: Texts, why: dict[int, str]) -> tuple[Texts, Mask]:
        """What Kafka's messages hold, and which records are such; others stay as they are."""
        found = self.messages.scan(texts.data, texts.starts, texts.ends)
        wrapped = np.all([found.kinds[self.messages.nodes[name]] != MISSING for name in _MESSAGE], axis=0)
        node = self.messages.nodes["value"]
        kinds, starts, ends = found.kinds[node], found.starts[node], found.ends[node]
        gone = wrapped & (kinds == NULL)
        why.update(dict.fromkeys(np.flatnonzero(gone).tolist(), "a Kafka message without a value"))
        kinds = np.where(wrapped, kinds, TEXT).astype(np.uint8)
        spans = (np.where(wrapped, new, old) for new, old in ((starts, texts.starts), (ends, texts.ends)))
        return unescaped(Values(texts.data, kinds, *spans), texts.given & ~gone, self.room), wrapped


def _misfit(count: int, names: Sequence[str]) -> str:
    """What is wrong with a row of so many fields."""
    wrong = {OPEN: "a quoted field does not end", TRAILING: "there is text behind a quoted field"}
    return f"no row of CSV: {wrong[count]}" if count in wrong else f"{count} fields, {len(names)} in the header"


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
            yield whole(f"{path}.{name}" if path else name), _type(node[name])
        for name, below in known.items():
            if below and isinstance(value := node.get(name), dict | list):
                yield from _strangers(value, below, f"{path}.{name}" if path else name)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return {str: "text", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}[type(value)]
