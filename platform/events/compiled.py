"""Compiled: functions over bytes that become machine code and run without the interpreter's lock.

Belongs here: how. Such a function allocates nothing: it is given the arrays that it fills, and counts no references to
them, which would take most of its time. What is compiled is kept beside the source, or in the folder that
NUMBA_CACHE_DIR names, by what the sources are, so that only the first process after a change waits.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
_SOURCES = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
_FOLDER = Path(os.environ.get("NUMBA_CACHE_DIR") or Path(__file__).parent / "__pycache__")
# Numba looks at one file alone, and would keep what was compiled from another that has changed since.
numba.config.CACHE_DIR = str(_FOLDER / f"compiled-{hashlib.sha256(_SOURCES).hexdigest()[:16]}")  # type: ignore[attr-defined]


def compiled(function: F) -> F:
    """Machine code of a function of numbers and numpy arrays; compiled at its first call."""
    made: F = numba.njit(cache=True, **_OPTIONS)(function)
    return made


def inlined(function: F) -> F:
    """Machine code within that of its callers: for what is called for every few bytes, as a call hands over copies of
    what describes its arrays."""
    made: F = numba.njit(inline="always", **_OPTIONS)(function)
    return made
