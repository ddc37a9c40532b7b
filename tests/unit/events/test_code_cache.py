"""Machine code is compiled again when one of its sources changes, and only then."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import config

from events.code_cache import KEPT

EVENTS = Path(__file__).parents[3] / "platform" / "events"
UNESCAPE = """
import json
import numpy as np
from events.byte_spans import Scratch
from events.json.text_columns import _unescape_all, unescaped
from events.values import ESCAPED, Values
data = np.frombuffer(b"one\\\\ntwo" + bytes(16), np.uint8)
values = Values(data, np.array([ESCAPED], np.uint8), np.array([0], np.uint32), np.array([8], np.uint32))
text = unescaped(values, np.ones(1, np.bool_), Scratch()).at(0).decode()
print(json.dumps([text, sum(_unescape_all.stats.cache_misses.values()), sum(_unescape_all.stats.cache_hits.values())]))
"""


def run(root: Path) -> tuple[str, int, int]:
    """An unescaped text, and how often the function was compiled and found in the cache."""
    settings = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", UNESCAPE]
    done = subprocess.run(command, env={**settings, "PYTHONPATH": str(root)}, capture_output=True, check=True)
    text, misses, hits = json.loads(done.stdout)
    return text, misses, hits


def test_a_change_of_what_is_inlined_from_another_file_is_compiled(tmp_path: Path) -> None:
    """numba looks only at the file of the calling function, and would keep the old code."""
    shutil.copytree(EVENTS, tmp_path / "events", ignore=shutil.ignore_patterns("__pycache__"))
    assert run(tmp_path) == ("one\ntwo", 1, 0)
    assert run(tmp_path) == ("one\ntwo", 0, 1)
    tokens = tmp_path / "events" / "json" / "tokens.py"
    source = tokens.read_text()
    tokens.write_text(source.replace(r"""list(b'"\\/\b\f\n\r\t')""", r"""list(b'"\\/\b\f+\r\t')"""))
    assert run(tmp_path) == ("one+two", 1, 0)
    tokens.write_text(source)
    assert run(tmp_path) == ("one\ntwo", 0, 1)
    conform = tmp_path / "events" / "conform.py"
    conform.write_text(conform.read_text() + "\n")
    assert run(tmp_path) == ("one\ntwo", 0, 1)


class Modules:
    """A function `outer` with another module's function inlined, loaded as if by a new process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, added: int) -> Any:
        inner = f"from events.compiled import inlined\n@inlined\ndef inner(x):\n    return x + {added}\n"
        outer = "from inner_module import inner\nfrom events.compiled import compiled\n"
        (self.folder / "inner_module.py").write_text(inner)
        (self.folder / "outer_module.py").write_text(f"{outer}@compiled\ndef outer(x):\n    return inner(x)\n")
        for name in ("inner_module", "outer_module"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        from events import code_cache

        for cached in (code_cache._read, code_cache._imported, code_cache._digest):
            cached.cache_clear()
        return importlib.import_module("outer_module").outer

    def misses(self, added: int) -> int:
        """How often one call compiles; its result must be right."""
        outer = self.load(added)
        assert outer(1) == 1 + added
        return sum(outer.stats.cache_misses.values())


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modules:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(config, "CACHE_DIR", "")
    return Modules(tmp_path)


def test_a_few_folders_are_kept(modules: Modules) -> None:
    """A developer who changes branches finds the code, and years of changes do not fill the disk."""
    for added in range(KEPT + 2):
        assert modules.misses(added) == 1
    assert len([*modules.folder.glob("__pycache__/outer_module-*")]) == KEPT
    assert modules.misses(KEPT + 1) == 0
    assert modules.misses(0) == 1


def test_signatures_do_not_share_a_file(modules: Modules) -> None:
    """Two processes may compile one function for different arguments at the same time."""
    outer = modules.load(1)
    assert (outer(1), outer(1.5)) == (2, 2.5)
    assert len([*modules.folder.glob("__pycache__/outer_module-*/*.code")]) == 2


@pytest.mark.parametrize("kept", [0, 40, -1])
def test_code_that_is_not_whole_is_compiled_again(modules: Modules, kept: int) -> None:
    """A power failure leaves such files. Without the check, each process would fail until somebody removed them."""
    assert modules.misses(1) == 1
    (file,) = modules.folder.glob("__pycache__/outer_module-*/*.code")
    file.write_bytes(file.read_bytes()[:kept])
    assert (modules.misses(1), modules.misses(1)) == (1, 0)


def test_a_folder_that_cannot_be_written_is_told(modules: Modules, caplog: pytest.LogCaptureFixture) -> None:
    """The code runs all the same, but half a minute of compiling in each process needs an explanation."""
    (modules.folder / "__pycache__").write_text("a file, so that no folder can be made in it")
    assert (modules.misses(1), modules.misses(1)) == (1, 1)
    assert "NUMBA_CACHE_DIR" in caplog.text


def test_the_folder_may_be_elsewhere(modules: Modules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image keeps machine code outside of its sources."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "elsewhere"))
    assert (modules.misses(1), modules.misses(1)) == (1, 0)
    assert not [*modules.folder.glob("__pycache__/outer_module-*")]


def test_code_with_bounds_checks_is_kept_apart(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that checks bounds must not use code without checks, nor leave slow code to the others."""
    read = "from events.compiled import compiled\n@compiled\ndef read(data, at):\n    return data[at]\n"
    (modules.folder / "reading_module.py").write_text(read)
    data = np.zeros(4, np.uint8)
    for checked in (0, 1, 0):
        monkeypatch.setattr(config, "BOUNDSCHECK", checked)
        sys.modules.pop("reading_module", None)
        function = importlib.import_module("reading_module").read
        assert function(data, 3) == 0
        if checked:
            with pytest.raises(IndexError):
                function(data, 4)
    assert len([*modules.folder.glob("__pycache__/reading_module-*")]) == 2
    assert sum(function.stats.cache_hits.values()) == 1
