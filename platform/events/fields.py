"""Fields: a contract's columns out of JSON objects.

Belongs here: which path is whose, several paths of one column, lists of objects. Not here: JSON's grammar (`scan`),
what a value means (`casts`), what the columns mean together (`conform`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pyarrow as pa

from events.arrays import Elements, elements
from events.casts import KINDS, Column, Extraction
from events.columns import Values, first_of
from events.problems import Problems
from events.scan import SOUND, Found, Scanner
from events.text import Texts
from events.tokens import NULL, OBJECT, Bytes


class Finder:
    """Finds the values at dotted `paths` of JSON objects. What it finds holds until it finds more.

    `root` is the path at which the objects stand themselves. With `volatile`, what is not at these paths is digested.
    """

    def __init__(self, paths: Sequence[str], volatile: Sequence[str] | None = None, root: str = "") -> None:
        self.paths, self.root = [*dict.fromkeys(paths)], root
        self.prefix = f"{root}." if root else ""
        self.scanner = Scanner(self.paths, volatile)
        for path in self.paths:
            if path in self.scanner.parents:
                raise ValueError(f"path {self.prefix + path!r} has another column's path below it")

    def find(self, documents: Texts, problems: Problems) -> tuple[dict[str, Values], Found]:
        """The values by whole path, and what was found in each document: nothing in one that is not `scan.SOUND`."""
        data, nodes = documents.data, self.scanner.nodes
        found = self.scanner.scan(data, documents.starts, documents.ends)
        for path in self.scanner.parents:
            refuse_parent(self.prefix + path, found.kinds[nodes[path]], problems)
        spans = {path: [part[nodes[path]] for part in found[:3]] for path in self.paths}
        return {self.prefix + path: Values(data, *parts) for path, parts in spans.items()}, found


def refuse_parent(path: str, kinds: Bytes, problems: Problems) -> None:
    """A value that is no object has no fields, and what was sent in it would be lost."""
    wrong = np.flatnonzero((kinds > NULL) & (kinds != OBJECT))
    problems.add(wrong.tolist(), "type", (f"object wanted, {KINDS[kind]} found" for kind in kinds[wrong]), path)


class Taker:
    """Makes `columns` of the values found at their paths, `nulls` being texts that stand for null."""

    def __init__(self, columns: Sequence[Column], nulls: Sequence[str]) -> None:
        self.columns, self.nulls = columns, nulls
        self.nested = {column.name: Extractor(column.each, nulls) for column in columns if column.each}

    def take(self, found: Mapping[str, Values], result: Extraction) -> None:
        """Add the columns of values that share their bytes to the result."""
        values = [(column, self._chosen(column, found)) for column in self.columns]
        result.take([(column, one) for column, one in values if not column.each])
        for column, one in values:
            if column.each:
                result.refuse_kinds(column, one)
                result.columns[column.name] = self._list(column, one, result)

    def _chosen(self, column: Column, found: Mapping[str, Values]) -> Values:
        return first_of([column.forget(found[path], self.nulls) for path in column.paths])

    def _list(self, column: Column, values: Values, result: Extraction) -> pl.Series:
        """A list of structs: its elements are documents of their own, extracted alike and put together again."""
        found = elements(values)
        inner, within = self.nested[column.name].extract(
            Texts(values.data, found.starts, found.ends, np.ones(len(found.rows), np.bool_))
        )
        result.rounded += found.rows[inner.rounded].tolist()
        wrong = np.unique(found.rows[within.states != SOUND])
        result.problems.add(wrong.tolist(), "type", "an element is no object", column.name)
        for place, field, reason, detail in inner.problems.entries:
            result.problems.add([int(found.rows[place])], reason, f"{field}: {detail}", column.name)
        return _lists(column, values, found, inner)


class Extractor:
    """Takes `columns` out of JSON objects: `Finder` and `Taker` in one."""

    def __init__(
        self, columns: Sequence[Column], nulls: Sequence[str] = (), volatile: Sequence[str] | None = None
    ) -> None:
        self.finder = Finder([path for column in columns for path in column.paths], volatile)
        self.taker = Taker(columns, nulls)

    def extract(self, documents: Texts) -> tuple[Extraction, Found]:
        """Typed columns of documents, and what was found in each; columns are null where that is not `scan.SOUND`."""
        result = Extraction()
        values, found = self.finder.find(documents, result.problems)
        result.contents = self.finder.scanner.contents
        self.taker.take(values, result)
        return result, found


def _lists(column: Column, values: Values, found: Elements, inner: Extraction) -> pl.Series:
    """A list for each row that has one."""
    fields = [inner.columns[child.name].to_arrow(compat_level=pl.CompatLevel.newest()) for child in column.each]
    structs = pa.StructArray.from_arrays(fields, [child.name for child in column.each])
    missing = pa.array(values.kinds <= NULL)
    lists = pa.LargeListArray.from_arrays(pa.array(found.offsets), structs, mask=missing)
    return pl.Series(column.name, lists).cast(column.dtype)
