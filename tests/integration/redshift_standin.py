"""A local Redshift: PostgreSQL behind a proxy, for the real drivers and dbt's adapter.

The proxy speaks as Redshift does when a driver logs in, and rewrites what PostgreSQL cannot read: Redshift's types,
sort and distribution keys (left out), COPY of Parquet by a manifest (done here, as INSERTs), navigation of SUPER, names
of more than 63 characters.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import postgres
import pyarrow.parquet as pq

Read = Callable[[str], bytes]
NUMERIC = 1700
NOT_NOW = (80877103, 80877104)  # requests for encryption by TLS, by GSSAPI
KNOWN = {"user", "database", "application_name", "client_encoding", "DateStyle", "TimeZone", "options"}
COPY = re.compile(
    r"COPY (?P<table>\S+)\s+FROM '(?P<manifest>s3://[^']+)'\s+IAM_ROLE '[^']+'\s+"
    r"FORMAT AS PARQUET SERIALIZETOJSON\s+FILLRECORD\s+MANIFEST\s*"
)
UNNEST = re.compile(r",\s*(?P<source>\w+\.\w+)\s+as\s+(?P<item>\w+)\s+at\s+(?P<index>\w+)", re.IGNORECASE)
LONG = re.compile(r"""(?<![\w'])"?\b([a-z_]\w{63,})\b"?(?!['])""")
KEYS = r"\bdiststyle\s+\w+|\bdistkey\s*\([^)]*\)|\b((compound|interleaved)\s+)?sortkey\s*\([^)]*\)"
REWRITES = (
    (re.compile(KEYS, re.IGNORECASE), ""),
    (re.compile(r"\bwith no schema binding\b", re.IGNORECASE), ""),
    (re.compile(r"\bsuper\b", re.IGNORECASE), "jsonb"),
    (re.compile(r"\bvarbyte\b", re.IGNORECASE), "bytea"),
    (re.compile(r"\b(dateadd|datediff)\s*\(\s*(\w+)\s*,", re.IGNORECASE), r"\1('\2',"),
    (re.compile(r"\b(first|last)_value\(\s*([^()]+?)\s+ignore nulls\s*\)", re.IGNORECASE), r"\1_not_null(\2)"),
    (re.compile(r"\bobject\("), "jsonb_build_object("),
    (re.compile(r"\bSET query_group TO\b"), "SET standin.query_group TO"),
    (
        re.compile(r"\blistagg\(([^()]+),([^()]+)\)\s*within group\s*\(([^()]+)\)", re.IGNORECASE),
        r"string_agg(\1,\2 \3)",
    ),
)


@contextmanager
def redshift(read: Read) -> Iterator[Mapping[str, str]]:
    """The settings that point at the running stand-in. `read` gives the bytes of an s3:// address."""
    with postgres.postgres({"allow_system_table_mods": "on"}) as port:
        with postgres.connect(port).cursor() as cursor:
            cursor.execute(Path(__file__).with_suffix(".sql").read_text())
            cursor.connection.close()
        with _Proxy(port, read) as proxy:
            thread = threading.Thread(target=proxy.serve_forever, daemon=True)
            thread.start()
            yield {
                "REDSHIFT_HOST": "127.0.0.1",
                "REDSHIFT_PORT": str(proxy.server_address[1]),
                "REDSHIFT_USER": postgres.USER,
                "REDSHIFT_DATABASE": postgres.USER,
                "REDSHIFT_SSLMODE": "disable",
            }
            proxy.shutdown()
            thread.join()


def rewritten(sql: str, read: Read) -> str:
    """A statement as PostgreSQL understands it."""
    if copy := COPY.fullmatch(sql):
        try:
            return _inserts(copy["table"], copy["manifest"], read)
        except Exception as error:
            message = re.sub(r"[^\w .:/()-]", " ", str(error))
            return f"DO $$ BEGIN RAISE EXCEPTION 'Load failed: {message}'; END $$"
    while unnest := UNNEST.search(sql):
        item, index = unnest["item"], unnest["index"]
        fields = sorted(set(re.findall(rf"\b{item}\.(\w+)", sql)))
        columns = ", ".join(f"element.value ->> '{field}' as {field}" for field in fields)
        elements = f"jsonb_array_elements({unnest['source']}) with ordinality as element (value, place)"
        rows = f" cross join lateral (select {columns}, element.place - 1 as {index} from {elements}) as {item}"
        sql = sql[: unnest.start()] + rows + sql[unnest.end() :]
    for pattern, replacement in REWRITES:
        sql = pattern.sub(replacement, sql)
    return LONG.sub(lambda found: f'"{_shortened(found[1])}"', sql)


def _shortened(name: str) -> str:
    return f"{name[:46]}_{hashlib.md5(name.encode()).hexdigest()[:16]}"


