"""Guides: a page of docs/ that a test follows word by word, in a copy of the project.

Belongs here: the files and commands that a page shows, and applying them to a copy. Not here: what the page promises
(the tests).
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from driving import PYTHON, ROOT, key

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r"`((?:dbt|platform)/[\w/.]+\.\w+)`")


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, and the file that the paragraph before it names ('' for none)."""

    language: str
    text: str
    file: str


def blocks(page: str) -> list[Block]:
    """The blocks of code of a page of docs/, in their order."""
    text = (ROOT / "docs" / page).read_text()
    found, end = [], 0
    for match in _BLOCK.finditer(text):
        named = _FILE.findall(text, end, match.start())
        found.append(Block(match[1], match[2], named[-1] if named else ""))
        end = match.end()
    return found


class Project:
    """A copy of the project to change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("platform", "dbt", "docs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("target"))
        shutil.copy(ROOT / "Makefile", folder)

    def write(self, block: Block) -> None:
        """Write the file that a block shows. `csv` adds rows to it, `diff` changes it; any other one is a new file."""
        path = self.folder / block.file
        if block.language == "csv":
            path.write_text(path.read_text() + block.text)
        elif block.language == "diff":
            before, after = _sides(block.text)
            self.replace(block.file, before, after)
        else:
            assert not path.exists(), path
            path.write_text(block.text)

    def replace(self, file: str, before: str, after: str) -> None:
        """Replace a text, which the file has once."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(before) == 1, (file, before)
        path.write_text(text.replace(before, after))

    def variables(self, block: Block, environment: Mapping[str, str]) -> dict[str, str]:
        """The variables that a block sets."""
        lines = self.run(f"{block.text}env", environment).splitlines()
        found = (line.partition("=") for line in lines)
        return {name: value for name, _, value in found if name in block.text}

    def run(self, command: str, environment: Mapping[str, str]) -> str:
        """Run a command of a page; returns what it prints. The test's own Python stands in for the one of `.venv`, so
        verbs of make run without their set-up."""
        command = command.replace(".venv/bin", str(Path(PYTHON).parent))
        command = re.sub(r"^make ", f"make --old-file=setup PY={PYTHON} ", command, flags=re.MULTILINE)
        return self._execute(["bash", "-euc", command], environment)

    def run_jobs(self, hour: dt.datetime, environment: Mapping[str, str], *jobs: str) -> None:
        """Run jobs of the copy in one process, `ingest` for an arrival hour."""
        self._execute([PYTHON, str(Path(__file__).with_name("child.py")), key(hour), key(hour), *jobs], environment)

    def _execute(self, command: Sequence[str], environment: Mapping[str, str]) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=dict(environment), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout


def _sides(diff: str) -> tuple[str, str]:
    """The text before and after a change that is written as lines beginning with a blank, `-` or `+`."""
    lines = diff.splitlines(keepends=True)
    before, after = ("".join(line[1:] for line in lines if line[0] in kinds) for kinds in (" -", " +"))
    return before, after
