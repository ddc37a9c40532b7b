"""Set the checkout up: the data folder, the virtual environment, its packages, and what is compiled ahead.

    python3 -m scripts.setup

A step notes what it was made from when it is done. So a step is skipped while that stays the same, and one that was
interrupted is done again. Belongs here: the steps. Not here: how packages are installed (`packages`).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

from scripts import data_folder, packages
from scripts.data_folder import ROOT
from scripts.terminal import Failed, Show, Steps, interrupted, say

NOTES = "set-up.json"  # in the virtual environment: what each step was made from
# What machine code and dbt's manifest are made from.
SOURCES = (
    *("platform/events/**/*.py", "platform/contracts/*.py", "dbt/*.yml"),
    *(f"dbt/{folder}/**/*.*" for folder in ("models", "macros", "seeds", "tests")),
)


@dataclass(frozen=True)
class Step:
    """A step of set-up: its work, whether it is done already, and what to note when it is."""

    text: str
    work: Callable[[Show], None]
    done: bool
    notes: Mapping[str, str]


def main() -> int:
    """Do the steps that are not done."""
    parser = argparse.ArgumentParser(prog="scripts.setup", description="Set the checkout up.")
    parser.add_argument("--venv", default=".venv", help="the virtual environment's folder")
    parser.add_argument("--tests", action="store_true", help="install also what only tests and checks need")
    parser.add_argument("--exact", action="store_true", help="replace an environment of another Python version")
    parser.add_argument("--quiet", action="store_true", help="say nothing when all is done")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        with _alone():
            done = set_up(ROOT / arguments.venv, arguments.tests, arguments.exact)
    except (Failed, OSError) as error:
        say(str(error) if isinstance(error, Failed) else packages.explain(str(error)))
        return 1
    except KeyboardInterrupt:
        interrupted("Stopped. Nothing is lost: run it again, and it goes on.")
    if not (done or arguments.quiet):
        say(f"everything is set up: {arguments.venv} and {data_folder.path()}")
    return 0


def set_up(venv: Path, tests: bool, exact: bool) -> int:
    """Do the steps that are not done; how many there were. Raises `Failed`."""
    folder = data_folder.path()
    ready = Step(f"data folder {folder}", lambda _: data_folder.make_ready(folder), data_folder.is_ready(folder), {})
    todo = [*([] if ready.done else [ready]), *dropwhile(lambda step: step.done, steps(venv, tests, exact))]
    shown = Steps(len(todo))
    for step in todo:
        with shown.step(step.text) as show:
            step.work(show)
            if step.notes:
                (venv / NOTES).write_text(json.dumps({**_noted(venv), **step.notes}))
    return len(todo)


def steps(venv: Path, tests: bool, exact: bool) -> list[Step]:
    """The steps that make an environment. Each needs those before it."""
    return [_environment(venv, exact), _packages(venv, tests), _code(venv)]


def _environment(venv: Path, exact: bool) -> Step:
    """The environment. One that was moved is made again: it does not work."""
    notes = {"folder": str(venv), "python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    noted = _noted(venv)
    there = all((venv / "bin" / program).exists() for program in ("python", "uv"))
    done = there and noted.get("folder") == str(venv) and (not exact or noted.get("python") == notes["python"])
    text = f"environment {venv.name}, Python {notes['python']}"
    return Step(text, lambda show: packages.make_environment(venv, show), done, notes)


def _packages(venv: Path, tests: bool) -> Step:
    """The packages of a lock. An environment for tests is good enough to run the platform."""
    run, test = (_digest(lock.read_bytes()) for lock in (packages.RUN_LOCK, packages.TEST_LOCK))
    lock, wanted = (packages.TEST_LOCK, test) if tests else (packages.RUN_LOCK, run)
    text = f"packages of {lock.relative_to(ROOT)}"
    done = _noted(venv).get("packages") in (wanted, test)
    return Step(text, lambda show: packages.install(venv, lock, show), done, {"packages": wanted})


def _code(venv: Path) -> Step:
    """What would otherwise be compiled while the first events wait: machine code, dbt's manifest, bytecode."""
    made_from = _digest(*(path.read_bytes() for glob in SOURCES for path in sorted(ROOT.glob(glob))))
    python = venv / "bin" / "python"
    commands: list[packages.Command] = [
        [python, "-m", "events.prepare"],
        [python, "-c", "from resources.dbt import manifest_path; manifest_path()"],
        [python, "-m", "compileall", "-qq", venv / "lib"],
    ]
    done = _noted(venv).get("code") == made_from
    return Step("machine code, dbt's manifest", lambda show: packages.run(commands, show), done, {"code": made_from})


def _noted(venv: Path) -> dict[str, str]:
    """What was noted of the steps that are done. A note that cannot be read is none."""
    try:
        return dict(json.loads((venv / NOTES).read_text()))
    except (OSError, ValueError):
        return {}


def _digest(*contents: bytes) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other set-up runs in this checkout. The lock ends with the process."""
    checkout = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(checkout, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this checkout")
            fcntl.flock(checkout, fcntl.LOCK_EX)
        yield
    finally:
        os.close(checkout)


if __name__ == "__main__":
    sys.exit(main())
