"""The verbs of the Makefile, as people type them: what they print, and what they leave running."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from driving import ROOT
from serving import answers, free_port, until

from resources import dbt
from scripts import data_folder, setup

pytestmark = [pytest.mark.integration, pytest.mark.verify]


class Checkout:
    """The repository with a data folder of its own, and the environment of this test as the one that was set up."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data of 'Jörg' & \"co\", 100 $"
        settings = {"VENV": str(_environment(folder / "venv")), "DATA_DIR": str(self.data)}
        self.environment = {**os.environ, **settings}

    def make(self, *words: str, **settings: str) -> tuple[int, str, str]:
        """Status, output and errors of a verb, to which nobody can answer."""
        environment = {**self.environment, **settings}
        command = ["make", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    @contextmanager
    def dev(self, port: int) -> Iterator[subprocess.Popen[str]]:
        """`make dev` in a terminal of its own, so to say: an interrupt of its group is Ctrl-C."""
        running = subprocess.Popen(
            ["make", "dev", f"PORT={port}"],
            cwd=ROOT,
            env=self.environment,
            text=True,
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            yield running
        finally:
            self.make("stop")
            with suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            running.communicate()

    def dagster(self) -> int:
        """Dagster's process group, once `make dev` has started it."""

        def group() -> int | None:
            using = data_folder.user(self.data)
            return using[1][1] if using and len(using[1]) == 2 else None

        return int(until(group, 60, "make dev starts Dagster"))


def _environment(venv: Path) -> Path:
    """An environment whose Python is this one, noted as completely set up."""
    (venv / "bin").mkdir(parents=True)
    python = venv / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (venv / "bin" / "uv").touch()
    steps = setup.steps(venv, tests=True, exact=False)
    (venv / setup.NOTES).write_text(json.dumps({name: value for step in steps for name, value in step.notes.items()}))
    return venv


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    assert made.make("setup") == (0, f"data folder {made.data} ... 0.0 s\n", "")
    return made


def test_a_folder_may_have_any_name(checkout: Checkout) -> None:
    """With spaces, quotes, umlauts and dollar signs; and a set-up that is done is quick and says so."""
    dbt.manifest_path()
    assert checkout.make("setup") == (
        0,
        f"everything is set up: {checkout.environment['VENV']} and {checkout.data}\n",
        "",
    )
    status, printed, errors = checkout.make("doctor")
    assert (status, errors) == (0, ""), printed
    assert f"{checkout.data} can be written" in printed
    assert printed.endswith("\neverything is well\n")
    assert checkout.make("clean")[0] == 2
    status, printed, errors = checkout.make("clean", "CONFIRM=yes")
    assert (status, errors) == (0, "")
    assert not checkout.data.exists()


def test_dev_says_why_it_cannot_start(checkout: Checkout) -> None:
    """A port in use, and a deployment that does not exist: before Dagster starts, in one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, printed, _ = checkout.make("dev", f"PORT={port}")
        assert (status, printed.count("\n")) == (2, 1)
        assert f"Port {port} cannot be used" in printed
        assert f"PORT={port + 1} make dev" in printed
    status, printed, _ = checkout.make("dev", f"PORT={free_port()}", DEPLOYMENT="staging-typo")
    assert (status, printed.count("\n")) == (2, 1)
    assert "DEPLOYMENT='staging-typo' is unknown" in printed


def test_stop_ends_all_of_dev(checkout: Checkout) -> None:
    """While it runs, nobody else may write the data folder; afterwards none of its processes is left."""
    port = free_port()
    with checkout.dev(port) as dev:
        until(lambda: answers(port), 120, "Dagster's UI answers")
        group = checkout.dagster()
        for verb in (("dev", f"PORT={free_port()}"), ("demo",), ("clean", "CONFIRM=yes")):
            status, printed, _ = checkout.make(*verb)
            assert (status, "`make stop` ends it" in printed) == (2, True), printed
        assert checkout.make("stop") == (0, f"stopped `make dev` on {checkout.data}\n", "")
        printed = dev.communicate(timeout=30)[0]
        assert dev.returncode == 0, printed
    until(lambda: not is_running(group), 10, "the processes that were killed are gone")
    assert not answers(port)
    assert f"http://localhost:{port} is Dagster's UI" in printed
    assert printed.endswith(
        "Dagster's processes have ended. If a run was under way, materialize its partitions again.\n"
    )
    assert checkout.make("stop") == (0, f"`make dev` is not running on {checkout.data}\n", "")


def test_an_interrupt_ends_dev_without_a_word_of_make(checkout: Checkout) -> None:
    """The last words are ours, and the status is that of an interrupted program."""
    with checkout.dev(free_port()) as dev:
        group = checkout.dagster()
        time.sleep(1)
        os.killpg(dev.pid, signal.SIGINT)
        printed = dev.communicate(timeout=60)[0]
    assert dev.returncode == -signal.SIGINT
    assert printed.endswith("materialize its partitions again.\n")
    assert "make:" not in printed
    assert not is_running(group)


def test_stop_ends_what_a_killed_dev_left(checkout: Checkout) -> None:
    """Dagster goes on when the process that watches it is killed, so it holds the folder's lock as well."""
    with checkout.dev(free_port()):
        group = checkout.dagster()
        using = data_folder.user(checkout.data)
        assert using
        os.kill(using[1][0], signal.SIGKILL)
        until(lambda: not is_alive(using[1][0]), 10, "the process ends")
        assert is_running(group)
        assert checkout.make("stop") == (0, f"stopped `make dev` on {checkout.data}\n", "")
        until(lambda: not is_running(group), 10, "Dagster's processes end")


def is_running(group: int) -> bool:
    """Whether a process group has processes."""
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        return True
    return False


def is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False
