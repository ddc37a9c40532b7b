"""Documents: a record in whatever its producer wrapped it becomes one JSON object, and that becomes typed columns.

Belongs here: CSV rows, Kafka's wrapper and objects sent as text; which documents the parser may be given as they are
and which want a closer look; a record's content and its fields that no contract knows. Not here: JSON's values
(`fields`).
"""

from __future__ import annotations

import ast
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.stream import Stream
from events.casts import Extraction, columns_of, problems_of
from events.exact import INEXACT, parse, quoted_numbers
from events.fields import Extractor, Source
from events.text import deeper, inexact

MAX_NESTING = 64
MAX_LITERAL = 1 << 16  # characters of a text to be read as an object; Python's parser takes a hundred times its room
# More brackets than may be nested, or what DuckDB does not take as it was sent: a closer look is due.
_SUSPECT = f"inexact OR strlen(raw) - strlen(replace(replace(raw, '{{', ''), '[', '')) > {MAX_NESTING}"
_SOUND = "json_valid(raw) AND ltrim(raw, ' \t\r\n')[1] = '{'"
# What could overflow a recursive function's stack, or is not JSON, goes no further than this.
_GUARDED = f"""SELECT _row, suspect, sound, CASE WHEN sound AND NOT suspect THEN raw END AS raw
    FROM (SELECT *, {_SUSPECT} AS suspect, {_SOUND} AS sound FROM documents {{where}})"""
_FINE = "SELECT _row, raw, true AS sound, false AS suspect FROM documents {where}"
_GUARD = ("sound", "suspect")
_NO_OBJECT = "not a JSON object"


