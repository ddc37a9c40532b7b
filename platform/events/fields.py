"""Fields: a contract's columns out of JSON documents.

Belongs here: which path is whose, several paths of one column, lists of objects. Not here: JSON's grammar (`scan`),
what a value means (`casts`), what the columns mean together (`conform`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from events.arrays import Elements, elements
from events.casts import KINDS, Column, Extraction
from events.columns import Values, first_of, without
from events.scan import SOUND, Found, Scanner
from events.text import Texts
from events.tokens import NULL, OBJECT, Bytes


class Extractor:
    """Takes `columns` out of JSON objects, `nulls` being texts that stand for null.

    With `volatile`, it digests what is not at these paths.
    """

    def __init__(
        self, columns: tuple[Column, ...], nulls: tuple[str, ...] = (), volatile: tuple[str, ...] | None = None
    ) -> None:
        self.columns, self.nulls = columns, nulls
        self.scanner = Scanner((path for column in columns for path in column.paths), volatile)
        for path in (path for column in columns for path in column.paths):
            if path in self.scanner.parents:
                raise ValueError(f"path {path!r} has another column's path below it")
        self.nested = {column.name: Extractor(column.each, nulls) for column in columns if column.each}

    def extract(self, documents: Texts) -> tuple[Extraction, Bytes]:
        """Typed columns of documents, and what each of them is (`scan.SOUND` and others); what is not sound is null."""
        found = self.scanner.scan(documents.data, documents.starts, documents.ends)
        result = Extraction(contents=self.scanner.contents)
        for path in self.scanner.parents:
            self._refuse_parent(path, found, result)
        values = [(column, self._values(column, documents.data, found)) for column in self.columns]
        result.take([(column, one) for column, one in values if not column.each])
        for column, one in values:
            if column.each:
                result.refuse_kinds(column, one)
                result.columns[column.name] = self._list(column, one, result)
        return result, found.states

    def _refuse_parent(self, path: str, found: Found, result: Extraction) -> None:
        """A value that is no object has no fields, and what was sent in it would be lost."""
        kinds = found.kinds[self.scanner.nodes[path]]
        wrong = np.flatnonzero((kinds > NULL) & (kinds != OBJECT))
        result.problems.add(
            wrong.tolist(), "type", (f"object wanted, {KINDS[kind]} found" for kind in kinds[wrong]), path
        )

    def _values(self, column: Column, data: Bytes, found: Found) -> Values:
        choices = []
        for node in (self.scanner.nodes[path] for path in column.paths):
            choices.append(Values(data, found.kinds[node], found.starts[node], found.ends[node]))
            if not (column.json or column.each):
                without(choices[-1], self.nulls)
        return first_of(choices)

    def _list(self, column: Column, values: Values, result: Extraction) -> pl.Series:
        """A list of structs: its elements are documents of their own, extracted alike and put together again."""
        found = elements(values)
        inner, states = self.nested[column.name].extract(
            Texts(values.data, found.starts, found.ends, np.ones(len(found.rows), np.bool_))
        )
        result.rounded += found.rows[inner.rounded].tolist()
        wrong = np.unique(found.rows[states != SOUND])
        result.problems.add(wrong.tolist(), "type", "an element is no object", column.name)
        for place, field, reason, detail in inner.problems.entries:
            result.problems.add([int(found.rows[place])], reason, f"{field}: {detail}", column.name)
        return _lists(column, values, found, inner)


def _lists(column: Column, values: Values, found: Elements, inner: Extraction) -> pl.Series:
    """A list for each row that has one."""
    fields = [inner.columns[child.name].to_arrow(compat_level=pl.CompatLevel.newest()) for child in column.each]
    structs = pa.StructArray.from_arrays(fields, [child.name for child in column.each])
    missing = pa.array(values.kinds <= NULL)
    lists = pa.LargeListArray.from_arrays(pa.array(found.offsets), structs, mask=missing)
    return pl.Series(column.name, lists).cast(column.dtype)