def _inserts(table: str, manifest: str, read: Read) -> str:
    """Redshift's COPY of Parquet. It maps columns by position; columns at the end that a file lacks stay null."""
    statements = []
    for entry in json.loads(read(manifest))["entries"]:
        content = read(entry["url"])
        assert len(content) == entry["meta"]["content_length"]
        for batch in pq.ParquetFile(BytesIO(content)).iter_batches(5000):
            rows = (f"({', '.join(map(_literal, row.values()))})" for row in batch.to_pylist())
            statements.append(f"INSERT INTO {table} VALUES {', '.join(rows)}")
    return "; ".join(statements)


def _literal(value: Any) -> str:
    """A value of a Parquet file: nested ones as JSON, instants as the UTC wall clock."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        text = f"\\x{value.hex()}"
    elif isinstance(value, (list, dict)):
        text = json.dumps(value, default=str)
    elif hasattr(value, "isoformat"):
        text = value.isoformat().removesuffix("+00:00")
    else:
        text = str(value) if isinstance(value, (str, int, float, Decimal)) else json.dumps(value)
    return "'" + text.replace("'", "''") + "'"


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, port: int, read: Read) -> None:
        super().__init__(("127.0.0.1", 0), _Client)
        self.port, self.read = port, read
        self.long_names: dict[bytes, bytes] = {}

    def handle_error(self, *_: Any) -> None:
        """Ignore clients that close their connection."""


class _Client(socketserver.StreamRequestHandler):
    """One connection: the client's messages rewritten, the server's passed on."""

    server: _Proxy
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
            upstream.sendall(self._startup())
            back = threading.Thread(target=self._answers, args=(upstream.makefile("rb"),), daemon=True)
            back.start()
            while header := self.rfile.read(5):
                kind, body = header[:1], self.rfile.read(struct.unpack("!i", header[1:])[0] - 4)
                body = self._request(kind, body)
                upstream.sendall(kind + struct.pack("!i", len(body) + 4) + body)
            upstream.shutdown(socket.SHUT_WR)
            back.join()

    def _startup(self) -> bytes:
        """The start-up packet with the parameters that PostgreSQL knows; encryption is refused."""
        while True:
            (length,) = struct.unpack("!i", self.rfile.read(4))
            body = self.rfile.read(length - 4)
            if struct.unpack("!i", body[:4])[0] not in NOT_NOW:
                break
            self.wfile.write(b"N")
        words = body[4:].rstrip(b"\0").split(b"\0")
        pairs = [pair for pair in zip(words[::2], words[1::2], strict=True) if pair[0].decode() in KNOWN]
        body = body[:4] + b"".join(name + b"\0" + value + b"\0" for name, value in pairs) + b"\0"
        return struct.pack("!i", len(body) + 4) + body

    def _request(self, kind: bytes, body: bytes) -> bytes:
        if kind == b"Q":
            return self._rewritten(body[:-1]) + b"\0"
        if kind == b"P":
            name, sql, rest = body.split(b"\0", 2)
            return name + b"\0" + self._rewritten(sql) + b"\0" + rest
        return body

    def _rewritten(self, sql: bytes) -> bytes:
        known = self.server.long_names
        known |= {_shortened(name).encode(): name.encode() for name in LONG.findall(sql.decode())}
        for short, name in list(known.items()):
            sql = sql.replace(b"'" + name + b"'", b"'" + short + b"'")
        return rewritten(sql.decode(), self.server.read).encode()

    def _answers(self, upstream: Any) -> None:
        """Passes on the server's answers as Redshift gives them: its version, shortened names, decimals."""
        free: set[int] = set()
        while header := upstream.read(5):
            kind, body = header[:1], upstream.read(struct.unpack("!i", header[1:])[0] - 4)
            if kind == b"S" and body.startswith(b"server_version\0"):
                body = b"server_version\x008.0.2\0"
            elif kind == b"T":
                free = set(_decimals_of_no_scale(body))
            elif kind == b"D":
                body = _row([self._value(value, number in free) for number, value in enumerate(_values(body))])
            self.wfile.write(kind + struct.pack("!i", len(body) + 4) + body)
        self.connection.shutdown(socket.SHUT_WR)

    def _value(self, value: bytes | None, free: bool) -> bytes | None:
        """PostgreSQL forgets the scale of an aggregated decimal, and shows the digits that its operands had."""
        if value is None:
            return None
        return value.rstrip(b"0").rstrip(b".") if free and b"." in value else self.server.long_names.get(value, value)


def _decimals_of_no_scale(description: bytes) -> Iterator[int]:
    """The numbers of a row's columns that are decimals of any precision and scale."""
    given = BytesIO(description[2:])
    for number in range(struct.unpack("!h", description[:2])[0]):
        while given.read(1) != b"\0":
            continue
        _, _, kind, _, precision, _ = struct.unpack("!ihihih", given.read(18))
        if kind == NUMERIC and precision == -1:
            yield number


def _values(row: bytes) -> Iterator[bytes | None]:
    given = BytesIO(row[2:])
    while length := given.read(4):
        (size,) = struct.unpack("!i", length)
        yield None if size < 0 else given.read(size)


def _row(values: list[bytes | None]) -> bytes:
    cells = (struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value for value in values)
    return struct.pack("!h", len(values)) + b"".join(cells)
