"""Arrays of key-and-value pairs, read as if they were objects: `params.page` is the value of the pair with key `page`.

Belongs here: finding the values of keys, and keys that no contract knows. Not here: typing them (`documents`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import polars as pl

from events.array_types import Int64s, Mask
from events.byte_spans import ByteSpans
from events.json import Column, Extraction, Projection, extract
from events.values import ARRAY, KIND_NAMES, MISSING, NULL, OBJECT, Values

_TYPED = ("string_value", "int_value", "double_value", "float_value")  # Google Analytics has these in place of a value


class Pairs:
    """The pairs in the arrays at `path`; those with other keys than `keys` are not known."""

    def __init__(self, path: str, keys: Sequence[str]) -> None:
        self.path, self.keys = path, keys
        self.pair = Projection([Column("key", ("key",), pl.String())], located=("value",), nulls=None)
        self.typed = Projection(located=_TYPED)

    def values(self, found: Extraction) -> dict[str, Values]:
        """The values of the keys by path, a row each; of equal keys in a row, the first counts.

        Rows with something else than an array of objects are rejected.
        """
        arrays, rows = found.values[self.path], found.elements[self.path].rows
        wrong = np.flatnonzero((arrays.kinds > NULL) & (arrays.kinds != ARRAY))
        details = (f"array wanted, {KIND_NAMES[kind]} found" for kind in arrays.kinds[wrong])
        found.rejections.add(wrong.tolist(), "type", details, self.path)
        pairs = self._pairs(found)
        if pairs.errors:
            lost = np.unique(rows[pairs.errors.rows])
            found.rejections.add(lost.tolist(), "type", "an element is no object", self.path)
        keys = pairs.columns["key"]
        given = self._given(pairs.values["value"], keys.is_in(list(self.keys)).fill_null(False).to_numpy())
        places = {key: (keys == key).fill_null(False).arg_true().to_numpy() for key in self.keys}
        count = len(arrays.kinds)
        return {f"{self.path}.{key}": _by_row(given, rows, place, count) for key, place in places.items()}

    def unknown(self, found: Extraction) -> Counter[tuple[str, str]]:
        """The number of pairs with other keys, by path."""
        keys = self._pairs(found).columns["key"].drop_nulls()
        counts = keys.filter(~keys.is_in(list(self.keys))).value_counts()
        return Counter({(f"{self.path}.{key}", "pair"): count for key, count in counts.iter_rows()})

    def _pairs(self, found: Extraction) -> Extraction:
        """The key and the value of each pair."""
        elements = found.elements[self.path]
        every = np.ones(len(elements.rows), np.bool_)
        spans = ByteSpans(found.values[self.path].data, elements.starts, elements.ends, every)
        return extract(spans, self.pair)

    def _given(self, values: Values, wanted: Mask) -> Values:
        """The values, with the given one of its members in place of a typed value."""
        typed = wanted & (values.kinds == OBJECT)
        if not typed.any():
            return values
        members = extract(ByteSpans(values.data, values.starts, values.ends, typed), self.typed).values
        kinds, starts, ends = np.where(typed, MISSING, values.kinds), values.starts.copy(), values.ends.copy()
        for member in (members[name] for name in _TYPED):
            here = typed & (kinds == MISSING) & (member.kinds > NULL)
            kinds[here], starts[here], ends[here] = member.kinds[here], member.starts[here], member.ends[here]
        return Values(values.data, kinds.astype(np.uint8), starts, ends)


def _by_row(values: Values, rows: Int64s, places: Int64s, count: int) -> Values:
    """Some of the values, each in its row of `count`; the first one of a row."""
    kinds, starts, ends = np.full(count, MISSING, np.uint8), np.zeros(count, np.uint32), np.zeros(count, np.uint32)
    last_first = places[::-1]
    at = rows[last_first]
    kinds[at], starts[at], ends[at] = (part[last_first] for part in values[1:])
    return Values(values.data, kinds, starts, ends)