class Documents:
    """One stream's records as JSON documents; `con` is a DuckDB of its own, in memory."""

    def __init__(self, stream: Stream, con: duckdb.DuckDBPyConnection) -> None:
        self.stream, self.con = stream, con
        self.extractor = Extractor(columns_of(stream.types, stream.source_of), con, stream.nulls)
        self.content = _content(stream)

    def extract(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> Extraction:
        """Typed columns of records (JSON or CSV text, null where there is none), by `_row`."""
        why: dict[int, str] = {}
        raw = self._unwrapped(text, header, why)
        documents = pa.table({"_row": _rows(raw), "raw": raw, "inexact": inexact(raw)})
        extraction = self.extractor.extract(documents, Source(_GUARDED, more=_GUARD))
        self._look_closer(extraction, documents, why)
        extraction.frame = extraction.frame.drop(*_GUARD)
        extraction.problems.append(problems_of(why, "malformed"))
        return extraction

    def contents(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> pl.Series:
        """The content of accepted records: 16 bytes that are equal for records that say the same."""
        self.con.register("documents", pa.table({"raw": self._unwrapped(text, header, {})}))
        found = self.con.sql(f"SELECT unhex(md5({self.content})) AS content FROM documents").to_arrow_table()
        self.con.unregister("documents")
        return pl.Series("_content", found.column(0), dtype=pl.Binary)

    def unknown(self, text: pa.ChunkedArray, header: pa.ChunkedArray) -> Counter[tuple[str, str]]:
        """How many of the records have a field that the contract does not know: by its path and JSON type."""
        found: Counter[tuple[str, str]] = Counter()
        known = _known(self.stream)
        for raw in self._unwrapped(text, header, {}).to_pylist():
            try:
                document = json.loads(raw) if raw and not deeper(raw, MAX_NESTING) else None
            except ValueError:
                continue
            found.update(set(_strangers(document, known, "")))
        return found

    def _look_closer(self, extraction: Extraction, documents: pa.Table, why: dict[int, str]) -> None:
        """Note what is no JSON object of bearable depth; suspects that prove sound are taken with exact numbers."""
        flags = extraction.frame.select("_row", *_GUARD).drop_nulls()
        why.update(dict.fromkeys(flags.filter(~pl.col("sound"))["_row"], _NO_OBJECT))
        rows = [*flags.filter(pl.col("sound") & pl.col("suspect"))["_row"], *extraction.inexact]
        loose = documents.filter(pc.is_in(documents.column("_row"), pa.array(extraction.loose, pa.uint32())))
        rows += loose.filter(pc.match_substring_regex(loose.column("raw"), INEXACT)).column("_row").to_pylist()
        texts = {}
        for row, raw in _chosen(documents, rows):
            if deeper(raw, MAX_NESTING):
                why[row] = f"nested deeper than {MAX_NESTING}"
            elif (text := quoted_numbers(raw)) is None:
                why[row] = _NO_OBJECT
            else:
                texts[row] = text
        if texts:
            fine = pa.table({"_row": pa.array(texts, pa.uint32()), "raw": pa.array(texts.values(), pa.large_string())})
            extraction.replace(rows, self.extractor.extract(fine, Source(_FINE, more=_GUARD)))

    def _unwrapped(self, text: pa.ChunkedArray, header: pa.ChunkedArray, why: dict[int, str]) -> pa.ChunkedArray:
        """The records' documents, null where `why` says that there is none."""
        if header.null_count < len(header):
            text = _with(text, _rows_of_csv(text, header, why))
        if self.stream.wrapper:
            text = self._messages(text, why)
        if self.stream.literals:
            text = self._literals(text)
        return text

    def _messages(self, text: pa.ChunkedArray, why: dict[int, str]) -> pa.ChunkedArray:
        """What Kafka's messages hold; other records stay as they are."""
        paths = ["$.topic", "$.partition", "$.offset", "$.value"]
        self.con.register("records", pa.table({"_row": _rows(text), "raw": text}))
        whole = "len(list_filter(kinds, lambda kind: kind IS NOT NULL)) = 4"
        query = f"""SELECT _row, coalesce({whole}, false) AS wrapped, kinds[4] = 'VARCHAR' AS plain,
                CASE WHEN wrapped THEN CASE WHEN plain THEN json_extract_string(raw, '$.value') END ELSE raw END AS raw
            FROM (SELECT *, CASE WHEN json_valid(raw) THEN json_type(raw, {paths}) END AS kinds FROM records)"""
        found = self.con.sql(query).to_arrow_table()
        self.con.unregister("records")
        raw = found.column("raw").cast(pa.large_string())
        other = pc.and_(found.column("wrapped"), pc.invert(found.column("plain")))
        gone = found.column("_row").filter(other).to_pylist()
        inner = {}
        for row, message in _chosen(pa.table({"_row": _rows(text), "raw": text}), gone):
            inner[row] = _value(message)
            if inner[row] is None:
                why[row] = "a Kafka message without a value"
        return _with(raw, inner)

    def _literals(self, text: pa.ChunkedArray) -> pa.ChunkedArray:
        """Documents with objects in the place of their text, where a contract says that producers send such text."""
        paths = ["$." + path for path in self.stream.literals]
        documents = pa.table({"_row": _rows(text), "raw": text})
        self.con.register("records", documents)
        query = f"""SELECT _row FROM records
            WHERE CASE WHEN json_valid(raw) THEN list_contains(json_type(raw, {paths}), 'VARCHAR') END"""
        rows = [row for (row,) in self.con.execute(query).fetchall()]
        self.con.unregister("records")
        return _with(text, {row: _evaluated(raw, self.stream.literals) for row, raw in _chosen(documents, rows)})


def _content(stream: Stream) -> str:
    """SQL of a record's canonical text: keys sorted (RFC 8785's idea), volatile fields taken out."""
    if not stream.volatile:
        return "json_normalize(raw)"
    patch: dict[str, Any] = {}
    for path in stream.volatile:
        *parents, leaf = path.split(".")
        node = patch
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = None
    text = json.dumps(patch).replace("'", "''")
    return f"json_normalize(json_merge_patch(raw, '{text}'))"


def _rows_of_csv(text: pa.ChunkedArray, header: pa.ChunkedArray, why: dict[int, str]) -> dict[int, str | None]:
    """CSV rows as JSON objects of texts."""
    found: dict[int, str | None] = {}
    names: dict[str, list[str]] = {}
    for row, (raw, head) in enumerate(zip(text.to_pylist(), header.to_pylist(), strict=True)):
        if raw is None or head is None:
            continue
        try:
            if head not in names:
                names[head] = next(csv.reader([head]), [])
            values = next(csv.reader([raw], strict=True), [])
        except csv.Error as error:
            found[row], why[row] = None, f"no row of CSV: {error}"
            continue
        if len(values) == len(names[head]):
            found[row] = json.dumps(dict(zip(names[head], values, strict=True)), ensure_ascii=False)
        else:
            found[row], why[row] = None, f"{len(values)} fields, {len(names[head])} in the header"
    return found


def _value(message: str) -> str | None:
    """The value of a Kafka message where it is no text, numbers as the text that they were sent as.

    The message itself where it is no JSON after all, or too deep for any.
    """
    with suppress(ValueError):
        if not deeper(message, MAX_NESTING + 1):
            value = parse(message, constants=float)["value"]
            return None if value is None else json.dumps(value)
    return message


def _evaluated(raw: str, paths: tuple[str, ...]) -> str:
    """A document with the texts at some paths, outer ones first, read as JSON or as Python literals.

    Unchanged where it is no JSON after all, or too deep for any.
    """
    if deeper(raw, MAX_NESTING):
        return raw
    try:
        document = parse(raw, constants=float)
    except ValueError:
        return raw
    for path in paths:
        *parents, leaf = path.split(".")
        node = document
        for part in parents:
            node = node.get(part) if isinstance(node, dict) else None
        if isinstance(node, dict) and isinstance(node.get(leaf), str):
            node[leaf] = _object(node[leaf])
    return json.dumps(document)


def _object(text: str) -> Any:
    """The object that a text spells; an empty text is null, and any other stays what it is."""
    if not text.strip():
        return None
    readers: tuple[Callable[[str], Any], ...] = (parse, ast.literal_eval)
    for read in () if len(text) > MAX_LITERAL or deeper(text, MAX_NESTING) else readers:
        try:
            found = read(text)
            if isinstance(found, dict):
                return json.loads(json.dumps(found, default=str))
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return text


def _known(stream: Stream) -> dict[str, Any]:
    """The contract's fields as a tree; below a leaf everything is known."""
    tree: dict[str, Any] = {}
    sources = [stream.source_of(name) for name in stream.types]
    paths = [(path, source["each"]) for source in sources for path in source["paths"]]
    others = (*stream.dropped, *stream.ignored, *stream.volatile)
    for path, each in [*paths, *((path, None) for path in others)]:
        _grow(tree, path)
        for inner in (each or {}).values():
            _grow(tree, f"{path}.[].{inner}")
    return tree


def _grow(tree: dict[str, Any], path: str) -> None:
    for part in path.split("."):
        tree = tree.setdefault(part, {})


def _strangers(node: Any, known: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Paths and types of a value's fields that are not in the tree."""
    if isinstance(node, list) and "[]" in known:
        for element in node:
            yield from _strangers(element, known["[]"], f"{path}[]")
    if isinstance(node, dict) and "[]" not in known:
        for name in node.keys() - known.keys():
            yield f"{path}.{name}" if path else name, _type(node[name])
        for name, below in known.items():
            if below and isinstance(value := node.get(name), dict | list):
                yield from _strangers(value, below, f"{path}.{name}" if path else name)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return {str: "text", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}[type(value)]


def _with(text: pa.ChunkedArray, others: Mapping[int, str | None]) -> pa.ChunkedArray:
    """The texts with some rows' replaced."""
    if not others:
        return text
    new = pl.DataFrame({"_row": list(others), "new": list(others.values())}, {"_row": pl.UInt32, "new": pl.String})
    old = pl.DataFrame({"_row": pl.Series(_rows(text)), "old": pl.Series(text, dtype=pl.String)})
    both = old.join(new.with_columns(changed=True), on="_row", how="left", maintain_order="left")
    column = both.select(pl.when("changed").then("new").otherwise("old")).to_series()
    return pa.chunked_array([column.to_arrow(compat_level=pl.CompatLevel.oldest())])


def _chosen(documents: pa.Table, rows: list[int]) -> Iterator[tuple[int, str]]:
    chosen = documents.filter(pc.is_in(documents.column("_row"), pa.array(rows, pa.uint32())))
    yield from zip(chosen.column("_row").to_pylist(), chosen.column("raw").to_pylist(), strict=True)


def _rows(text: pa.ChunkedArray) -> pa.Array:
    return pl.int_range(len(text), dtype=pl.UInt32, eager=True).to_arrow()
