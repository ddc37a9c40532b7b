"""Keep machine code in files, named by a digest of everything that it was compiled from.

numba's own cache looks only at the file of a function, so code that was inlined from other files would go stale. Here a
module's folder is named by a digest of its source, of the sources of all modules that it imports, of the versions of
the compilers, and of whether bounds are checked. A change of any of these compiles again, and nothing else does.
Processes that compile at the same time write the same files.

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

KEPT = 3  # folders of a module, so that a developer who changes branches does not compile again
_VERSIONS = (numba.__version__, llvmlite.__version__, np.__version__, sys.version)
_IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)|import\s+([\w., ]+))", re.MULTILINE)
_CHECKSUM = hashlib.sha256().digest_size


class CodeCache(NullCache):
    """The cache that numba asks for the machine code of one function; a file for each signature.

    The files are in `NUMBA_CACHE_DIR`, else in `__pycache__` beside the source. If the folder cannot be written,
    existing code is used, and each process compiles the rest for itself.
    """

    def __init__(self, function: Callable[..., object]) -> None:
        source = Path(function.__code__.co_filename)
        root = source.parents[function.__module__.count(".")]
        made_of = (_digest(source, root), _VERSIONS, bool(config.BOUNDSCHECK))
        digest = hashlib.sha256(repr(made_of).encode()).hexdigest()
        self.name = function.__qualname__
        self.module = function.__module__
        self.folder = _place(source) / f"{self.module}-{digest[:32]}"

    @property
    def cache_path(self) -> str:
        """The folder, as numba's statistics show it."""
        return str(self.folder)

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        """The machine code for a signature; None if there is none, or its file is damaged."""
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
        key = repr((codegen.magic_tuple(), str(signature)))  # the processor and the argument types
        return self.folder / f"{self.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.code"

    def _make_room(self) -> None:
        """Remove the module's oldest folders; a process that still needs one makes it again."""
        folders = [*self.folder.parent.glob(f"{self.module}-*")]
        for folder in sorted(folders, key=_age)[KEPT - 1 :]:
            shutil.rmtree(folder, ignore_errors=True)


def _place(source: Path) -> Path:
    """The folder that holds the modules' folders; each checkout has its own."""
    if not config.CACHE_DIR:
        return source.parent / "__pycache__"
    return Path(config.CACHE_DIR, hashlib.sha256(str(source.parent.resolve()).encode()).hexdigest()[:16])


def _age(folder: Path) -> float:
    """A folder's age for sorting; another process may have removed the folder."""
    try:
        return -folder.stat().st_mtime
    except OSError:
        return 0.0


@cache
def _digest(source: Path, root: Path) -> str:
    """The digest of a module's source and of all sources below the root that it imports, directly or indirectly."""
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
    """The files below the root that a source may import."""
    places = (root.joinpath(*name.split(".")).with_suffix(".py") for name in _names(_read(path).decode()))
    return tuple(place for place in dict.fromkeys(places) if place.is_file())


def _names(source: str) -> Iterator[str]:
    """Dotted names in a source's import statements that may be modules."""
    for package, members, modules in _IMPORT.findall(source):
        yield from re.findall(r"[\w.]+", f"{package} {modules}")
        yield from (f"{package}.{member}" for member in re.findall(r"\w+", members))


@cache
def _tell_once(place: str, error: str) -> None:
    logging.getLogger(__name__).warning(
        "cannot keep machine code in %s (%s): each process compiles for itself, which takes half a minute. "
        "Set NUMBA_CACHE_DIR to a writable folder.",
        place,
        error,
    )
