"""Find where a platform has stored a text, in clear or in a form that anybody can undo.

Belongs here: how each kind of file is opened. Not here: where a text may be and where it may not.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import reading

Content = Iterator[tuple[str, bytes]]
"""Places within a file, and the bytes there."""


def sightings(data: Path, wanted: Mapping[str, str]) -> dict[str, set[str]]:
    """The names of wanted texts by place: a path below the folder, a colon, and the column or table in it."""
    needles = {name: forms(text) for name, text in wanted.items()}
    found: defaultdict[str, set[str]] = defaultdict(set)
    for place, content in _contents(data):
        folded = content.lower()
        found[place] |= {name for name, (exact, loose) in needles.items() if _within(exact, content, loose, folded)}
    return {place: names for place, names in found.items() if names}


def forms(text: str) -> tuple[list[bytes], list[bytes]]:
    """The forms that give a text away: its base64, and, in lower case, the text itself, its hex and its unkeyed
    digests.
    """
    raw = text.encode()
    shifted = [(base64.b64encode(b"x" * pad + raw), -(-pad * 8 // 6), (pad + len(raw)) * 8 // 6) for pad in range(3)]
    exact = [coded[start:end] for coded, start, end in shifted]
    urlsafe = [coded.translate(bytes.maketrans(b"+/", b"-_")) for coded in exact]
    digests = [hashlib.new(name, raw).hexdigest() for name in ("md5", "sha1", "sha256")]
    loose = [text.lower(), quote(text).lower(), raw.hex(), *digests]
    return [*exact, *urlsafe], [form.encode() for form in loose]


def _within(exact: list[bytes], content: bytes, loose: list[bytes], folded: bytes) -> bool:
    return any(form in content for form in exact) or any(form in folded for form in loose)


def _contents(data: Path) -> Content:
    for path in sorted(path for path in data.rglob("*") if path.is_file()):
        for within, content in _opened(path):
            yield f"{path.relative_to(data)}:{within}", content
    yield from _manifests(data)


def _opened(path: Path) -> Content:
    if path.suffix == ".parquet":
        yield from _columns(pq.ParquetFile(path))
        return
    content = path.read_bytes()
    yield "bytes", content
    if content.startswith(b"\x1f\x8b"):
        yield "gunzipped", gzip.decompress(content)
    elif content.startswith(b"SQLite format 3"):
        yield from _rows(path)
    elif path.suffix == ".duckdb":
        yield from _relations(path)


def _columns(file: pq.ParquetFile) -> Content:
    """The values of each column, and the footer's statistics of them."""
    table = file.read()
    yield from _values(table)
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    for column in (group.column(number) for group in groups for number in range(group.num_columns)):
        if column.statistics is not None:
            bounds = column.statistics.min, column.statistics.max
            yield column.path_in_schema.split(".")[0], b"\n".join(map(_bytes, bounds))


def _values(table: pa.Table) -> Content:
    for name in table.column_names:
        yield name, b"\n".join(map(_bytes, table.column(name).to_pylist()))


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _rows(path: Path) -> Content:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as con:
        con.text_factory = bytes
        tables = [name.decode() for (name,) in con.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for value in (value for row in con.execute(f'SELECT * FROM "{table}"') for value in row):
                yield table, _bytes(value)
                with suppress(zlib.error, TypeError):
                    yield table, zlib.decompress(value)


def _relations(path: Path) -> Content:
    with duckdb.connect(str(path), read_only=True) as con:
        relations = "SELECT table_schema, table_name FROM information_schema.tables"
        for schema, name in con.execute(relations).fetchall():
            for column, values in _values(con.sql(f'FROM "{schema}"."{name}"').to_arrow_table()):
                yield f"{schema}.{name}.{column}", values


def _manifests(data: Path) -> Content:
    """What Iceberg notes of its data files, where there is a lake."""
    if not (data / "lake").exists():
        return
    opened = reading.catalog(data)
    try:
        for space in opened.list_namespaces():
            for name in opened.list_tables(space):
                for column, values in _values(opened.load_table(name).inspect.all_files()):
                    yield f"lake/{'/'.join(name)}/manifests:{column}", values
    finally:
        opened.engine.dispose()
