"""SipHash-1-3 with 128 bits, in machine code: sixteen bytes that stand for a longer text.

Belongs here: the hash, and whole texts. Not here: what a JSON object hashes to (`json`), or a line of fields
(`tab_separated`). The state is four 64-bit words; see https://www.aumasson.jp/siphash/siphash.pdf.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from events.array_types import Bytes, Positions, Words
from events.byte_spans import ByteSpans
from events.compiled import compiled, inlined, swapped
from events.values import TEXT
from events.words import words_of

Digests = npt.NDArray[np.uint64]  # two words a row
State = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
START: State = tuple(
    np.frombuffer(b"uespemosmodnarodarenegylsetybdet", np.uint64) ^ np.array([0, 0xEE, 0, 0], np.uint64)
)


def text_digests(texts: ByteSpans) -> Digests:
    """A digest of each text's bytes."""
    found = np.zeros((len(texts.starts), 2), np.uint64)
    _text_digests(texts.data, words_of(texts.data), texts.starts, texts.ends, found)
    return found


def as_column(name: str, digests: Digests) -> pl.Series:
    """Digests as a binary column of sixteen bytes each."""
    offsets = np.arange(len(digests) + 1, dtype=np.int64) * 16
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(digests)]
    return pl.Series(name, pa.Array.from_buffers(pa.large_binary(), len(digests), buffers), dtype=pl.Binary)


@inlined
def absorb_bytes(state: State, data: Bytes, words: Words, start: int, end: int, tag: int) -> State:
    """Absorb `data[start:end]` by words. The last word holds the rest of the bytes, their number and the tag."""
    at = start
    while at + 8 <= end:
        state = absorb(state, words[at])
        at += 8
    last = np.uint64(tag * 8 + end - at)
    if at < end and at < len(words):
        bits = np.uint64(8 * (end - at))
        last = last << bits | swapped(words[at]) >> np.uint64(64) - bits
    else:
        while at < end:
            last = last << np.uint64(8) | np.uint64(data[at])
            at += 1
    return absorb(state, last)


@inlined
def absorb(state: State, word: np.uint64) -> State:
    """Absorb one word."""
    a, b, c, d = state
    a, b, c, d = _round(a, b, c, d ^ word)
    return a ^ word, b, c, d


@inlined
def half_finished(state: State) -> tuple[np.uint64, np.uint64]:
    """Two words of a state, with fewer rounds than a digest has: they are absorbed into another state later."""
    a, b, c, d = _stirred(state)
    return a ^ b, c ^ d


@inlined
def finished(state: State) -> tuple[np.uint64, np.uint64]:
    """The digest of what a state has absorbed."""
    a, b, c, d = _stirred(state)
    first = a ^ b ^ c ^ d
    a, b, c, d = _round(a, b ^ np.uint64(0xDD), c, d)
    a, b, c, d = _round(a, b, c, d)
    a, b, c, d = _round(a, b, c, d)
    return first, a ^ b ^ c ^ d


@inlined
def _stirred(state: State) -> State:
    a, b, c, d = state
    a, b, c, d = _round(a, b, c ^ np.uint64(0xEE), d)
    a, b, c, d = _round(a, b, c, d)
    return _round(a, b, c, d)


@inlined
def _round(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> State:
    a, c = a + b, c + d
    b = (b << np.uint64(13) | b >> np.uint64(51)) ^ a
    d = (d << np.uint64(16) | d >> np.uint64(48)) ^ c
    a = a << np.uint64(32) | a >> np.uint64(32)
    a, c = a + d, c + b
    d = (d << np.uint64(21) | d >> np.uint64(43)) ^ a
    b = (b << np.uint64(17) | b >> np.uint64(47)) ^ c
    return a, b, c << np.uint64(32) | c >> np.uint64(32), d


@compiled
def _text_digests(data: Bytes, words: Words, starts: Positions, ends: Positions, found: Digests) -> None:
    for row in range(len(starts)):
        state = absorb_bytes(START, data, words, np.int64(starts[row]), np.int64(ends[row]), TEXT)
        found[row, 0], found[row, 1] = finished(state)
