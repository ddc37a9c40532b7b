"""Fields: typed columns out of JSON text, vectorised, with an exact path for the values that are not plain.

Belongs here: the rule for hostile JSON. DuckDB parses everything at once, first duplicate key winning; where its answer
is not certain to be the value as sent (a number with an exponent or more digits than a double keeps, a number where
text is wanted), that one value is taken again from the text with Python's exact decimals. Not here: what the columns
mean together (`conform`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from events.exact import Refused, exact

_ZONE = r"Z|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
_TIMESTAMP = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}(?:[T ]{_TIME}(?:{_ZONE})?)?$"
_LOOSE = "DOUBLE"
_NUMERIC = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", _LOOSE})
_PRECISE_DIGITS = 15  # what every double keeps
PROBLEMS = {"_row": pl.UInt32, "column": pl.String, "reason": pl.String, "detail": pl.String}


@dataclass(frozen=True)
class Column:
    """A column to take: its dotted `path` in the document, its type, and what a list's elements are made of."""

    name: str
    path: str
    dtype: pl.DataType
    secret: bool = False
    each: tuple[Column, ...] = ()

    @property
    def json_path(self) -> str:
        return "$" + "".join('."' + part.replace('"', "") + '"' for part in self.path.split("."))


def columns_of(types: Mapping[str, pl.DataType], source: Any) -> tuple[Column, ...]:
    """The columns that a contract takes from its records; `source(name)` gives `path`, `each` and `personal`."""
    taken = []
    for name, dtype in types.items():
        origin = source(name)
        if origin["path"]:
            taken.append(
                Column(name, origin["path"], dtype, bool(origin["personal"]), _elements(dtype, origin["each"]))
            )
    return tuple(taken)


def _elements(dtype: pl.DataType, each: Mapping[str, str] | None) -> tuple[Column, ...]:
    if not isinstance(dtype, pl.List):
        return ()
    inner = dtype.inner
    if not isinstance(inner, pl.Struct) or each is None:
        raise ValueError(f"a list column wants struct elements and their paths, not {dtype}")
    types = {item.name: item.dtype() if isinstance(item.dtype, type) else item.dtype for item in inner.fields}
    return tuple(Column(name, each[name], types[name]) for name in types)


@dataclass
class Extraction:
    """Typed values by `_row`, and what was wrong: one row a problem, `PROBLEMS` columns.

    `loose` are rows with a number that went through a double, `inexact` those where it is for certain another now.
    """

    frame: pl.DataFrame
    problems: list[pl.DataFrame] = field(default_factory=list)
    inexact: set[int] = field(default_factory=set)
    loose: list[int] = field(default_factory=list)

    def refuse(self, rows: pl.Series, column: Column, reason: str, details: Iterable[str] | str) -> None:
        if len(rows):
            detail = pl.Series([details] * len(rows) if isinstance(details, str) else details, dtype=pl.String)
            one = pl.DataFrame({"_row": rows, "column": [column.name] * len(rows), "reason": [reason] * len(rows)})
            self.problems.append(one.with_columns(detail=detail).cast(PROBLEMS))  # type: ignore[arg-type]


