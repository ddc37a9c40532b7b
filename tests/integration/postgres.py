"""A local PostgreSQL: one cluster for a test module, in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

USER = "platform"
BINARIES = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
BINARIES += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def installed() -> bool:
    return bool(BINARIES)


@contextmanager
def postgres(settings: Mapping[str, str] | None = None) -> Iterator[int]:
    """The port of a running server with an empty database `platform`, whose user of that name needs no password.

    The server refuses to run as root. Root therefore starts it as the user that its package has created.
    """
    owner: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        if owner:
            shutil.chown(folder, "postgres", "postgres")
        data, binaries = folder / "data", BINARIES[0]
        made = ["--no-sync", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C"]
        subprocess.run([binaries / "initdb", "-D", data, *made], check=True, capture_output=True, cwd=folder, **owner)
        options = {"port": str(port), "unix_socket_directories": str(folder), "fsync": "off", "timezone": "UTC"}
        given = [f"-c{name}={value}" for name, value in {**options, **(settings or {})}.items()]
        with (folder / "log").open("w") as log:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, *given], stdout=log, stderr=log, cwd=folder, **owner
            )
        try:
            _create(port, server, folder / "log")
            yield port
        finally:
            server.send_signal(signal.SIGINT)  # at once, whoever is connected
            server.wait()
    finally:
        shutil.rmtree(folder)


def connect(port: int, database: str = USER) -> Any:
    """A connection that commits each statement."""
    connection = psycopg2.connect(host="127.0.0.1", port=port, user=USER, dbname=database)
    connection.autocommit = True
    return connection


def _create(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        assert server.poll() is None, log.read_text()
        try:
            connection = connect(port, "postgres")
            break
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {USER}")
    connection.close()
