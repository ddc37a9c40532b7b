"""The self-describing entities of enriched events: contexts, derived contexts, and the event's own data.

Belongs here: finding entities and telling the columns that they belong to. Not here: what columns hold of them
(`enriched`, `entity_json`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from typing import NamedTuple

import numpy as np
import polars as pl

from events.array_types import Bytes, Int64s, Mask, Positions
from events.byte_spans import ByteSpans
from events.display import shortened
from events.json import Column, Projection, extract
from events.values import ARRAY, MISSING, NULL, TEXT, Values

CONTEXTS, EVENT, DERIVED = PARTS = ("contexts", "unstruct_event", "derived_contexts")  # fields that hold entities
_SCHEMA = re.compile(r"iglu:([A-Za-z0-9._-]+)/([A-Za-z0-9_-]+)/[A-Za-z0-9_-]+/(([0-9]+)-[0-9]+-[0-9]+)")
_OLDEST = pl.CompatLevel.oldest()


class Schema(NamedTuple):
    """What an entity's schema says of it: its `column`, and its full `version`, such as 1-0-2.

    The column is called as in Snowplow's analytics SDKs: the vendor in lower case, the schema's name in snake case, and
    the major version.
    """

    column: str
    version: str

    @classmethod
    def of(cls, part: str, text: str | None) -> Schema | None:
        """The schema that an entity of a part names; None for a text that is no schema."""
        found = _SCHEMA.fullmatch(text or "")
        if not found:
            return None
        vendor, name, version, major = found.groups()
        prefix = EVENT if part == EVENT else CONTEXTS
        snake = re.sub(r"([^A-Z_])([A-Z])", r"\1_\2", name.replace("-", "_"))
        return cls(f"{prefix}_{vendor.replace('.', '_').replace('-', '_')}_{snake}_{major}".lower(), version)


class Entities(NamedTuple):
    """Entities, ordered by record; within a record, the tracker's own contexts come before derived contexts.

    `rows`: per entity, its record. `places`: per entity, the place of its schema in `schemas`. The data of entity `i`
    are `data[starts[i]:ends[i]]`, of kind `kinds[i]`.
    """

    schemas: list[Schema]
    data: Bytes
    rows: Int64s
    places: Int64s
    kinds: Bytes
    starts: Positions
    ends: Positions

    def take(self, chosen: Int64s | Mask) -> Entities:
        """Some of the entities."""
        rows, places = self.rows[chosen], self.places[chosen]
        kinds, starts, ends = self.kinds[chosen], self.starts[chosen], self.ends[chosen]
        return Entities(self.schemas, self.data, rows, places, kinds, starts, ends)

    def indexes(self, columns: Set[str]) -> Int64s:
        """Which entities are of some columns."""
        wanted = np.array([schema.column in columns for schema in self.schemas], np.bool_)
        return np.flatnonzero(wanted[self.places])

    def of(self, columns: Set[str]) -> Entities:
        """The entities of some columns."""
        return self.take(self.indexes(columns))

    def first(self) -> Entities:
        """The first entity of each record that has any."""
        return self.take(np.diff(self.rows, prepend=-1) > 0)

    def values(self) -> Values:
        """The data of each entity."""
        return Values(self.data, self.kinds, self.starts, self.ends)

    def columns(self) -> tuple[list[str], Int64s]:
        """The names of all columns, sorted, and the place of each schema's column among them."""
        names = sorted({schema.column for schema in self.schemas})
        places = {name: place for place, name in enumerate(names)}
        return names, np.array([places[schema.column] for schema in self.schemas], np.int64)

    def counts(self) -> dict[str, int]:
        """The number of records by column."""
        names, columns = self.columns()
        pairs = np.unique(self.rows * len(names) + columns[self.places])
        counts = np.bincount(pairs % max(len(names), 1), minlength=len(names))
        return {name: int(count) for name, count in zip(names, counts, strict=True) if count}


class EntityFinder:
    """Finds the entities of enriched events; not used by two threads at a time."""

    def __init__(self) -> None:
        self.envelope = Projection(located=("data",), elements=("data",))
        schema = [Column("schema", ("schema",), pl.String())]
        self.entity = {part: Projection(schema, located=("data",), nulls=None) for part in PARTS}

    def find(self, fields: Mapping[str, Values], why: dict[int, str]) -> Entities:
        """The entities in the fields `PARTS` of records that are not malformed; `why` gets why others are."""
        schemas: dict[Schema, int] = {}
        parts = [self._find(part, fields[part], schemas, why) for part in PARTS]
        rows, places, kinds, starts, ends = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        found = Entities([*schemas], fields[CONTEXTS].data, rows, places, kinds, starts, ends)
        order = np.argsort(rows, kind="stable")
        valid = (kinds != MISSING) & ~np.isin(rows, [*why])
        return found.take(order[valid[order]])

    def _find(
        self, part: str, values: Values, schemas: dict[Schema, int], why: dict[int, str]
    ) -> tuple[Int64s, Int64s, Bytes, Positions, Positions]:
        """A field's entities: the arrays of `Entities`. `schemas` gets new schemas and their places."""
        rows, starts, ends = self._spans(part, values, why)
        given = np.ones(len(rows), np.bool_)
        found = extract(ByteSpans(values.data, starts, ends, given), self.entity[part])
        texts = found.columns["schema"].to_arrow(compat_level=_OLDEST).dictionary_encode("encode")
        codes, known = texts.indices.to_numpy(), texts.dictionary.to_pylist()
        told = [Schema.of(part, text) for text in known]
        places = np.array([schemas.setdefault(schema, len(schemas)) if schema else -1 for schema in told], np.int64)
        places = places[codes]
        for entity in np.flatnonzero(places < 0).tolist():
            text = known[codes[entity]]
            claim = "without a schema" if text is None else f"with {shortened(text)!r} for a schema"
            why.setdefault(int(rows[entity]), f"{part}: self-describing JSON {claim}")
        data = found.values["data"]
        return rows, places, data.kinds.copy(), data.starts.copy(), data.ends.copy()

    def _spans(self, part: str, values: Values, why: dict[int, str]) -> tuple[Int64s, Positions, Positions]:
        """The row and the span of each entity of a field: one per self-described event, any number per contexts.

        Contexts that are no array count as one entity with an empty span.
        """
        rows = np.flatnonzero(values.kinds == TEXT)
        given = np.ones(len(rows), np.bool_)
        envelopes = extract(ByteSpans(values.data, values.starts[rows], values.ends[rows], given), self.envelope)
        valid = given.copy()
        if envelopes.errors:
            for place in envelopes.errors.rows.tolist():
                why[int(rows[place])] = f"{part}: {envelopes.errors.message(place)}"
                valid[place] = False
        data, found = envelopes.values["data"], envelopes.elements["data"]
        if part == EVENT:
            chosen = np.flatnonzero(valid)
            there = data.kinds[chosen] > NULL
            return rows[chosen], data.starts[chosen] * there, data.ends[chosen] * there
        single = np.flatnonzero(valid & (data.kinds > NULL) & (data.kinds != ARRAY))
        nowhere = np.zeros(len(single), np.uint32)
        starts, ends = np.concatenate([found.starts, nowhere]), np.concatenate([found.ends, nowhere])
        return rows[np.concatenate([found.rows, single])], starts, ends