class Extractor:
    """Takes `columns` out of JSON objects; holds one in-memory DuckDB as its parser."""

    def __init__(self, columns: tuple[Column, ...], con: duckdb.DuckDBPyConnection) -> None:
        self.columns, self.con = columns, con
        self.paths = [column.json_path for column in columns]
        spec: dict[str, Any] = {}
        for column in columns:
            *parents, leaf = column.path.split(".")
            node = spec
            for part in parents:
                node = node.setdefault(part, {})
                if not isinstance(node, dict):
                    raise ValueError(f"path {column.path!r} lies below another column's path")
            node[leaf] = "VARCHAR"
        self.spec = json.dumps(spec).replace("'", "''")
        self.nested = {c.name: Extractor(c.each, con) for c in columns if c.each}

    def sql(self, source: str, extra: str) -> str:
        """The query over `source` (`_row`, `raw`): texts, times, and a signature of the JSON types."""
        texts = ", ".join(f'x.{_quoted(c.path)} AS "{c.name}"' for c in self.columns)
        times = "".join(f', try_cast("{c.name}" AS TIMESTAMPTZ) AS "{c.name}:at"' for c in self.columns if _is_time(c))
        inner = f"SELECT *, json_transform(raw, '{self.spec}') AS x FROM {source}"
        signature = f"hash(json_type(raw, {self.paths})) AS _signature"
        return f"SELECT *{times} FROM (SELECT _row, {signature}, {texts}{extra} FROM ({inner}))"

    def extract(self, documents: pa.Table, source: str = "documents", extra: str = "") -> Extraction:
        """Typed columns of `documents` (`_row` uint32, `raw` text of JSON objects, or null).

        `source` is SQL that makes such rows of view `documents`, `extra` more SQL columns on them.
        """
        self.con.register("documents", documents)
        texts: pl.DataFrame = pl.from_arrow(self.con.sql(self.sql(source, extra)).to_arrow_table())  # type: ignore[assignment]
        kinds = self._kinds(texts, source)
        self.con.unregister("documents")
        result = Extraction(texts)
        for column in self.columns:
            self._refuse_kinds(column, result, kinds[column.name])
        self._take_scalars(result, kinds)
        for column in self.columns:
            if column.each:
                _take_list(column, result, self.nested[column.name])
        result.frame = result.frame.drop("_signature", *(f"{c.name}:at" for c in self.columns if _is_time(c)))
        return result

    def _kinds(self, texts: pl.DataFrame, source: str) -> dict[str, dict[str, list[int]]]:
        """For each column, the signatures by JSON type; one document stands for all of its signature."""
        chosen = texts.group_by("_signature").agg(pl.col("_row").first()).sort("_row")
        ids = ", ".join(map(str, chosen["_row"])) or "NULL"
        query = f"SELECT json_type(raw, {self.paths}) FROM {source} WHERE _row IN ({ids}) ORDER BY _row"
        found: dict[str, dict[str, list[int]]] = {column.name: {} for column in self.columns}
        for signature, (types,) in zip(chosen["_signature"], self.con.execute(query).fetchall(), strict=True):
            for column, kind in zip(self.columns, types or [None] * len(self.columns), strict=True):
                found[column.name].setdefault(kind or "NULL", []).append(signature)
        return found

    def _refuse_kinds(self, column: Column, result: Extraction, kinds: dict[str, list[int]]) -> None:
        """Values of a JSON type that the column cannot be made of become null."""
        wrong = {kind: signatures for kind, signatures in kinds.items() if not _acceptable(column, kind)}
        for kind, signatures in wrong.items():
            rows = result.frame.filter(pl.col("_signature").is_in(signatures))["_row"]
            result.refuse(rows, column, "type", f"{_wanted(column)} wanted, {kind.lower()} found")
        if wrong:
            bad = pl.col("_signature").is_in([s for signatures in wrong.values() for s in signatures])
            result.frame = result.frame.with_columns(pl.when(~bad).then(pl.col(column.name)).alias(column.name))

    def _take_scalars(self, result: Extraction, kinds: dict[str, dict[str, list[int]]]) -> None:
        """Plain texts are cast all at once; what is left is looked at one by one."""
        plain: dict[str, tuple[Column, pl.Expr, pl.Expr]] = {}
        for column in self.columns:
            loose = pl.col("_signature").is_in(kinds[column.name].get(_LOOSE, []))
            if not column.each and (column.dtype != pl.String or _LOOSE in kinds[column.name]):
                plain[column.name] = (column, _is_plain(column, loose), loose)
        if not plain:
            return
        texts = result.frame
        doubles = {s for column, _, _ in plain.values() for s in kinds[column.name].get(_LOOSE, [])}
        if doubles:
            result.loose += texts.filter(pl.col("_signature").is_in(list(doubles)))["_row"].to_list()
        odd = texts.select(_is_odd(column, is_plain).any().alias(n) for n, (column, is_plain, _) in plain.items())
        result.frame = texts.with_columns(_value(column, is_plain) for column, is_plain, _ in plain.values())
        for name in (name for name, some in odd.row(0, named=True).items() if some):
            column, is_plain, loose = plain[name]
            rows = texts.filter(_is_odd(column, is_plain))
            result.inexact.update(rows.filter(loose)["_row"])
            _take_odd(column, result, rows.select("_row", pl.col(name).alias("text")))


def _quoted(path: str) -> str:
    return ".".join(f'"{part}"' for part in path.split("."))


def _is_time(column: Column) -> bool:
    return isinstance(column.dtype, pl.Datetime)


def _wanted(column: Column) -> str:
    if isinstance(column.dtype, pl.Decimal):
        return f"decimal({column.dtype.precision},{column.dtype.scale})"
    return {pl.String: "text", pl.Int64: "64-bit integer", pl.Datetime: "timestamp", pl.List: "array"}[
        type(column.dtype)
    ]


def _acceptable(column: Column, kind: str) -> bool:
    if kind == "NULL":
        return True
    if column.each:
        return kind == "ARRAY"
    return kind == "VARCHAR" or (kind in _NUMERIC and not _is_time(column))


def _is_plain(column: Column, loose: pl.Expr) -> pl.Expr:
    """Whether a text is for certain the value as sent; `loose` says that it went through a double."""
    text = pl.col(column.name)
    if isinstance(column.dtype, pl.String):
        return ~loose
    if _is_time(column):
        return text.str.contains(_TIMESTAMP) & pl.col(f"{column.name}:at").dt.year().is_between(1, 9999).fill_null(
            False
        )
    return text.str.contains(_plain_pattern(column.dtype)) & ~(loose & (text.str.len_bytes() > _PRECISE_DIGITS))


