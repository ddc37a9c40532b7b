"""What to take from JSON objects.

Belongs here: columns, paths, and the buffers that are made for them once. Not here: taking them (`extract_objects`),
what a contract wants (`events.contract_columns`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from contracts.times import TimeForm
from events.byte_spans import Scratch
from events.json.embedded_json import EmbeddedJson
from events.json.nulls import nullify_blanks, nullify_texts
from events.json.scanner import Scanner
from events.json.unknown_fields import known_tree
from events.values import Values


@dataclass(frozen=True)
class Column:
    """A column: its name, its dotted paths in an object (the first one with a value counts, or if they are `joined`,
    all texts with a blank in between), and its Polars type.

    `each`: the columns of a list's elements, for a list of structs. Without paths they are taken from the object
    itself: a list of one element, or with `json` an object. `json`: takes any value, as JSON text. `rounds`: decimals
    with too many digits are rounded, not refused. `time`: the form of times, if it is not ISO 8601. `decimal_comma`:
    decimals that come as text have a comma. `free_text`: a text of white space is a value. `secret`: no message may
    show a value. `unused`: nothing depends on the values, so one that cannot be read is drift, not a reason to refuse
    the record.
    """

    name: str
    paths: tuple[str, ...]
    dtype: pl.DataType
    secret: bool = False
    json: bool = False
    rounds: bool = False
    each: tuple[Column, ...] = ()
    joined: bool = False
    time: TimeForm | None = None
    decimal_comma: bool = False
    free_text: bool = False
    unused: bool = False

    @property
    def all_paths(self) -> tuple[str, ...]:
        """The paths that are looked up in an object."""
        return self.paths or tuple(path for part in self.each for path in part.paths)

    def without_nulls(self, values: Values, nulls: Sequence[str]) -> Values:
        """The values, with null for texts that mean null: `nulls`, and blank texts in a text or time column."""
        if self.json or self.each:
            return values
        values = values._replace(kinds=values.kinds.copy())  # other columns may take the same path
        nullify_texts(values, nulls)
        if self.free_text:
            nullify_texts(values, ("",))
        elif isinstance(self.dtype, pl.String | pl.Datetime):
            nullify_blanks(values)
        return values


class Projection:
    """What to take from objects, made once and used for many batches; not by two threads at a time.

    `columns`: the typed columns. `nulls`: texts that mean null, besides blank ones; None keeps every text.
    `located`: paths whose values are wanted as sent. `elements`: paths of arrays whose elements are wanted as sent.
    `root`: the path of the objects themselves; all paths in the result begin with it. `volatile`: paths that do not
    count for the digest; None makes no digest. `embedded`: paths of objects that may come as text. `known`: paths of
    all known fields (`items.[].id`: within each element of `items`); with them, other fields are counted as drift.

    Raises `ValueError` for a path below another column's path.
    """

    def __init__(
        self,
        columns: Sequence[Column] = (),
        *,
        nulls: Sequence[str] | None = (),
        located: Sequence[str] = (),
        elements: Sequence[str] = (),
        root: str = "",
        volatile: Sequence[str] | None = None,
        embedded: Sequence[str] = (),
        known: Iterable[str] | None = None,
    ) -> None:
        self.columns, self.nulls, self.elements = columns, nulls, elements
        self.prefix = f"{root}." if root else ""
        of_columns = [path for column in columns for path in column.all_paths]
        self.paths = [*dict.fromkeys([*of_columns, *located, *elements])]
        self.scanner = Scanner(self.paths, volatile)
        for path in self.paths:
            if path in self.scanner.parents:
                raise ValueError(f"path {self.prefix + path!r} has another column's path below it")
        self.nested = {column.name: Projection(column.each, nulls=nulls) for column in columns if column.each}
        self.embedded = EmbeddedJson(embedded) if embedded else None
        self.known = None if known is None else known_tree(known)
        self.shapes = Scanner((), (), shapes_only=True)
        self.scratch = Scratch()
