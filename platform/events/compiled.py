"""Compiled: functions over bytes that become machine code and run without the interpreter's lock.

Belongs here: how. Such a function allocates nothing: it is given the arrays that it fills, and counts no references to
them, which would take most of its time. Not here: where machine code is kept (`code_cache`), so that only the first
process after a change waits.
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
    """Machine code of a function of numbers and numpy arrays; compiled at its first call."""
    dispatcher = numba.njit(**_OPTIONS)(function)
    dispatcher._cache = CodeCache(function)
    made: F = dispatcher
    return made


def inlined(function: F) -> F:
    """Machine code within that of its callers: for what is called for every few bytes, as a call hands over copies of
    what describes its arrays. LLVM inlines it: numba would infer all types again for each of its callers."""
    made: F = numba.njit(forceinline=True, **_OPTIONS)(function)
    return made


def read_only(data: Array) -> Array:
    """The same numbers for compiled functions, which are made once for what nobody writes to."""
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


# How many of a word's lowest bits are zeros, and its bytes the other way round: one instruction each.
trailing: Any = intrinsic(_trailing)
swapped: Any = intrinsic(_swapped)