def _is_odd(column: Column, is_plain: pl.Expr) -> pl.Expr:
    """Whether there is a value that is not plain; an empty text where a time is wanted is none."""
    text = pl.col(column.name)
    return (text != "" if _is_time(column) else text.is_not_null()) & ~is_plain


def _value(column: Column, is_plain: pl.Expr) -> pl.Expr:
    source = pl.col(f"{column.name}:at" if _is_time(column) else column.name)
    return pl.when(is_plain).then(source).cast(column.dtype, strict=False).alias(column.name)


def _plain_pattern(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Decimal):
        return rf"^-?[0-9]{{1,{(dtype.precision or 38) - dtype.scale}}}(?:\.[0-9]{{1,{dtype.scale}}}0*)?$"
    if isinstance(dtype, pl.Int64):
        return r"^-?[0-9]{1,18}$"
    raise ValueError(f"no column can be {dtype}: text, 64-bit integer, decimal, timestamp and lists of structs are")


def _take_odd(column: Column, result: Extraction, odd: pl.DataFrame) -> None:
    if _is_time(column):
        details = [_shown(column, text) + " is no timestamp" for text in odd["text"]]
        result.refuse(odd["_row"], column, "type", details)
        return
    values: dict[int, Any] = {}
    problems: dict[str, list[tuple[int, str]]] = {"type": [], "rule": []}
    for row, text in odd.iter_rows():
        try:
            values[row] = exact(text, column.dtype)
        except Refused as refused:
            problems[refused.reason].append((row, f"{_shown(column, text)} {refused}"))
    for reason, found in problems.items():
        result.refuse(pl.Series([r for r, _ in found], dtype=pl.UInt32), column, reason, [d for _, d in found])
    patch = pl.DataFrame({"_row": list(values), "patch": list(values.values())}, strict=False).cast(
        {"_row": pl.UInt32, "patch": column.dtype}
    )
    joined = result.frame.join(patch, on="_row", how="left", maintain_order="left")
    result.frame = joined.with_columns(pl.coalesce("patch", column.name).alias(column.name)).drop("patch")


def _shown(column: Column, value: str) -> str:
    """A value as an error may show it: shortened, and never a personal one."""
    if column.secret:
        return "a personal value"
    return repr(value if len(value) <= 40 else value[:37] + "...")


def _take_list(column: Column, result: Extraction, extractor: Extractor) -> None:
    """A list of structs: its elements are documents of their own, extracted alike and put together again."""
    con = extractor.con
    whole = result.frame.select("_row", column.name).filter(pl.col(column.name).is_not_null())
    con.register("lists", whole.to_arrow())
    query = f"""SELECT _row, json_transform("{column.name}", '["JSON"]') AS element FROM lists"""
    elements: pl.DataFrame = pl.from_arrow(con.sql(query).to_arrow_table())  # type: ignore[assignment]
    con.unregister("lists")
    elements = elements.rename({"_row": "_parent"}).explode("element", empty_as_null=False, keep_nulls=False)
    wrong = elements.filter(~pl.col("element").fill_null("").str.starts_with("{"))["_parent"].unique()
    result.refuse(wrong, column, "type", "an element is no object")
    elements = elements.filter(pl.col("element").fill_null("").str.starts_with("{")).with_row_index("_row")
    documents = elements.select("_row", pl.col("element").alias("raw")).to_arrow()
    inner = extractor.extract(documents) if len(elements) else Extraction(_empty(extractor.columns))
    parents = elements["_parent"]
    result.inexact.update(parents.gather(sorted(inner.inexact)))
    result.loose += parents.gather(inner.loose).unique().to_list()
    for problem in inner.problems:
        rows = parents.gather(problem["_row"])
        details = [f"{c}: {d}" for c, d in zip(problem["column"], problem["detail"], strict=True)]
        result.refuse(rows, column, problem["reason"][0], details)
    structs = inner.frame.join(elements.select("_row", "_parent"), on="_row").sort("_row")
    names = [child.name for child in column.each]
    lists = structs.group_by("_parent").agg(pl.struct(names).alias("list"))
    joined = result.frame.join(lists, left_on="_row", right_on="_parent", how="left", maintain_order="left")
    value = pl.coalesce("list", pl.when(pl.col(column.name).is_not_null()).then(pl.lit([], dtype=column.dtype)))
    result.frame = joined.with_columns(value.cast(column.dtype).alias(column.name)).drop("list")


def _empty(columns: tuple[Column, ...]) -> pl.DataFrame:
    return pl.DataFrame(schema={"_row": pl.UInt32, **{column.name: column.dtype for column in columns}})
