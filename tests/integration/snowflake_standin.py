"""A local Snowflake: fakesnow's server in a process of its own, for the real connector and dbt's adapter.

What it lacks of Snowflake is added here, so that statements arrive as they are in production: stages in S3, the name
of the file in a COPY, temporary tables by a qualified name, schemas that change places. It accepts any key.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
from snowflake.connector import connect
from snowflake.connector.errors import Error, ProgrammingError
from sqlglot import exp

SCRIPT = Path(__file__).resolve().parents[2] / "infra" / "snowflake.sql"
RUNNABLE = re.compile(r"CREATE (DATABASE|SCHEMA|FILE FORMAT|STAGE) |USE DATABASE ")
SWAP = re.compile(r"\s*ALTER\s+SCHEMA\s+(\w+)\s+SWAP\s+WITH\s+(\w+)\s*", re.IGNORECASE)
LABEL = re.compile(r"ALTER SESSION SET QUERY_TAG = '[^']*'")
CLONE = re.compile(r"(CREATE OR REPLACE) TRANSIENT (TABLE \S+) CLONE (\S+)")


@contextmanager
def snowflake(environment: Mapping[str, str], landing_url: str, lake_url: str) -> Iterator[Mapping[str, str]]:
    """The settings that point at the running stand-in, which infra/snowflake.sql has set up.

    `environment` names its S3.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        with log.open("w") as output:
            server = subprocess.Popen(
                [sys.executable, __file__],
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            assert port.isdigit(), log.read_text()
            _set_up(int(port), {"landing_url": landing_url, "lake_url": lake_url})
            yield {"SNOWFLAKE_HOST": "127.0.0.1", "SNOWFLAKE_PORT": port, "SNOWFLAKE_PROTOCOL": "http"}
        finally:
            server.terminate()
            server.wait()
            if server.stdout:
                server.stdout.close()


def setup_statements(variables: Mapping[str, str]) -> list[str]:
    """The statements of infra/snowflake.sql, its variables replaced."""
    text = re.sub(r"^--.*\n", "", SCRIPT.read_text(), flags=re.MULTILINE)
    for name, value in variables.items():
        text = text.replace(f"&{{{name}}}", value)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def _set_up(port: int, variables: Mapping[str, str]) -> None:
    """Run the statements that the stand-in knows. It knows no roles, grants, integrations and warehouses."""
    with connect(
        user="setup", password="setup", account="loopback", host="127.0.0.1", port=port, protocol="http"
    ) as con:
        for statement in setup_statements(variables):
            if RUNNABLE.match(statement):
                con.cursor().execute(statement)


def _downloaded(bucket: str, keys: Iterable[str], folder: Path) -> list[str]:
    """Local copies of objects in S3, by their keys below a folder."""
    copies = []
    for key in keys:
        copy = folder / key
        copy.parent.mkdir(parents=True, exist_ok=True)
        boto3.client("s3").download_file(bucket, key, str(copy))
        copies.append(f"file://{copy}")
    return copies


def _patch_copy(folder: Path) -> None:
    """Let COPY read stages in S3 through a local folder, and give each row its file's name and its number.

    Lines of a JSON file that are no JSON are left out.
    """
    from fakesnow import copy_into

    urls, glob = copy_into._source_urls, copy_into._source_glob
    inserts, params_of = copy_into._inserts, copy_into._params

    def source_urls(source: str, files: list[str]) -> list[str]:
        if not source.startswith("s3://"):
            return urls(source, files)
        address = urlsplit(source)
        return _downloaded(address.netloc, (f"{address.path.strip('/')}/{name}" for name in files), folder)

    def source_glob(source: str, connection: Any) -> list[str]:
        if not source.startswith("s3://"):
            return glob(source, connection)
        address = urlsplit(source)
        pages = boto3.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=address.netloc, Prefix=address.path.lstrip("/")).search("Contents[].Key")
        return _downloaded(address.netloc, (key for key in found if key), folder)

    def without_on_error(expression: Any, *rest: Any, **options: Any) -> Any:
        kept = [param for param in expression.args["params"] if param.this.name.upper() != "ON_ERROR"]
        return params_of(exp.Copy(**{**expression.args, "params": kept}), *rest, **options)

    def named(expression: Any, params: Any, sources: list[str], info: Any = None) -> Any:
        for whole in [node for node in expression.find_all(exp.Parameter) if isinstance(node.parent, exp.Select)]:
            whole.replace(exp.column("value"))
        made = inserts(expression, params, sources, info)
        for insert, url in zip(made, sources, strict=True):
            _read_from(insert, Path(url.removeprefix("file://")), folder)
        return made

    copy_into._source_urls, copy_into._source_glob = source_urls, source_glob
    copy_into._inserts, copy_into._params = named, without_on_error


def _read_from(insert: Any, path: Path, folder: Path) -> None:
    """Make an INSERT read a file: its own name, its line numbers, and null for columns that a Parquet file lacks."""
    parquet = path.suffix == ".parquet"
    present = set(pq.read_schema(path).names) if parquet else set()
    if not parquet:
        insert.expression.set("from_", exp.From(this=_json_rows(path)))
    for node in list(insert.expression.find_all(exp.Column, exp.Identifier)):
        if node.name.upper() == "METADATA$FILENAME":
            node.replace(exp.Literal.string(str(path).removeprefix(f"{folder}/")))
        elif node.name.upper() == "METADATA$FILE_ROW_NUMBER":
            node.replace(exp.column("number"))
        elif parquet and node.name not in present:
            node.replace(exp.null())


