"""Lines of tab-separated fields, in machine code: where the fields are, and a digest of some of them.

Belongs here: the passes over the bytes. Not here: what the fields mean (`enriched`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from events.array_types import Bytes, Int64s, Mask, Positions, Words
from events.byte_spans import ByteSpans
from events.compiled import compiled
from events.siphash import START, Digests, absorb_bytes, finished
from events.utf8 import first_invalid
from events.values import MISSING, TEXT, Values
from events.words import words_of

NOT_UTF8 = -1  # in place of a line's number of fields
_TAB = 0x09


def locate_fields(lines: ByteSpans, names: Sequence[str], wanted: Sequence[str]) -> tuple[dict[str, Values], Int64s]:
    """The wanted fields of each line by name, and each line's number of fields, or `NOT_UTF8`.

    `names` are the names of all fields, in order. An empty field is MISSING, and so are all fields of a line that has
    another number of fields than there are names, or is not UTF-8.
    """
    places = {name: place for place, name in enumerate(wanted)}
    by_field = np.array([places.get(name, -1) for name in names])
    spans = np.zeros((2, len(places), len(lines.starts)), np.uint32)
    counts = np.empty(len(lines.starts), np.int64)
    _locate(lines.data, lines.starts, lines.ends, by_field, spans, counts)
    kinds = np.where(spans[0] < spans[1], TEXT, MISSING).astype(np.uint8)
    return {name: Values(lines.data, kinds[i], spans[0, i], spans[1, i]) for name, i in places.items()}, counts


def digest_fields(lines: ByteSpans, kept: Mask, fingerprint: int) -> Digests:
    """A digest of each line's `kept` fields; of field number `fingerprint` alone where a line has it (-1: never)."""
    found = np.zeros((len(lines.starts), 2), np.uint64)
    _digest(lines.data, words_of(lines.data), lines.starts, lines.ends, kept, fingerprint, found)
    return found


@compiled
def _locate(
    data: Bytes, starts: Positions, ends: Positions, by_field: Int64s, spans: Positions, counts: Int64s
) -> None:
    for row in range(len(starts)):
        at, end = np.int64(starts[row]), np.int64(ends[row])
        first, count = at, 0
        while at <= end:
            if at == end or data[at] == _TAB:
                if count < len(by_field) and by_field[count] >= 0:
                    spans[0, by_field[count], row], spans[1, by_field[count], row] = first, at
                count += 1
                first = at + 1
            at += 1
        counts[row] = count
        if count != len(by_field) or first_invalid(data, np.int64(starts[row]), end) >= 0:
            spans[:, :, row] = 0
            counts[row] = count if count != len(by_field) else NOT_UTF8


@compiled
def _digest(
    data: Bytes, words: Words, starts: Positions, ends: Positions, kept: Mask, fingerprint: int, found: Digests
) -> None:
    for row in range(len(starts)):
        at, end = np.int64(starts[row]), np.int64(ends[row])
        first, field, state, settled = at, 0, START, False
        while at <= end and not settled:
            if at == end or data[at] == _TAB:
                settled = field == fingerprint and at > first
                if settled:
                    state = START
                if settled or (field < len(kept) and kept[field]):
                    state = absorb_bytes(state, data, words, first, at, TEXT)
                field += 1
                first = at + 1
            at += 1
        found[row, 0], found[row, 1] = finished(state)
