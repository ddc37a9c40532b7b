"""The virtual environment and the packages in it: what they are made from, and how.

Belongs here: calls of venv, pip and uv, and what their errors mean. Not here: which steps set-up has (`setup`).
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from scripts.data_folder import ROOT
from scripts.terminal import Failed, Show

RUN_LOCK = ROOT / "infra" / "requirements.lock"  # what the image and the demo need
TEST_LOCK = ROOT / "requirements.lock"  # these packages, and those that tests and checks need
Command = Sequence[str | Path]

_CAUSES = {
    r"No space left on device|os error 28|Disk quota exceeded": (
        "The disk is full. Set-up needs about 2 GB in the checkout and in the package cache: free some space."
    ),
    r"do not match the hashes|[Hh]ash mismatch": (
        "A package is not the one in the lock, so nothing of it was installed. Check the package index that you use."
    ),
    r"Network connectivity is disabled|error sending request|dns error|client error \(Connect\)|NewConnectionError|"
    r"Connection refused|Failed to fetch|No matching distribution found|ProxyError|timed out": (
        "The package index cannot be reached. Check the network and, behind a proxy, HTTPS_PROXY. "
        "What was downloaded is kept."
    ),
    r"Permission denied|os error 13|Read-only file system": "A file cannot be written. Check who owns the folder.",
}


def make_environment(venv: Path, show: Show) -> None:
    """A new virtual environment with uv in it, in the version that the lock pins. Raises `Failed`.

    Its Python finds the platform's modules, which are in no package. Dagster's settings name one of them.
    """
    if missing := [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]:
        raise Failed(
            f"{sys.executable} lacks its module {missing[0]}. On Debian and Ubuntu it is a package of its own:\n"
            f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        )
    run([[sys.executable, "-m", "venv", "--clear", venv]], show)
    (packages,) = venv.glob("lib/python*/site-packages")
    (packages / "platform.pth").write_text(f"{ROOT / 'platform'}\n")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as uv:
        uv.write(pinned_uv())
        uv.flush()
        pip: Command = [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--no-input"]
        run([[*pip, "install", "--require-hashes", "--no-deps", "-r", uv.name]], show)


def pinned_uv() -> str:
    """The lines of the lock that pin uv, with its hashes."""
    found = re.search(r"^uv==(?:.*\\\n)*.*", TEST_LOCK.read_text(), re.MULTILINE)
    assert found, f"{TEST_LOCK} does not pin uv"
    return found[0]


def install(venv: Path, lock: Path, show: Show) -> None:
    """Install exactly the packages of a lock, checked by their hashes. Raises `Failed`."""
    uv: Command = [venv / "bin" / "uv", "pip", "sync", "--require-hashes", "--python", venv / "bin" / "python"]
    run([[*uv, lock]], show)


def run(commands: Sequence[Command], show: Show) -> None:
    """Run commands at the same time, without showing what they print. Raises `Failed` when one fails.

    None of them is left running, whatever happens.
    """
    started = time.monotonic()
    with tempfile.TemporaryFile() as output:
        running = [subprocess.Popen(each, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT) for each in commands]
        try:
            while None in (statuses := [process.poll() for process in running]) and not any(statuses):
                show(progress(_text(output), time.monotonic() - started))
                time.sleep(0.1)
            if any(statuses):
                raise Failed(explain(_text(output)))
        finally:
            for process in running:
                process.terminate()
                process.wait()


def _text(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), 1 << 20, 0).decode(errors="replace")


def progress(output: str, seconds: float) -> str:
    """How far commands are: the seconds, and how many of the larger packages uv has downloaded."""
    begun, done = (len(re.findall(rf"^ ?{word} ", output, re.MULTILINE)) for word in ("Downloading", "Downloaded"))
    return f"{f'{done} of {begun} large packages downloaded, ' if begun else ''}{seconds:.0f} s"


def explain(output: str) -> str:
    """What a failed command's output means and what to do, with the line that says so, or its last lines."""
    for pattern, meaning in _CAUSES.items():
        if lines := re.findall(rf".*(?:{pattern}).*", output):
            return f"{meaning}\n  {lines[-1].strip()}"
    return "\n  ".join(["Set-up stopped with this error:", *output.strip().splitlines()[-10:]])
