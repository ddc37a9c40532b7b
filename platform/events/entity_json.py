"""Columns of JSON text that hold entities: those of one schema, or all of an event by their columns' names.

Belongs here: writing these columns, and which entities are personal. Not here: where entities are (`entities`), JSON
itself (`json`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from contracts.stream import Stream
from events.array_types import Bytes, Int64s, Words
from events.byte_spans import bytes_of
from events.compiled import compiled, inlined, read_only
from events.entities import CONTEXTS, EVENT, Entities
from events.json import Column, Projection, extract
from events.rejections import Rejections
from events.words import copy_bytes, words_of

ALL = (CONTEXTS, EVENT)  # the paths of columns that hold all entities
_COMMA, _OBJECT, _OBJECT_END, _LIST, _LIST_END = b",{}[]"
_SPARE = 8  # the most bytes of an entity's brackets and commas, with `null` for its text
_NULL = np.frombuffer(b"null", np.uint8)


class Pieces(NamedTuple):
    """Texts one after another: piece `i` is `data[borders[i]:borders[i + 1]]`; `words` are those of `data`."""

    data: Bytes
    words: Words
    borders: Int64s

    @classmethod
    def of(cls, texts: Sequence[str]) -> Pieces:
        """Pieces of ASCII texts."""
        data = read_only(bytes_of("".join(texts).encode()))
        return cls(data, words_of(data), read_only(np.cumsum([0, *map(len, texts)], dtype=np.int64)))

    @classmethod
    def of_column(cls, column: pl.Series) -> Pieces:
        """The texts of a column; null is empty."""
        _, borders, data = column.to_arrow(compat_level=pl.CompatLevel.oldest()).buffers()
        held = read_only(bytes_of(data or b""))
        return cls(held, words_of(held), np.frombuffer(borders or bytes(8), np.int64)[: len(column) + 1])

    def length(self, places: Int64s) -> int:
        """The length of some pieces, one after another."""
        return int(np.diff(self.borders)[places].sum())


class EntityJson:
    """A contract's columns of JSON text that hold entities. `paths`: by column, of one schema or one of `ALL`.

    In `contexts`, an entity that is an object begins with `_schema_version`. The event in `unstruct_event` does not, as
    in Snowplow's analytics SDKs; its version is a field of the line. Personal entities are left out of both.
    """

    def __init__(self, stream: Stream, columns: Sequence[Column]) -> None:
        paths = [(column.name, column.paths[0]) for column in columns]
        self.paths = dict(sorted(paths, key=lambda pair: pair[1] in ALL))  # a message names an entity's own column
        self.personal = PersonalEntities(stream)
        self.as_json = Projection([Column("data", ("data",), pl.String(), json=True)])

    def columns(self, entities: Entities, count: int, rejections: Rejections) -> dict[str, pl.Series]:
        """The columns of `count` records by name. Records with NaN or Infinity in them are rejected."""
        held = {schema.column: self._holders(schema.column) for schema in entities.schemas}
        kept = entities.of({column for column, names in held.items() if names})
        found = extract({"data": kept.values()}, self.as_json)
        for place, _, reason, detail in found.rejections.entries:
            names = held[kept.schemas[kept.places[place]].column]
            rejections.add([int(kept.rows[place])], reason, detail, names[0])
        texts = Pieces.of_column(found.columns["data"])
        columns = {}
        for name, path in self.paths.items():
            chosen = kept.indexes({column for column, names in held.items() if name in names})
            columns[name] = _text_column(texts, kept, chosen, count, path.startswith(CONTEXTS), path in ALL)
        return columns

    def _holders(self, column: str) -> list[str]:
        """The names of the columns that hold the entities of a schema, given by its own column."""
        whole = EVENT if column.startswith(EVENT) else CONTEXTS
        wanted = {column} if column in self.personal else {column, whole}
        return [name for name, path in self.paths.items() if path in wanted]


class PersonalEntities:
    """The columns of entities with a field that a contract classes as personal.

    Another major version of such a schema is personal as well.
    """

    def __init__(self, stream: Stream) -> None:
        sources = [stream.source_of(name) for name in stream.types]
        paths = [*stream.dropped, *(path for source in sources if source["personal"] for path in source["paths"])]
        self.beginnings = tuple(path[:-1] for path in paths if path.endswith("*"))
        self.schemas = {_without_version(path.partition(".")[0]) for path in paths}

    def __contains__(self, column: str) -> bool:
        return _without_version(column) in self.schemas or column.startswith(self.beginnings)


def _without_version(column: str) -> str:
    return column.rpartition("_")[0]


def _text_column(texts: Pieces, entities: Entities, chosen: Int64s, count: int, listed: bool, keyed: bool) -> pl.Series:
    """A text for each of `count` records that has a chosen entity; `texts` are those of all entities.

    `listed`: the entities of one column are an array, else the first one counts. `keyed`: they are members of an
    object, by column.
    """
    if not len(chosen):
        return pl.Series([None], dtype=pl.String).new_from_index(0, count)
    names, ranks = entities.columns()
    keys = Pieces.of([f'"{name}":' if keyed else "" for name in names])
    heads = Pieces.of([f'{{"_schema_version":"{s.version}"' if keyed and listed else "" for s in entities.schemas])
    by_column = entities.rows[chosen] * len(names) + ranks[entities.places[chosen]]
    chosen = chosen[np.argsort(by_column, kind="stable")]
    rows, places = entities.rows[chosen], entities.places[chosen]
    columns = ranks[places]
    size = texts.length(chosen) + keys.length(columns) + heads.length(places) + _SPARE * len(chosen)
    into = np.empty(size + _SPARE, np.uint8)  # `words_of` wants eight bytes
    borders, valid = np.empty(count + 1, np.int64), np.zeros((count + 7) // 8, np.uint8)
    _write(texts, keys, heads, chosen, rows, columns, places, listed, keyed, borders, valid, into, words_of(into))
    buffers = [pa.py_buffer(part) for part in (valid, borders, into)]
    return pl.Series(pa.Array.from_buffers(pa.large_string(), count, buffers), dtype=pl.String)


@compiled
def _write(
    texts: Pieces, keys: Pieces, heads: Pieces,
    chosen: Int64s, rows: Int64s, columns: Int64s, places: Int64s, listed: bool, keyed: bool,
    borders: Int64s, valid: Bytes, into: Bytes, into_words: Words,
) -> None:  # fmt: skip
    """Write the entities of each record, which are ordered by record and column."""
    at, i = 0, 0
    for row in range(len(borders) - 1):
        borders[row] = at
        if i == len(rows) or rows[i] != row:
            continue
        valid[row >> 3] |= 1 << (row & 7)
        column = -1
        if keyed:
            into[at] = _OBJECT
            at += 1
        while i < len(rows) and rows[i] == row:
            if columns[i] != column:
                if column >= 0:
                    at = _close(listed, into, at)
                    into[at] = _COMMA
                    at += 1
                column = columns[i]
                at = _copy(keys, column, 0, into, into_words, at)
                if listed:
                    into[at] = _LIST
                    at += 1
                at = _entity(texts, chosen[i], heads, places[i], into, into_words, at)
            elif listed:
                into[at] = _COMMA
                at = _entity(texts, chosen[i], heads, places[i], into, into_words, at + 1)
            i += 1
        at = _close(listed, into, at)
        if keyed:
            into[at] = _OBJECT_END
            at += 1
    borders[len(borders) - 1] = at


@inlined
def _close(listed: bool, into: Bytes, at: int) -> int:
    if listed:
        into[at] = _LIST_END
        at += 1
    return at


@inlined
def _entity(texts: Pieces, text: int, heads: Pieces, head: int, into: Bytes, into_words: Words, at: int) -> int:
    """Write an entity's text, an object with its head; an empty text is null."""
    start, end = texts.borders[text], texts.borders[text + 1]
    if start == end:
        for byte in _NULL:
            into[at] = byte
            at += 1
        return at
    after = _copy(heads, head, 0, into, into_words, at) if texts.data[start] == _OBJECT else at
    skipped = 1 if after > at else 0  # the head has the object's bracket
    if skipped and end - start > 2:
        into[after] = _COMMA
        after += 1
    return _copy(texts, text, skipped, into, into_words, after)


@inlined
def _copy(pieces: Pieces, piece: int, skipped: int, into: Bytes, into_words: Words, at: int) -> int:
    """Copy a piece without its first bytes."""
    start, end = pieces.borders[piece] + skipped, pieces.borders[piece + 1]
    return copy_bytes(pieces.data, pieces.words, start, end, into, into_words, at)
