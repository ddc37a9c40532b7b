"""Code cache: machine code is kept in files, each under the digest of all that it was made of.

numba's own cache looks at the file of a function alone, and what was inlined from other files would go stale. Here a
function's folder is named by the source of its module, of all modules that this one imports, and of the versions
of what compiles it. So a change of any of them compiles anew, nothing else does, and processes that compile at the same
time write the same files.

Belongs here: where machine code is kept, and for how long. Not here: what is compiled (`compiled`), compiling ahead
(`prepare`).
"""

from __future__ import annotations

import hashlib
import logging
import pickle
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

KEPT = 3  # folders of a module: that of today, and those of branches that a developer goes back to
_VERSIONS = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
_IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)|import\s+([\w., ]+))", re.MULTILINE)
_CHECKSUM = hashlib.sha256().digest_size


class CodeCache(NullCache):
    """What numba asks for the machine code of one function, a file for each signature.

    It lies in `NUMBA_CACHE_DIR`, else in `__pycache__` beside the source. Where that cannot be written, code that is
    there is used, and other code is compiled by each process for itself.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        source = Path(function.__code__.co_filename)
        root = source.parents[function.__module__.count(".")]
        digest = hashlib.sha256(repr((_digest(source, root), _VERSIONS)).encode()).hexdigest()
        self.name = function.__qualname__
        self.module = function.__module__
        self.folder = _place(source) / f"{self.module}-{digest[:32]}"

    @property
    def cache_path(self) -> str:
        """The folder, as numba's statistics show it."""
        return str(self.folder)

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The machine code for a signature; None where there is none, or none that is whole."""
        target_context.refresh()
        try:
            kept = self._file(sig, target_context.codegen()).read_bytes()
        except OSError:
            return None
        checksum, content = kept[:_CHECKSUM], kept[_CHECKSUM:]
        if hashlib.sha256(content).digest() != checksum:
            return None
        return CompileResult._rebuild(target_context, *pickle.loads(content))

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        """Keep the machine code for a signature."""
        file = self._file(sig, data.codegen)
        content = dumps(data._reduce())
        partial = file.with_suffix(f".{uuid4().hex}")
        try:
            if not self.folder.exists():
                self._make_room()
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(hashlib.sha256(content).digest() + content)
            partial.replace(file)
        except OSError as error:
            _tell_once(str(self.folder.parent), str(error))

    def _file(self, signature: Any, codegen: Any) -> Path:
        key = repr((codegen.magic_tuple(), str(signature)))  # the processor, and the arguments' types
        return self.folder / f"{self.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.code"

    def _make_room(self) -> None:
        """Remove the module's folders but the newest; a process that still wants one makes it again."""
        folders = [*self.folder.parent.glob(f"{self.module}-*")]
        for folder in sorted(folders, key=_age)[KEPT - 1 :]:
            shutil.rmtree(folder, ignore_errors=True)


def _place(source: Path) -> Path:
    """The folder that holds the modules' folders; those of another checkout have another."""
    if not config.CACHE_DIR:
        return source.parent / "__pycache__"
    return Path(config.CACHE_DIR, hashlib.sha256(str(source.parent.resolve()).encode()).hexdigest()[:16])


def _age(folder: Path) -> float:
    """Seconds, for comparison alone; another process may have removed the folder."""
    try:
        return -folder.stat().st_mtime
    except OSError:
        return 0.0


@cache
def _digest(source: Path, root: Path) -> str:
    """Of a module's source and of all that it imports below the source root."""
    found, left = set[Path](), [source]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += _imported(path, root)
    return hashlib.sha256(b"\0".join(_read(path) for path in sorted(found))).hexdigest()


@cache
def _read(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _imported(path: Path, root: Path) -> tuple[Path, ...]:
    """The files below the root that a source imports, or names from."""
    places = (root.joinpath(*name.split(".")).with_suffix(".py") for name in _names(_read(path).decode()))
    return tuple(place for place in dict.fromkeys(places) if place.is_file())


def _names(source: str) -> Iterator[str]:
    """What may be modules in the import statements of a source."""
    for package, members, modules in _IMPORT.findall(source):
        yield from re.findall(r"[\w.]+", f"{package} {modules}")
        yield from (f"{package}.{member}" for member in re.findall(r"\w+", members))


@cache
def _tell_once(place: str, error: str) -> None:
    logging.getLogger(__name__).warning(
        "machine code cannot be kept in %s (%s): each process compiles for itself, which takes half a minute. "
        "Set NUMBA_CACHE_DIR to a folder that can be written.",
        place,
        error,
    )
