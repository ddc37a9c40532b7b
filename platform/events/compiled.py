"""Decorators that compile functions over bytes to machine code, which runs without the interpreter's lock.

A compiled function allocates nothing: it gets the arrays that it fills, and counts no references to them, because
counting would take most of its time. With NUMBA_BOUNDSCHECK=1 it raises `IndexError` outside of an array.

Belongs here: compiler options and instructions. Not here: where machine code is kept (`code_cache`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
import numpy.typing as npt
from numba.extending import intrinsic

from events.code_cache import CodeCache

F = TypeVar("F", bound=Callable[..., object])
Array = TypeVar("Array", bound=npt.NDArray[np.generic])
_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}


def compiled(function: F) -> F:
    """Compile a function of numbers and numpy arrays at its first call."""
    dispatcher = numba.njit(**_OPTIONS)(function)
    dispatcher._cache = CodeCache(function)
    made: F = dispatcher
    return made


def inlined(function: F) -> F:
    """Inline a function that is called every few bytes: a real call would copy the arrays' descriptions.

    LLVM does it. numba could as well, but would infer all types again for each caller.
    """
    made: F = numba.njit(forceinline=True, **_OPTIONS)(function)
    return made


def read_only(data: Array) -> Array:
    """The same array, read-only. numba compiles for each kind of array, so all callers pass the same kind."""
    data = data.view()
    data.flags.writeable = False
    return data


def _trailing(_: Any, word: Any) -> Any:
    def instruction(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(numba.types.boolean, False))

    return numba.types.int64(numba.types.uint64), instruction


def _swapped(_: Any, word: Any) -> Any:
    def instruction(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return numba.types.uint64(numba.types.uint64), instruction


# One instruction each: the number of zeros below a word's lowest one bit, and the word with its bytes reversed.
trailing: Any = intrinsic(_trailing)
swapped: Any = intrinsic(_swapped)
