"""Fields: a contract's columns out of JSON text, vectorised.

Belongs here: the rule for hostile JSON. DuckDB parses everything at once, first duplicate key winning; rows where its
answer is not certain to be the value as sent are told apart. Not here: what a text means as a value (`casts`), what the
columns mean together (`conform`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from events.casts import Column, Extraction, Kinds, take, times_of

RESULT_ROWS = 8192  # a batch whose buffers the allocator has at hand


@dataclass(frozen=True)
class Source:
    """SQL that makes the documents to extract from: rows of `_row`, `raw` (JSON text or null) and more columns.

    `sql` holds `{where}` where a condition on `by`, a column of what it reads, fits in.
    """

    sql: str = "SELECT _row, raw FROM documents {where}"
    by: str = "_row"
    more: tuple[str, ...] = ()

    def where(self, condition: str) -> str:
        """The SQL with a condition put in, or with none."""
        return self.sql.replace("{where}", condition)


ELEMENTS = """SELECT (row_number() OVER () - 1)::UINTEGER AS _row, _parent, (element::VARCHAR)[1] = '{' AS object,
    CASE WHEN (element::VARCHAR)[1] = '{' THEN element END AS raw
    FROM (SELECT _row AS _parent, unnest(json_transform("{name}", '["JSON"]')) AS element FROM lists {where})"""


class Extractor:
    """Takes `columns` out of JSON objects, `nulls` being texts that stand for null; DuckDB is its parser."""

    def __init__(
        self, columns: tuple[Column, ...], con: duckdb.DuckDBPyConnection, nulls: tuple[str, ...] = ()
    ) -> None:
        self.columns, self.con, self.nulls = columns, con, nulls
        spec: dict[str, Any] = {}
        self.parents: dict[str, None] = {}
        for wanted, path in ((column, path) for column in columns for path in column.paths):
            *parents, leaf = path.split(".")
            node = spec
            for depth, part in enumerate(parents):
                node = node.setdefault(part, {})
                if not isinstance(node, dict):
                    raise ValueError(f"path {path!r} lies below another column's path")
                self.parents[".".join(parents[: depth + 1])] = None
            node[leaf] = "JSON" if wanted.json else "VARCHAR"
        self.spec = json.dumps(spec).replace("'", "''")
        asked = [path for column in columns for path in column.paths]
        self.types = f"json_type(raw, {[_json_path(path) for path in [*asked, *self.parents]]})"
        self.nested = {c.name: Extractor(c.each, con, nulls) for c in columns if c.each}

    def sql(self, source: Source) -> str:
        """The query over `source`: texts, times, and a signature of the JSON types."""
        texts = ", ".join(f'{self._text(column)} AS "{column.name}"' for column in self.columns)
        inner = f"SELECT *, json_transform(raw, '{self.spec}') AS x FROM ({source.where('')})"
        more = "".join(f", {name}" for name in source.more)
        query = f"SELECT _row, hash({self.types}) AS _signature, {texts}{more} FROM ({inner})"
        return f"SELECT *{times_of(self.columns)} FROM ({query})"

    def _text(self, column: Column) -> str:
        found = []
        for path in column.paths:
            text = "x." + ".".join(f'"{part}"' for part in path.split("."))
            for null in self.nulls:
                text = f"nullif({text}, '{null}')"
            found.append(text)
        return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"

    def extract(self, documents: pa.Table, source: Source = Source()) -> Extraction:
        """Typed columns of `documents` (`_row` uint32, `raw` text of JSON objects, or null), which `source` reads."""
        self.con.register("documents", documents)
        result = self._extract(source)
        self.con.unregister("documents")
        return result

    def _extract(self, source: Source) -> Extraction:
        found = self.con.sql(self.sql(source)).to_arrow_table(RESULT_ROWS)
        texts: pl.DataFrame = pl.from_arrow(found)  # type: ignore[assignment]
        kinds, parents = self._kinds(texts, source)
        result = Extraction(texts)
        self._refuse_parents(result, parents)
        take(self.columns, result, kinds)
        for column in self.columns:
            if column.each:
                _take_list(column, result, self.nested[column.name])
        result.frame = result.frame.drop("_signature")
        return result

    def _kinds(self, texts: pl.DataFrame, source: Source) -> tuple[dict[str, Kinds], dict[str, Kinds]]:
        """For each column and parent, the signatures by JSON type; one document stands for all of its signature."""
        chosen = texts.group_by("_signature").agg(pl.col(source.by).first())[source.by].unique()
        where = f"WHERE _row IN ({', '.join(map(str, chosen)) or 'NULL'})"
        query = f"SELECT DISTINCT hash({self.types}), {self.types} FROM ({source.where(where)})"
        kinds: dict[str, Kinds] = {column.name: {} for column in self.columns}
        parents: dict[str, Kinds] = {path: {} for path in self.parents}
        for signature, types in self.con.execute(query).fetchall():
            told = iter(types or [])
            for column in self.columns:
                own = [next(told, None) for _ in column.paths]
                kind = next((kind for kind in own if kind and kind != "NULL"), "NULL")
                kinds[column.name].setdefault(kind, []).append(signature)
            for path in self.parents:
                parents[path].setdefault(next(told, None) or "NULL", []).append(signature)
        return kinds, parents

    def _refuse_parents(self, result: Extraction, parents: dict[str, Kinds]) -> None:
        """A value that is no object has no fields, and what was sent in it would be lost."""
        for path, kinds in parents.items():
            for kind, signatures in kinds.items():
                if kind not in ("OBJECT", "NULL"):
                    rows = result.frame.filter(pl.col("_signature").is_in(signatures))["_row"]
                    result.refuse(rows, path, "type", f"object wanted, {kind.lower()} found")


def _json_path(path: str) -> str:
    return "$" + "".join('."' + part.replace('"', "") + '"' for part in path.split("."))


def _take_list(column: Column, result: Extraction, extractor: Extractor) -> None:
    """A list of structs: its elements are documents of their own, extracted alike and put together again."""
    whole = result.frame.select("_row", column.name).filter(pl.col(column.name).is_not_null())
    extractor.con.register("lists", whole.to_arrow())
    inner = extractor._extract(Source(ELEMENTS.replace("{name}", column.name), "_parent", ("_parent", "object")))
    extractor.con.unregister("lists")
    elements = inner.frame
    wrong = elements.filter(~pl.col("object").fill_null(False))["_parent"].unique()
    result.refuse(wrong, column.name, "type", "an element is no object")
    parents = elements["_parent"]
    result.inexact.update(parents.gather(sorted(inner.inexact)))
    result.loose += parents.gather(inner.loose).unique().to_list()
    for problem in inner.problems:
        rows = parents.gather(problem["_row"])
        details = [f"{c}: {d}" for c, d in zip(problem["column"], problem["detail"], strict=True)]
        result.refuse(rows, column.name, problem["reason"][0], details)
    result.frame = result.frame.with_columns(_lists(column, result.frame, elements))


def _lists(column: Column, frame: pl.DataFrame, elements: pl.DataFrame) -> pl.Series:
    """A list for each row that has one: its elements, which are in the rows' order."""
    sizes = elements.group_by("_parent").len()
    rows = frame.select("_row", pl.col(column.name).is_null().alias("null"))
    counted = rows.join(sizes, left_on="_row", right_on="_parent", how="left", maintain_order="left")
    ends = counted["len"].fill_null(0).cast(pl.Int64).cum_sum()
    offsets = pl.concat([pl.Series([0], dtype=pl.Int64), ends.rename("")])
    structs = elements.select(pl.struct([child.name for child in column.each])).to_series().rechunk()
    lists = pa.LargeListArray.from_arrays(offsets.to_arrow(), structs.to_arrow(), mask=counted["null"].to_arrow())
    return pl.Series(column.name, lists).cast(column.dtype)
