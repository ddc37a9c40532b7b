"""A local AWS: moto's server for the real clients, with faults that a test can plan."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.moto_api._internal.models import moto_api_backend
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

WSGI = Callable[..., Iterable[bytes]]
REGION = "us-east-1"


class QuietHandler(MotoRequestHandler):
    """Handles requests without writing a line about each."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


@dataclass
class Faults:
    """A proxy in front of the server that spoils the answers a test has planned to spoil."""

    app: WSGI
    planned: list[tuple[Callable[[Request], bool], Callable[[Response], Response]]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def plan(
        self, fault: Callable[[Response], Response], times: int = 1, where: Callable[[Request], bool] = lambda _: True
    ) -> None:
        """Pass the answers to the next `times` requests that `where` accepts through `fault`."""
        self.planned += [(where, fault)] * times

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        self.requests.append(f"{request.method} {request.full_path.rstrip('?')}")
        for number, (where, fault) in enumerate(self.planned):
            if where(request):
                del self.planned[number]
                return fault(Response.from_app(self.app, environ))(environ, start_response)
        return self.app(environ, start_response)


def error(status: int, code: str) -> Callable[[Response], Response]:
    """S3's answer when it refuses a request."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    return lambda _: Response(body, status, content_type="application/xml")


def refusal(code: str) -> Callable[[Response], Response]:
    """Glue's answer when it refuses a request."""
    body = json.dumps({"__type": code, "Message": code})
    return lambda _: Response(body, 400, content_type="application/x-amz-json-1.1")


def hanging(seconds: float) -> Callable[[Response], Response]:
    """Half of the body, then nothing until the client gives up."""

    def fault(response: Response) -> Response:
        body, headers = response.get_data(), response.headers

        def slowly() -> Iterator[bytes]:
            yield body[: len(body) // 2]
            time.sleep(seconds)

        return Response(slowly(), response.status_code, headers)

    return fault


def edited(*replacements: tuple[bytes, bytes]) -> Callable[[Response], Response]:
    """The right answer with parts of its body replaced."""

    def fault(response: Response) -> Response:
        body = response.get_data()
        for old, new in replacements:
            assert old in body
            body = body.replace(old, new)
        return Response(body, response.status_code, content_type=response.content_type)

    return fault


def cut(response: Response) -> Response:
    """Half of the body, then a closed connection."""
    body, headers = response.get_data(), response.headers

    def half() -> Iterator[bytes]:
        yield body[: len(body) // 2]
        raise ConnectionAbortedError

    return Response(half(), response.status_code, headers)


def listing(request: Request) -> bool:
    return "list-type" in request.args


def getting(request: Request) -> bool:
    return request.method == "GET" and "list-type" not in request.args


def updating(request: Request) -> bool:
    """Whether a request commits a table in Glue."""
    return request.headers.get("X-Amz-Target", "").endswith(".UpdateTable")


def deleting(request: Request) -> bool:
    """Whether a request deletes a table's entry in Glue."""
    return request.headers.get("X-Amz-Target", "").endswith(".DeleteTable")


def under(prefix: str, kind: Callable[[Request], bool]) -> Callable[[Request], bool]:
    """Requests of a kind for keys below a prefix."""
    return lambda request: kind(request) and prefix in f"{request.path}?{request.args.get('prefix', '')}"


@dataclass(frozen=True)
class Aws:
    """A running stand-in and its address."""

    endpoint: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The settings that point any AWS client at the stand-in."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "loopback",
            "AWS_SECRET_ACCESS_KEY": "loopback",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="loopback",
            aws_secret_access_key="loopback",
        )


@dataclass(frozen=True)
class FaultyAws(Aws):
    """A running stand-in with faults in front of it."""

    faults: Faults


@contextmanager
def moto() -> Iterator[FaultyAws]:
    """Moto's server on a free port, in threads of this process, where faults can be planned. It starts empty."""
    moto_api_backend.reset()
    faults = Faults(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, faults, threaded=True, request_handler=QuietHandler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield FaultyAws(f"http://127.0.0.1:{server.server_port}", faults)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def moto_process() -> Iterator[Aws]:
    """Moto's server as a process of its own, without faults. Several of them share nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not _answers(port):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield Aws(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
