"""Dagster's processes, `dagster dev` for one platform, and a browser on its UI."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from driving import PYTHON, ROOT, Platform

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def until(what: Callable[[], object], seconds: float, message: str) -> Any:
    """Wait for the first true value of `what`; fail with the message after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := what():
            return value
        time.sleep(0.5)
    pytest.fail(f"not within {seconds} s: {message}")


@contextmanager
def served(platform: Platform) -> Iterator[str]:
    """`dagster dev` on a free port, with the repository's instance settings; its address."""
    home = platform.data / "dagster"
    home.mkdir(exist_ok=True)
    shutil.copy(ROOT / "dagster.yaml", home)
    port = free_port()
    command = [PYTHON, "-m", "dagster", "dev", "-w", "workspace.yaml", "-p", str(port)]
    log = platform.data / "dev.log"
    with running(command, platform.for_child(DAGSTER_HOME=str(home)), log):
        until(lambda: answers(port), 90, f"dagster dev answers: {log.read_text()[-2000:]}")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run a process in the repository's folder; end it and all that it started on leaving. Its output goes to the log.

    The process gets a group of its own, so that ending the group ends everything. SIGINT is set back to its default: if
    the parent ignores it, Dagster would ignore it, too.
    """
    with log.open("wb") as output:
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        signal.signal(signal.SIGINT, before)
    try:
        yield
    finally:
        _stop(server)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    """Whether a server listens on a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server's group gently, then by force: its run workers are in it as well."""
    for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(patience)


class Browser:
    """A page of the UI: `page` is playwright's; `look` saves what it shows."""

    def __init__(self, page: Any, address: str, screenshots: Path) -> None:
        self.page, self.address, self.screenshots = page, address, screenshots
        self.ask("mutation {setNuxSeen}")  # otherwise a welcome dialog covers the page

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")

    def look(self, name: str) -> None:
        self.page.wait_for_timeout(1000)  # until animations end
        self.screenshots.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.screenshots / f"{name}.png")

    def ask(self, query: str) -> Any:
        """The answer of the server's GraphQL endpoint."""
        answer = self.page.request.post(f"{self.address}/graphql", data={"query": query}).json()
        assert "errors" not in answer, answer
        return answer["data"]


@contextmanager
def browser(address: str, screenshots: Path) -> Iterator[Browser]:
    """A headless chromium; skips where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        try:
            yield Browser(chromium.new_page(viewport={"width": 1600, "height": 1000}), address, screenshots)
        finally:
            chromium.close()