def _json_rows(path: Path) -> exp.Expression:
    """DuckDB's reading of a file's lines that are JSON, with their numbers."""
    content = path.read_bytes()
    text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    rows = path.with_name(f"{path.name}.rows")
    with rows.open("w") as output:
        for number, line in enumerate(text.splitlines(), 1):
            try:
                output.write(json.dumps({"value": json.loads(line), "number": number}) + "\n")
            except ValueError:
                continue
    return exp.maybe_parse(
        f"read_json('{rows}', format = 'newline_delimited', columns = {{value: 'JSON', number: 'BIGINT'}})",
        into=exp.Table,
        dialect="duckdb",
    )


def _patch_cursor() -> None:
    """Make qualified temporary tables permanent, let schemas change places, and turn the server's crashes into SQL
    errors.

    If a schema has the name of the database, a table `name.table` is one of the schema. (Only a DROP SCHEMA is not
    qualified: DuckDB would not know which of the two is meant.)
    """
    from fakesnow.cursor import FakeSnowflakeCursor as Cursor

    transform, execute = Cursor._transform, Cursor.execute

    def lasting(self: Cursor, expression: Any, params: Any) -> Any:
        if isinstance(expression, exp.Create) and expression.find(exp.TemporaryProperty):
            table = expression.this.this if isinstance(expression.this, exp.Schema) else expression.this
            if isinstance(table, exp.Table) and table.args.get("db"):
                for temporary in list(expression.find_all(exp.TemporaryProperty)):
                    temporary.pop()
        dropped = isinstance(expression, exp.Drop) and expression.args["kind"] == "SCHEMA"
        for table in () if dropped else expression.find_all(exp.Table):
            if table.db and not table.catalog and table.db.upper() == self._conn.database:
                table.set("catalog", exp.to_identifier(self._conn.database))
        return transform(self, expression, params)

    def careful(self: Cursor, command: str, *rest: Any, **options: Any) -> Any:
        try:
            if swap := SWAP.fullmatch(command):
                return _swap(self, execute, *swap.groups())
            if LABEL.fullmatch(command):
                return execute(self, "SELECT 1", *rest, **options)
            # The emulation's own clones replace nothing.
            return execute(self, CLONE.sub(r"\1 \2 AS SELECT * FROM \3", command), *rest, **options)
        except Error:
            raise
        except Exception as error:
            raise ProgrammingError(msg=f"{type(error).__name__}: {error}", errno=9999, sqlstate="99999") from error

    Cursor._transform, Cursor.execute = lasting, careful


def _patch_numbers() -> None:
    """Make sums and quotients of decimals decimals; the emulation makes them doubles.

    A quotient that is cast to a decimal without a fraction is assumed to be a whole number.
    """
    from fakesnow import transforms
    from fakesnow.cursor import FakeSnowflakeCursor as Cursor

    transform = Cursor._transform

    def exact(self: Cursor, expression: Any, params: Any) -> Any:
        for quotient in [cast for cast in expression.find_all(exp.Cast) if isinstance(cast.this, exp.Div)]:
            if quotient.to.sql().startswith("DECIMAL") and quotient.to.expressions[-1].name == "0":
                parts = (exp.cast(part, "INT128") for part in (quotient.this.this, quotient.this.expression))
                quotient.set("this", exp.IntDiv(**dict(zip(("this", "expression"), parts, strict=True))))
        return transform(self, expression, params)

    Cursor._transform = exact
    transforms.numeric_agg_implicit_cast = lambda expression: expression


def _patch_answers() -> None:
    """Let instants that are null arrive as null."""
    from fakesnow import arrow

    struct = arrow.timestamp_to_sf_struct

    def with_nulls(instants: Any) -> Any:
        whole = instants.combine_chunks() if isinstance(instants, pa.ChunkedArray) else instants
        made = struct(whole.fill_null(0))
        return pa.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=whole.is_null())

    arrow.timestamp_to_sf_struct = with_nulls


def _swap(cursor: Any, execute: Callable[..., Any], one: str, other: str) -> Any:
    listed = "SELECT table_name FROM information_schema.tables WHERE lower(table_schema) = '{}'"
    moves = [(one, other), (other, one)]
    tables = {old: [row[0] for row in execute(cursor, listed.format(old.lower())).fetchall()] for old, _ in moves}
    for old, _ in moves:
        for table in tables[old]:
            execute(cursor, f"CREATE OR REPLACE TABLE platform.swap_{old}_{table} AS SELECT * FROM {old}.{table}")
            execute(cursor, f"DROP TABLE {old}.{table}")
    for old, new in moves:
        for table in tables[old]:
            execute(cursor, f"CREATE TABLE {new}.{table} AS SELECT * FROM platform.swap_{old}_{table}")
            execute(cursor, f"DROP TABLE platform.swap_{old}_{table}")
    return execute(cursor, "SELECT 'Statement executed successfully.' AS status")


def main() -> None:
    """Serve on a free port until ended. The port is the only line of output."""
    import fakesnow

    _patch_cursor()
    _patch_numbers()
    _patch_answers()
    with tempfile.TemporaryDirectory() as folder, fakesnow.server() as connection:
        _patch_copy(Path(folder))
        print(connection["port"], flush=True)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nobody reads stdout from here on
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
