"""Randomness as a function of (seed, index, purpose), for whole columns at once.

Any record can be made again from its index alone, in any order and in any process: that is what keeps memory bounded
and files reproducible. The mixer is SplitMix64 (Steele, Lea, Flood 2014) and not polars' own hash, whose values may
change between versions. Fields of records do not belong here.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import polars as pl
import pyarrow as pa

GOLDEN = 0x9E3779B97F4A7C15


@lru_cache(maxsize=1024)  # making a literal takes longer than a small column of them
def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)


def _mix(state: pl.Expr) -> pl.Expr:
    state = (state ^ (state // _u64(1 << 30))) * _u64(0xBF58476D1CE4E5B9)
    state = (state ^ (state // _u64(1 << 27))) * _u64(0x94D049BB133111EB)
    return state ^ (state // _u64(1 << 31))


def salt(*parts: object) -> int:
    """A 64-bit number that stands for a purpose or a seed."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def key(seed: int, stream: str, *indexes: str) -> pl.Expr:
    """The key of a row (UInt64) from its index columns."""
    state = _u64(salt(stream, seed))
    for index in indexes:
        state = _mix(state + pl.col(index).cast(pl.UInt64) * _u64(GOLDEN))
    return state


def roll(purpose: str, column: str = "key") -> pl.Expr:
    """64 fresh random bits for each row's key; two purposes are independent of each other."""
    return _mix(pl.col(column) + _u64(salt(purpose)))


def below(count: int, purpose: str, column: str = "key") -> pl.Expr:
    """A whole number from 0 to count-1."""
    return roll(purpose, column) % _u64(count)


def uniform(purpose: str, column: str = "key") -> pl.Expr:
    """A float in [0, 1), of 53 bits."""
    return (roll(purpose, column) // _u64(1 << 11)).cast(pl.Float64) / float(1 << 53)


def chance(share: float, purpose: str, column: str = "key") -> pl.Expr:
    """True for that share of the rows; never for 0, always for 1."""
    return uniform(purpose, column) < share


def pick(choices: pl.Series, purpose: str, column: str = "key") -> pl.Expr:
    """One of the choices; weigh a choice by repeating it."""
    return pl.lit(choices).gather(below(len(choices), purpose, column))


def hexadecimal(numbers: pl.Series) -> pl.Series:
    """Sixteen hexadecimal digits of each UInt64, read byte by byte from the column's own buffer."""
    array = numbers.rechunk().to_arrow()
    if not len(array):
        return pl.Series(numbers.name, [], dtype=pl.String)
    words = pa.Array.from_buffers(pa.binary(8), len(array), [None, array.buffers()[1]], offset=array.offset)
    text = pl.Series(numbers.name, words)
    return text.bin.encode("hex")


def uuids(frame: pl.DataFrame, column: str) -> pl.Series:
    """A UUID-shaped text for each row's key."""
    halves = frame.select(a=roll("uuid a", column), b=roll("uuid b", column))
    texts = pl.DataFrame({"a": hexadecimal(halves["a"]), "b": hexadecimal(halves["b"])})
    a, b, dash = pl.col("a").str, pl.col("b").str, pl.lit("-")
    shape = pl.concat_str(
        a.slice(0, 8), dash, a.slice(8, 4), dash, a.slice(12, 4), dash, b.slice(0, 4), dash, b.slice(4)
    )
    return texts.select(shape.alias("uuid"))["uuid"]
