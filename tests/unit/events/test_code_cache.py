"""Machine code: made anew when any source of it changes, and only then, whoever runs."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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
    """A text without its escape, how often that was compiled, and how often it was found."""
    settings = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    command = [sys.executable, "-c", UNESCAPE]
    done = subprocess.run(command, env={**settings, "PYTHONPATH": str(root)}, capture_output=True, check=True)
    text, misses, hits = json.loads(done.stdout)
    return text, misses, hits


def test_a_change_of_what_is_inlined_from_another_file_is_compiled(tmp_path: Path) -> None:
    """numba looks at the file of the calling function alone, and would go on with the old code."""
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
    """A function `outer` that has another module's inlined into it, loaded as by a process of its own."""

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
        """Compiles made for one call, which gives the right result."""
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
    """Whoever goes back to another branch finds its code; years of changes do not fill a disk."""
    for added in range(KEPT + 2):
        assert modules.misses(added) == 1
    assert len([*modules.folder.glob("__pycache__/outer_module-*")]) == KEPT
    assert modules.misses(KEPT + 1) == 0
    assert modules.misses(0) == 1


def test_signatures_do_not_share_a_file(modules: Modules) -> None:
    """Processes that compile one function for other arguments at the same time must not swap their code."""
    outer = modules.load(1)
    assert (outer(1), outer(1.5)) == (2, 2.5)
    assert len([*modules.folder.glob("__pycache__/outer_module-*/*.code")]) == 2


@pytest.mark.parametrize("kept", [0, 40, -1])
def test_code_that_is_not_whole_is_compiled_again(modules: Modules, kept: int) -> None:
    """A machine that lost power leaves such files, and each process would fail until somebody removed them."""
    assert modules.misses(1) == 1
    (file,) = modules.folder.glob("__pycache__/outer_module-*/*.code")
    file.write_bytes(file.read_bytes()[:kept])
    assert (modules.misses(1), modules.misses(1)) == (1, 0)


def test_a_folder_that_cannot_be_written_is_told(modules: Modules, caplog: pytest.LogCaptureFixture) -> None:
    """The code runs all the same; half a minute in each process has to have an explanation."""
    (modules.folder / "__pycache__").write_text("a file, so that no folder can be made in it")
    assert (modules.misses(1), modules.misses(1)) == (1, 1)
    assert "NUMBA_CACHE_DIR" in caplog.text


def test_the_folder_may_be_elsewhere(modules: Modules, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image keeps it outside of its sources."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "elsewhere"))
    assert (modules.misses(1), modules.misses(1)) == (1, 0)
    assert not [*modules.folder.glob("__pycache__/outer_module-*")]
