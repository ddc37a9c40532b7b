"""Take a projection's columns from JSON objects.

Belongs here: the order of the steps, lists of objects, unknown fields. Not here: JSON's grammar (`scanner`), what a
value means (`extraction`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from json import dumps

import numpy as np
import polars as pl
import pyarrow as pa

from events.byte_spans import ByteSpans
from events.json.elements import Elements, elements_of
from events.json.extraction import Extraction
from events.json.nulls import nullify_texts
from events.json.outline import nests_deeper, outline
from events.json.path_tree import MAX_NESTING
from events.json.projection import Column, Projection
from events.json.scanner import VALID
from events.json.syntax_errors import SyntaxErrors
from events.json.text_columns import first_given, unescaped
from events.json.unknown_fields import unknown_fields
from events.json.written_values import joined
from events.rejections import refuse_non_objects
from events.siphash import Digests
from events.values import ESCAPED, NULL, Values


def extract_objects(source: ByteSpans | Values, projection: Projection) -> Extraction:
    """Scan the objects, and take the projection's columns and values from them."""
    result, documents = Extraction(), _documents(source, projection)
    found = projection.scanner.scan(documents.data, documents.starts, documents.ends)
    nodes, prefix = projection.scanner.nodes, projection.prefix
    for path in projection.scanner.parents:
        refuse_non_objects(prefix + path, found.kinds[nodes[path]], result.rejections)
    result.errors, result.contents = SyntaxErrors(documents, found), projection.scanner.contents
    values = {path: Values(documents.data, *(part[nodes[path]] for part in found[:3])) for path in projection.paths}
    result.values = {prefix + path: one for path, one in values.items()}
    result.elements = {prefix + path: elements_of(values[path]) for path in projection.elements}
    add_columns(values, projection, result)
    if projection.known is not None:
        _count_unknown(documents, projection, result)
    return result


def digest_objects(source: ByteSpans | Values, projection: Projection) -> Digests:
    """The digests of the objects alone."""
    documents = _documents(source, projection)
    projection.scanner.scan(documents.data, documents.starts, documents.ends)
    return projection.scanner.contents


def add_columns(found: Mapping[str, Values | Elements], projection: Projection, result: Extraction) -> None:
    """Add the projection's columns, of values or elements by path that share their `data`."""
    values = {path: one for path, one in found.items() if isinstance(one, Values)}
    result.add_columns([(c, _chosen(c, values, projection)) for c in projection.columns if c.paths and not c.each])
    for column in projection.columns:
        if column.each and column.paths:
            elements = found[column.paths[0]]
            if isinstance(elements, Values):
                elements = _elements_of(column, _chosen(column, values, projection), result)
            result.columns[column.name] = _list_column(column, elements, projection.nested[column.name], result)
        elif column.each:
            result.columns[column.name] = _column_of_fields(column, values, projection.nested[column.name], result)


def _documents(source: ByteSpans | Values, projection: Projection) -> ByteSpans:
    """The objects' bytes. A text value holds its object as text; a null has no object."""
    if isinstance(source, Values):
        given = source.kinds > NULL
        if (source.kinds == ESCAPED).any():
            spans = (np.where(given, span, np.uint32(0)) for span in (source.starts, source.ends))
            source = unescaped(Values(source.data, source.kinds, *spans), given, projection.scratch)
        else:
            source = ByteSpans(source.data, source.starts * given, source.ends * given, given)
    return projection.embedded.expand(source) if projection.embedded else source


def _chosen(column: Column, values: Mapping[str, Values], projection: Projection) -> Values:
    """Each row's first value among a column's paths, or all of them joined."""
    choices = [values[path] for path in column.paths]
    if projection.nulls is None:
        choices = [one._replace(kinds=one.kinds.copy()) for one in choices]
    else:
        choices = [column.without_nulls(one, projection.nulls) for one in choices]
    return joined(choices) if column.joined else first_given(choices)


