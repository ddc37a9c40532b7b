"""Random columns as functions of (seed, index, purpose).

Any record can be made again from its index alone, in any order and in any process. So memory stays bounded and files
are reproducible. The mixer is SplitMix64 (Steele, Lea, Flood 2014): the values of polars' own hash may change from
version to version. A `purpose` is part of the seed: another text gives other events.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import polars as pl
import pyarrow as pa

GOLDEN = 0x9E3779B97F4A7C15


@lru_cache(maxsize=1024)  # making a literal takes longer than evaluating it on a small column
def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


def _mix(state: pl.Expr) -> pl.Expr:
    state = (state ^ (state // _u64(1 << 30))) * _u64(0xBF58476D1CE4E5B9)
    state = (state ^ (state // _u64(1 << 27))) * _u64(0x94D049BB133111EB)
    return state ^ (state // _u64(1 << 31))


def salt(*parts: object) -> int:
    """A 64-bit hash of the parts, such as a purpose or a stream and its seed."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def fraction(*parts: object) -> float:
    """A float in [0, 1) from the parts, for values that are no columns."""
    return (salt(*parts) >> 11) / (1 << 53)


def key(seed: int, stream: str, *indexes: str) -> pl.Expr:
    """A row's key (UInt64) from its index columns. All random values of a row come from its key."""
    state = _u64(salt(stream, seed))
    for index in indexes:
        state = _mix(state + pl.col(index).cast(pl.UInt64) * _u64(GOLDEN))
    return state


def roll(purpose: str, column: str = "key") -> pl.Expr:
    """64 random bits for each row's key (UInt64). Different purposes give independent bits."""
    return _mix(pl.col(column) + _u64(salt(purpose)))


def below(count: int, purpose: str, column: str = "key") -> pl.Expr:
    """A random integer from 0 to count-1."""
    return roll(purpose, column) % _u64(count)


def uniform(purpose: str, column: str = "key") -> pl.Expr:
    """A random float in [0, 1) with 53 bits."""
    return (roll(purpose, column) // _u64(1 << 11)).cast(pl.Float64) / float(1 << 53)


def chance(share: float, purpose: str, column: str = "key") -> pl.Expr:
    """True for that share of the rows: for none if it is 0, for all if it is 1."""
    return uniform(purpose, column) < share


def pick(choices: pl.Series, purpose: str, column: str = "key") -> pl.Expr:
    """One of the choices for each row. Repeat a choice to make it likelier."""
    return pl.lit(choices).gather(below(len(choices), purpose, column))


def hexadecimal(numbers: pl.Series) -> pl.Series:
    """Sixteen hexadecimal digits for each UInt64, in the order of its bytes in memory."""
    array = numbers.rechunk().to_arrow()
    if not len(array):
        return pl.Series(numbers.name, [], dtype=pl.String)
    words = pa.Array.from_buffers(pa.binary(8), len(array), [None, array.buffers()[1]], offset=array.offset)
    text = pl.Series(numbers.name, words)
    return text.bin.encode("hex")


def uuids(frame: pl.DataFrame, column: str) -> pl.Series:
    """A text in the shape of a UUID for each row's key."""
    halves = frame.select(a=roll("uuid a", column), b=roll("uuid b", column))
    texts = pl.DataFrame({"a": hexadecimal(halves["a"]), "b": hexadecimal(halves["b"])})
    a, b, dash = pl.col("a").str, pl.col("b").str, pl.lit("-")
    shape = pl.concat_str(
        a.slice(0, 8), dash, a.slice(8, 4), dash, a.slice(12, 4), dash, b.slice(0, 4), dash, b.slice(4)
    )
    return texts.select(shape.alias("uuid"))["uuid"]
