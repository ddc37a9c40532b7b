"""Casts: texts become typed values, vectorised, with an exact path for the values that are not plain.

Belongs here: what a column is made of, which texts it takes and what each means, and what was wrong. Where a text is
not certain to be the value as sent (a number with an exponent or more digits than a double keeps), that one value is
taken again with Python's exact decimals. Not here: where the texts come from (`fields`, `enriched`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from events.exact import Refused, exact
from events.text import shortened

_ZONE = r"Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_TIMESTAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME}(?:{_ZONE})?)?$"
_LOOSE = "DOUBLE"
_NUMERIC = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", _LOOSE})
_PRECISE_DIGITS = 15  # what every double keeps
_TRUE = ["true", "1"]
_WANTED: dict[type[pl.DataType], str] = {
    pl.String: "text",
    pl.Int64: "64-bit integer",
    pl.Float64: "number",
    pl.Boolean: "boolean",
    pl.Datetime: "timestamp",
    pl.List: "array",
}
Kinds = dict[str, list[int]]  # the signatures that have a JSON type
PROBLEMS = {"_row": pl.UInt32, "column": pl.String, "reason": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class Column:
    """A column to take: its dotted `paths` in the document, the first with a value counting, and its type.

    `each` is what a list's elements are made of; `json` takes any value, as JSON text.
    """

    name: str
    paths: tuple[str, ...]
    dtype: pl.DataType
    secret: bool = False
    json: bool = False
    each: tuple[Column, ...] = ()


def columns_of(types: Mapping[str, pl.DataType], source: Any) -> tuple[Column, ...]:
    """The columns that a contract takes from its records; `source(name)` is what `column()` declared."""
    taken = []
    for name, dtype in types.items():
        origin = source(name)
        if origin["paths"]:
            each = _elements(dtype, origin["each"])
            taken.append(Column(name, origin["paths"], dtype, bool(origin["personal"]), origin["json"], each))
    return tuple(taken)


def _elements(dtype: pl.DataType, each: Mapping[str, str] | None) -> tuple[Column, ...]:
    if not isinstance(dtype, pl.List):
        return ()
    inner = dtype.inner
    if not isinstance(inner, pl.Struct) or each is None:
        raise ValueError(f"a list column wants struct elements and their paths, not {dtype}")
    types = {item.name: item.dtype() if isinstance(item.dtype, type) else item.dtype for item in inner.fields}
    return tuple(Column(name, (each[name],), types[name]) for name in types)


@dataclass
class Extraction:
    """Typed values by `_row`, and what was wrong: one row a problem, `PROBLEMS` columns.

    `loose` are rows with a number that went through a double, `inexact` those where it is for certain another now.
    """

    frame: pl.DataFrame
    problems: list[pl.DataFrame] = field(default_factory=list)
    inexact: set[int] = field(default_factory=set)
    loose: list[int] = field(default_factory=list)

    def refuse(self, rows: pl.Series, column: str, reason: str, details: Iterable[str] | str) -> None:
        if len(rows):
            detail = pl.Series([details] * len(rows) if isinstance(details, str) else details, dtype=pl.String)
            one = pl.DataFrame({"_row": rows, "column": [column] * len(rows), "reason": [reason] * len(rows)})
            self.problems.append(one.with_columns(detail=detail).cast(PROBLEMS))  # type: ignore[arg-type]

    def replace(self, rows: list[int], again: Extraction) -> None:
        """Forget what was found of some rows, in favour of what another extraction found of them."""
        others = self.frame.join(again.frame, on="_row", how="anti", maintain_order="left")
        self.frame = pl.concat([others, again.frame.select(others.columns)])
        self.problems = [problem.filter(~pl.col("_row").is_in(rows)) for problem in self.problems] + again.problems


def problems_of(why: Mapping[int, str], reason: str, column: str | None = None) -> pl.DataFrame:
    """One problem a row of `why`, as `PROBLEMS` says."""
    frame = pl.DataFrame({"_row": list(why), "detail": list(why.values())}, {"_row": pl.UInt32, "detail": pl.String})
    named = frame.with_columns(pl.lit(column, dtype=pl.String).alias("column"), pl.lit(reason).alias("reason"))
    return named.select(list(PROBLEMS)).cast(PROBLEMS)  # type: ignore[arg-type]


def take(columns: Iterable[Column], result: Extraction, kinds: Mapping[str, Kinds]) -> None:
    """Make values of the texts in a result, which has a text a column, `times_of` them, and `_signature`."""
    scalars = []
    for column in columns:
        _refuse_kinds(column, result, kinds[column.name])
        if not column.each and not column.json:
            scalars.append(column)
    _take_scalars(scalars, result, kinds)
    result.frame = result.frame.drop(_at(column) for column in scalars if _is_time(column))


def times_of(columns: Iterable[Column]) -> str:
    """More SQL columns: the texts of time columns as timestamps."""
    return "".join(f', try_cast("{c.name}" AS TIMESTAMPTZ) AS "{_at(c)}"' for c in columns if _is_time(c))


def _at(column: Column) -> str:
    return f"{column.name}:at"


def _refuse_kinds(column: Column, result: Extraction, kinds: Kinds) -> None:
    """Values of a JSON type that the column cannot be made of become null."""
    wrong = {kind: signatures for kind, signatures in kinds.items() if not _acceptable(column, kind)}
    for kind, signatures in wrong.items():
        rows = result.frame.filter(pl.col("_signature").is_in(signatures))["_row"]
        result.refuse(rows, column.name, "type", f"{_wanted(column)} wanted, {kind.lower()} found")
    if wrong:
        bad = pl.col("_signature").is_in([s for signatures in wrong.values() for s in signatures])
        result.frame = result.frame.with_columns(pl.when(~bad).then(pl.col(column.name)).alias(column.name))


def _take_scalars(columns: Iterable[Column], result: Extraction, kinds: Mapping[str, Kinds]) -> None:
    """Plain texts are cast all at once; what is left is looked at one by one."""
    plain: dict[str, tuple[Column, pl.Expr, pl.Expr]] = {}
    for column in columns:
        loose = pl.col("_signature").is_in(kinds[column.name].get(_LOOSE, []))
        if column.dtype != pl.String or _LOOSE in kinds[column.name]:
            plain[column.name] = (column, _is_plain(column, loose), loose)
    if not plain:
        return
    texts = result.frame
    exact = [column for column, _, _ in plain.values() if column.dtype != pl.Float64]
    doubles = {s for column in exact for s in kinds[column.name].get(_LOOSE, [])}
    if doubles:
        result.loose += texts.filter(pl.col("_signature").is_in(list(doubles)))["_row"].to_list()
    odd = texts.select(_is_odd(column, is_plain).any().alias(n) for n, (column, is_plain, _) in plain.items())
    result.frame = texts.with_columns(_value(column, is_plain) for column, is_plain, _ in plain.values())
    for name in (name for name, some in odd.row(0, named=True).items() if some):
        column, is_plain, loose = plain[name]
        rows = texts.filter(_is_odd(column, is_plain))
        result.inexact.update(rows.filter(loose)["_row"])
        _take_odd(column, result, rows.select("_row", pl.col(name).alias("text")))


def _is_time(column: Column) -> bool:
    return isinstance(column.dtype, pl.Datetime)


def _wanted(column: Column) -> str:
    if isinstance(column.dtype, pl.Decimal):
        return f"decimal({column.dtype.precision},{column.dtype.scale})"
    return _WANTED[type(column.dtype)]


def _acceptable(column: Column, kind: str) -> bool:
    if kind == "NULL" or column.json:
        return True
    if column.each:
        return kind == "ARRAY"
    if kind == "BOOLEAN":
        return column.dtype == pl.Boolean
    return kind == "VARCHAR" or (kind in _NUMERIC and not _is_time(column))


def _is_plain(column: Column, loose: pl.Expr) -> pl.Expr:
    """Whether a text is for certain the value as sent; `loose` says that it went through a double."""
    text = pl.col(column.name)
    if isinstance(column.dtype, pl.String):
        return ~loose
    if _is_time(column):
        return text.str.contains(_TIMESTAMP) & pl.col(_at(column)).dt.year().is_between(1, 9999).fill_null(False)
    if column.dtype == pl.Float64:
        return text.str.contains(_plain_pattern(column.dtype)) & text.cast(pl.Float64, strict=False).is_finite()
    return text.str.contains(_plain_pattern(column.dtype)) & ~(loose & (text.str.len_bytes() > _PRECISE_DIGITS))


def _is_odd(column: Column, is_plain: pl.Expr) -> pl.Expr:
    """Whether there is a value that is not plain; an empty text where a time is wanted is none."""
    text = pl.col(column.name)
    return (text != "" if _is_time(column) else text.is_not_null()) & ~is_plain


def _value(column: Column, is_plain: pl.Expr) -> pl.Expr:
    source = pl.col(_at(column) if _is_time(column) else column.name)
    if column.dtype == pl.Boolean:
        source = source.is_in(_TRUE)
    return pl.when(is_plain).then(source).cast(column.dtype, strict=False).alias(column.name)


def _plain_pattern(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return rf"^-?[0-9]{{1,{(dtype.precision or 38) - dtype.scale}}}(?:\.[0-9]{{1,{dtype.scale}}}0*)?$"
    if isinstance(dtype, pl.Int64):
        return r"^-?[0-9]{1,18}$"
    if isinstance(dtype, pl.Float64):
        return r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
    if isinstance(dtype, pl.Boolean):
        return r"^(?:true|false|1|0)$"
    known = ", ".join(_WANTED.values())
    raise ValueError(f"no column can be {dtype}: {known}, decimal and arrays of structs are")


def _take_odd(column: Column, result: Extraction, odd: pl.DataFrame) -> None:
    if _is_time(column):
        details = [_shown(column, text) + " is no timestamp" for text in odd["text"]]
        result.refuse(odd["_row"], column.name, "type", details)
        return
    if column.dtype in (pl.Boolean, pl.Float64):
        details = [f"{_shown(column, text)} is no {_wanted(column)}" for text in odd["text"]]
        result.refuse(odd["_row"], column.name, "type", details)
        return
    values: dict[int, Any] = {}
    problems: dict[str, list[tuple[int, str]]] = {"type": [], "rule": []}
    for row, text in odd.iter_rows():
        try:
            values[row] = exact(text, column.dtype)
        except Refused as refused:
            problems[refused.reason].append((row, f"{_shown(column, text)} {refused}"))
    for reason, found in problems.items():
        result.refuse(pl.Series([r for r, _ in found], dtype=pl.UInt32), column.name, reason, [d for _, d in found])
    patch = pl.DataFrame({"_row": list(values), "patch": list(values.values())}, strict=False).cast(
        {"_row": pl.UInt32, "patch": column.dtype}
    )
    joined = result.frame.join(patch, on="_row", how="left", maintain_order="left")
    result.frame = joined.with_columns(pl.coalesce("patch", column.name).alias(column.name)).drop("patch")


def _shown(column: Column, value: str) -> str:
    """A value as an error may show it: shortened, and never a personal one."""
    if column.secret:
        return "a personal value"
    return repr(shortened(value, 40))