def _elements_of(column: Column, values: Values, result: Extraction) -> Elements:
    result.refuse_kinds(column, values)
    return elements_of(values)


def _list_column(column: Column, found: Elements, nested: Projection, result: Extraction) -> pl.Series:
    """A list of structs: all elements are extracted as objects of their own, then grouped by row."""
    objects = ByteSpans(found.data, found.starts, found.ends, np.ones(len(found.rows), np.bool_))
    inner = extract_objects(objects, nested)
    result.rounded += found.rows[inner.rounded].tolist()
    if inner.errors:
        wrong = np.unique(found.rows[inner.errors.rows])
        result.rejections.add(wrong.tolist(), "type", "an element is no object", column.name)
    for place, field, reason, detail in inner.rejections.entries:
        result.rejections.add([int(found.rows[place])], reason, f"{field}: {detail}", column.name)
    return _grouped(column, found, inner)


def _column_of_fields(
    column: Column, values: Mapping[str, Values], nested: Projection, result: Extraction
) -> pl.Series:
    """Fields of the objects themselves as a list of one struct, or as an object of JSON text; null without any."""
    inner = Extraction()
    given = {path: _without_null_texts(values[path], nested.nulls or ()) for path in nested.paths}
    add_columns(given, nested, inner)
    result.rounded += inner.rounded
    for row, field, reason, detail in inner.rejections.entries:
        result.rejections.add([row], reason, f"{field}: {detail}", column.name)
    some, fields = pl.any_horizontal(pl.all().is_not_null()), _fields(column, inner)
    if not column.json:
        return fields.select(pl.when(some).then(pl.concat_list(pl.struct(pl.all())))).to_series().cast(column.dtype)
    members = [pl.lit(f"{dumps(name)}:") + pl.col(name) for name in fields.columns]
    inside = pl.concat_str(members, separator=",", ignore_nulls=True)
    return fields.select(pl.when(some).then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))).to_series()


def _without_null_texts(values: Values, nulls: Sequence[str]) -> Values:
    """The values, with null for empty texts and others that mean null."""
    values = values._replace(kinds=values.kinds.copy())
    nullify_texts(values, ("", *nulls))
    return values


def _grouped(column: Column, found: Elements, inner: Extraction) -> pl.Series:
    """A list for each row that has an array, null for the others."""
    fields = [field.to_arrow(compat_level=pl.CompatLevel.newest()) for field in _fields(column, inner)]
    structs = pa.StructArray.from_arrays(fields, [child.name for child in column.each])
    lists = pa.LargeListArray.from_arrays(pa.array(found.offsets), structs, mask=pa.array(~found.given))
    return pl.Series(column.name, lists).cast(column.dtype)


def _fields(column: Column, inner: Extraction) -> pl.DataFrame:
    """The fields of a column's structs or objects. One that no path leads to is null."""
    found = pl.DataFrame(inner.columns)
    lacking = [pl.lit(None, child.dtype).alias(child.name) for child in column.each if not child.paths]
    return found.with_columns(lacking).select(child.name for child in column.each)


def _count_unknown(documents: ByteSpans, projection: Projection, result: Extraction) -> None:
    """Count the unknown fields. Objects of one shape have the same fields, so one object of each shape is parsed."""
    states = projection.shapes.scan(documents.data, documents.starts, documents.ends).states
    rows = np.flatnonzero((states == VALID) & documents.given)
    _, firsts, counts = np.unique(projection.shapes.contents[rows], axis=0, return_index=True, return_counts=True)
    others = np.flatnonzero((states != VALID) & documents.given)
    looked_at = np.concatenate([rows[firsts], others])
    for row, count in zip(looked_at.tolist(), [*counts.tolist(), *[1] * len(others)], strict=True):
        try:
            raw = documents.at(row).decode()
            document = None if nests_deeper(raw, MAX_NESTING) else outline(raw)
        except ValueError:
            continue
        for unknown in set(unknown_fields(document, projection.known or {})):
            result.drift[unknown] += count
