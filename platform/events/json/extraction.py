"""Found values become typed columns, with a slower exact path for unusual ones.

Belongs here: which values a column takes, what each means, and what is wrong with the others. A number with an
exponent, or of more digits than a machine word holds, is read again by Python's decimals. Not here: finding values
(`extract_objects`), reading plain ones (`text_columns`, `scalars`, `timestamps`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from events.array_types import Int64s, Mask
from events.display import shortened, without_surrogates
from events.json.elements import Elements
from events.json.exact_numbers import Refused, exact, nearest
from events.json.projection import Column
from events.json.scalars import booleans, decimals, integers
from events.json.syntax_errors import SyntaxErrors
from events.json.text_columns import json_column, text_columns
from events.json.timestamps import timestamps
from events.json.written_values import formed_times, with_points
from events.rejections import Rejections
from events.siphash import Digests
from events.values import ARRAY, BOOLEAN, ESCAPED, KIND_NAMES, NULL, NUMBER, TEXT, Values

_NO_TIMESTAMP = "text that is no timestamp"
_NOT_JSON = "NaN and Infinity are not JSON"
_DOUBLE = r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
_TYPE_NAMES: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Int64: "64-bit integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Datetime: "timestamp",
    pl.List: "array",
}


@dataclass
class Extraction:
    """What was taken from objects, a row each, and what was wrong with them.

    `columns`: series by column name. `rejections`: rows with values that a column cannot hold. `errors`: rows that are
    not JSON objects; None where values were given instead of objects. `contents`: digests, equal for objects that say
    the same. `drift`: unknown fields, and unused times that could not be read, by path and JSON type. `rounded`: rows
    with a rounded value, in any order, perhaps more than once.

    `values` and `elements`, by path, are views of the projection's buffers: they are valid until its next use.
    """

    columns: dict[str, pl.Series] = field(default_factory=dict)
    rejections: Rejections = field(default_factory=Rejections)
    errors: SyntaxErrors | None = None
    contents: Digests = field(default_factory=lambda: np.empty((0, 2), np.uint64))
    drift: Counter[tuple[str, str]] = field(default_factory=Counter)
    rounded: list[int] = field(default_factory=list)
    values: dict[str, Values] = field(default_factory=dict)
    elements: dict[str, Elements] = field(default_factory=dict)

    def add_columns(self, found: Sequence[tuple[Column, Values]]) -> None:
        """Type the values of columns that are no lists; they share their `data`."""
        for column, values in found:
            self.refuse_kinds(column, values)
            if not (values.kinds > NULL).any():
                nothing = pl.Series([None], dtype=column.dtype)
                self.columns[column.name] = nothing.new_from_index(0, len(values.kinds))
        found = [(column, values) for column, values in found if column.name not in self.columns]
        plain = [(column, one) for column, one in found if isinstance(column.dtype, pl.String) and not column.json]
        texts = text_columns([values for _, values in plain])
        self.columns.update({column.name: text for (column, _), text in zip(plain, texts, strict=True)})
        for column, values in found:
            if column.name not in self.columns:
                self.columns[column.name] = self._json(column, values) if column.json else self._typed(column, values)

    def refuse_kinds(self, column: Column, values: Values) -> None:
        """Reject rows with a value of a kind that the column cannot hold, and make that value null."""
        wrong = np.flatnonzero(~_accepted_kinds(column)[values.kinds])
        for kind in np.unique(values.kinds[wrong]) if len(wrong) else ():
            rows = wrong[values.kinds[wrong] == kind]
            if column.unused:
                self.drift[column.paths[0], KIND_NAMES[kind]] += len(rows)
                continue
            detail = f"{_type_name(column)} wanted, {KIND_NAMES[kind]} found"
            self.rejections.add(rows.tolist(), "type", detail, column.name)
        values.kinds[wrong] = NULL

    def _json(self, column: Column, values: Values) -> pl.Series:
        found, odd = json_column(values)
        self.rejections.add(odd.tolist(), "type", _NOT_JSON, column.name)
        return found

    def _typed(self, column: Column, values: Values) -> pl.Series:
        dtype = column.dtype
        if isinstance(dtype, pl.Float64):
            return self._doubles(column, values)
        if isinstance(dtype, pl.Datetime):
            found, odd = timestamps(values) if column.time is None else formed_times(values, column.time)
            if column.unused and len(odd):
                self.drift[column.paths[0], _NO_TIMESTAMP] += len(odd)
                return found
        elif isinstance(dtype, pl.Boolean):
            found, odd = booleans(values)
        elif isinstance(dtype, pl.Decimal):
            values = self._with_points(column, values) if column.decimal_comma else values
            found, odd, rounded = decimals(values, dtype.precision or 38, dtype.scale, column.rounds)
            self.rounded += rounded.tolist()
        elif isinstance(dtype, pl.Int64):
            found, odd = integers(values)
        else:
            known = ", ".join(_TYPE_NAMES.values())
            raise ValueError(f"no column can be {dtype}; supported types: {known}, decimal, arrays of structs")
        return self._with_odd(column, found, values, odd)

    def _with_points(self, column: Column, values: Values) -> Values:
        pointed, wrong = with_points(values)
        details = [f"{_shown(column, _text_at(values, row))} has no decimal comma" for row in wrong.tolist()]
        self.rejections.add(wrong.tolist(), "type", details, column.name)
        return pointed

    def _doubles(self, column: Column, values: Values) -> pl.Series:
        (sent,) = text_columns([values])
        found = sent.cast(pl.Float64, strict=False)
        wrong = (sent.is_not_null() & ~(sent.str.contains(_DOUBLE) & found.is_finite().fill_null(False))).arg_true()
        details = [f"{_shown(column, text)} is no {_type_name(column)}" for text in sent.gather(wrong)]
        self.rejections.add(wrong.to_list(), "type", details, column.name)
        return found.scatter(wrong, None) if len(wrong) else found

    def _with_odd(self, column: Column, found: pl.Series, values: Values, odd: Int64s) -> pl.Series:
        """The column with the values of odd rows, read one by one; rows without such a value are rejected."""
        read: dict[int, Any] = {}
        for row in odd.tolist():
            text = _text_at(values, row)
            try:
                read[row] = self._number(row, text, column)
            except Refused as refused:
                self.rejections.add([row], refused.reason, f"{_shown(column, text)} {refused}", column.name)
        return found.scatter(list(read), pl.Series(list(read.values()), dtype=column.dtype)) if read else found

    def _number(self, row: int, text: str, column: Column) -> Any:
        if not isinstance(column.dtype, pl.Int64 | pl.Decimal):
            raise Refused("type", f"is no {_type_name(column)}")
        if not column.rounds:
            return exact(text, column.dtype)
        value, rounded = nearest(text, column.dtype)
        self.rounded += [row] * rounded
        return value


def _text_at(values: Values, row: int) -> str:
    text = values.raw(row).decode()
    return without_surrogates(json.loads(f'"{text}"')) if values.kinds[row] == ESCAPED else text


def _type_name(column: Column) -> str:
    if isinstance(column.dtype, pl.Decimal):
        return f"decimal({column.dtype.precision},{column.dtype.scale})"
    return _TYPE_NAMES[type(column.dtype)] if column.time is None else str(column.time)


def _accepted_kinds(column: Column) -> Mask:
    """For each kind, whether the column can hold such a value."""
    kinds = np.ones(len(KIND_NAMES), np.bool_)
    if column.json:
        return kinds
    kinds[NULL + 1 :] = False
    kinds[[ARRAY] if column.each else [TEXT, ESCAPED]] = True
    kinds[NUMBER] = not (column.each or (isinstance(column.dtype, pl.Datetime) and column.time is None))
    kinds[BOOLEAN] = isinstance(column.dtype, pl.Boolean)
    return kinds


def _shown(column: Column, value: str) -> str:
    """A value as a message may show it: shortened, and never a personal one."""
    return "a personal value" if column.secret else repr(shortened(value, 40))
