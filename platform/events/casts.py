"""Casts: found values become typed columns, with an exact path for those that are not plain.

Belongs here: what a column is made of, which values it takes and what each means, and what was wrong. A number with an
exponent, or of more digits than a machine word holds, is taken again with Python's exact decimals. Not here: where the
values stand (`fields`, `enriched`), what machine code makes of plain ones (`columns`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from contracts.amounts import MONEY
from contracts.stream import Stream
from events import columns, instants, scalars
from events.columns import Values
from events.digest import Digests
from events.exact import Refused, exact, nearest
from events.nulls import without, without_blanks
from events.problems import Problems
from events.text import shortened, whole
from events.tokens import ARRAY, BOOLEAN, ESCAPED, NULL, NUMBER, TEXT

KINDS = ("nothing", "null", "text", "text", "number", "NaN or Infinity", "boolean", "object", "array")
NO_TIME = "text that is no timestamp"
NOT_JSON = "NaN and Infinity are not JSON"
_DOUBLE = r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_WANTED: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Int64: "64-bit integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Datetime: "timestamp",
    pl.List: "array",
}


@dataclass(frozen=True)
class Column:
    """A column to take: its dotted `paths` in the document, the first with a value counting, and its type.

    `each` is what a list's elements are made of; `json` takes any value, as JSON text; `rounds` takes decimals with
    more digits than the type has, rounded. In `free_text`, white space alone is a value. `unused` is a time that
    nothing depends on: one that cannot be read is drift, no problem.
    """

    name: str
    paths: tuple[str, ...]
    dtype: pl.DataType
    secret: bool = False
    json: bool = False
    rounds: bool = False
    each: tuple[Column, ...] = ()
    free_text: bool = False
    unused: bool = False

    def forget(self, values: Values, nulls: Sequence[str]) -> Values:
        """The values without texts that stand for nothing: `nulls`, and blank ones where a text or time is wanted."""
        if self.json or self.each:
            return values
        values = values._replace(kinds=values.kinds.copy())  # other columns may take the same path
        without(values, nulls)
        if self.free_text:
            without(values, ("",))
        elif isinstance(self.dtype, pl.String | pl.Datetime):
            without_blanks(values)
        return values


def columns_of(stream: Stream) -> tuple[Column, ...]:
    """The columns that a contract takes from its records."""
    taken = []
    for name, dtype in stream.types.items():
        origin = stream.source_of(name)
        if origin["paths"]:
            column = Column(
                name,
                origin["paths"],
                dtype,
                secret=bool(origin["personal"]),
                json=origin["json"],
                rounds=stream.rounds and dtype == MONEY,
                each=_elements(dtype, origin["each"], stream.rounds),
                free_text=origin["free_text"],
                unused=name in stream.unused_times,
            )
            taken.append(column)
    return tuple(taken)


def _elements(dtype: pl.DataType, each: Mapping[str, str] | None, rounds: bool) -> tuple[Column, ...]:
    if not isinstance(dtype, pl.List):
        return ()
    inner = dtype.inner
    if not isinstance(inner, pl.Struct) or each is None:
        raise ValueError(f"a list column wants struct elements and their paths, not {dtype}")
    types = {item.name: item.dtype() if isinstance(item.dtype, type) else item.dtype for item in inner.fields}
    return tuple(Column(name, (each[name],), kind, rounds=rounds and kind == MONEY) for name, kind in types.items())


@dataclass
class Extraction:
    """Typed values, a row for each record, and what was wrong with them.

    `contents` are digests of the records, equal for those that say the same. `drift` counts the unused times that
    could not be read, by path and what was found instead. `rounded` are the rows of which a value was rounded, in no
    order and perhaps more than once.
    """

    columns: dict[str, pl.Series] = field(default_factory=dict)
    problems: Problems = field(default_factory=Problems)
    contents: Digests = field(default_factory=lambda: np.empty((0, 2), np.uint64))
    drift: Counter[tuple[str, str]] = field(default_factory=Counter)
    rounded: list[int] = field(default_factory=list)

    def take(self, found: Sequence[tuple[Column, Values]]) -> None:
        """Make columns of scalars, or of JSON, of values that share their bytes."""
        for column, values in found:
            self.refuse_kinds(column, values)
        plain = [
            (column, values) for column, values in found if isinstance(column.dtype, pl.String) and not column.json
        ]
        texts = columns.texts([values for _, values in plain])
        self.columns.update({column.name: text for (column, _), text in zip(plain, texts, strict=True)})
        for column, values in found:
            if column.name not in self.columns:
                self.columns[column.name] = self._json(column, values) if column.json else self._scalars(column, values)

    def refuse_kinds(self, column: Column, values: Values) -> None:
        """Values of a kind that the column cannot be made of become null."""
        wrong = np.flatnonzero(~_acceptable(column)[values.kinds])
        for kind in np.unique(values.kinds[wrong]) if len(wrong) else ():
            rows = wrong[values.kinds[wrong] == kind]
            if column.unused:
                self.drift[column.paths[0], KINDS[kind]] += len(rows)
                continue
            self.problems.add(rows.tolist(), "type", f"{_wanted(column)} wanted, {KINDS[kind]} found", column.name)
        values.kinds[wrong] = NULL

    def _json(self, column: Column, values: Values) -> pl.Series:
        found, odd = columns.json_texts(values)
        self.problems.add(odd.tolist(), "type", NOT_JSON, column.name)
        return found

    def _scalars(self, column: Column, values: Values) -> pl.Series:
        dtype = column.dtype
        if isinstance(dtype, pl.Float64):
            return self._doubles(column, values)
        if isinstance(dtype, pl.Datetime):
            found, odd = instants.instants(values)
            if column.unused and len(odd):
                self.drift[column.paths[0], NO_TIME] += len(odd)
                return found
        elif isinstance(dtype, pl.Boolean):
            found, odd = scalars.booleans(values)
        elif isinstance(dtype, pl.Decimal):
            found, odd, rounded = scalars.decimals(values, dtype.precision or 38, dtype.scale, column.rounds)
            self.rounded += rounded.tolist()
        elif isinstance(dtype, pl.Int64):
            found, odd = scalars.integers(values)
        else:
            known = ", ".join(_WANTED.values())
            raise ValueError(f"no column can be {dtype}: {known}, decimal and arrays of structs are")
        return self._odd(column, found, [(row, _text(values, row)) for row in odd.tolist()])

    def _doubles(self, column: Column, values: Values) -> pl.Series:
        (sent,) = columns.texts([values])
        found = sent.cast(pl.Float64, strict=False)
        wrong = (sent.is_not_null() & ~(sent.str.contains(_DOUBLE) & found.is_finite().fill_null(False))).arg_true()
        details = [f"{_shown(column, text)} is no {_wanted(column)}" for text in sent.gather(wrong)]
        self.problems.add(wrong.to_list(), "type", details, column.name)
        return found.scatter(wrong, None) if len(wrong) else found

    def _odd(self, column: Column, found: pl.Series, odd: list[tuple[int, str]]) -> pl.Series:
        """The values of texts that are not plain, or why they are none."""
        values: dict[int, Any] = {}
        numeric = isinstance(column.dtype, pl.Int64 | pl.Decimal)
        for row, text in odd:
            try:
                if not numeric:
                    raise Refused("type", f"is no {_wanted(column)}")
                values[row] = self._nearest(row, text, column) if column.rounds else exact(text, column.dtype)
            except Refused as refused:
                self.problems.add([row], refused.reason, f"{_shown(column, text)} {refused}", column.name)
        return found.scatter(list(values), pl.Series(list(values.values()), dtype=column.dtype)) if values else found

    def _nearest(self, row: int, text: str, column: Column) -> Any:
        value, rounded = nearest(text, column.dtype)
        self.rounded += [row] * rounded
        return value


def _text(values: Values, row: int) -> str:
    text = values.text(row).decode()
    return whole(json.loads(f'"{text}"')) if values.kinds[row] == ESCAPED else text


def _wanted(column: Column) -> str:
    if isinstance(column.dtype, pl.Decimal):
        return f"decimal({column.dtype.precision},{column.dtype.scale})"
    return _WANTED[type(column.dtype)]


def _acceptable(column: Column) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """By kind, whether the column may be made of it."""
    kinds = np.ones(len(KINDS), np.bool_)
    if column.json:
        return kinds
    kinds[NULL + 1 :] = False
    kinds[[ARRAY] if column.each else [TEXT, ESCAPED]] = True
    kinds[NUMBER] = not (column.each or isinstance(column.dtype, pl.Datetime))
    kinds[BOOLEAN] = isinstance(column.dtype, pl.Boolean)
    return kinds


def _shown(column: Column, value: str) -> str:
    """A value as an error may show it: shortened, and never a personal one."""
    if column.secret:
        return "a personal value"
    return repr(shortened(value, 40))
