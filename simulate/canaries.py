"""Canaries: personal values that can be recognised wherever they turn up.

About every fifth record carries one, in one of its personal fields that has a value. Each stream lists its personal
fields (`Stream.personal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import polars as pl

from simulate import dice
from simulate.plan import Plan, PlannedFile
from simulate.stream import Batch, Stream

ONE_IN = 5

CANARY_KINDS: Mapping[str, Callable[[int], str]] = {
    "email": lambda bits: f"canary.{bits:016x}@example.com",
    "name": lambda bits: f"Canary{bits:016x}",
    "ip": lambda bits: f"2001:db8:{bits >> 48:x}:{bits >> 32 & 0xFFFF:x}:{bits >> 16 & 0xFFFF:x}:{bits & 0xFFFF:x}::7",
    "digits": lambda bits: f"{bits:020d}",
    "degrees": lambda bits: f"41.{bits % 10**9 + 10**9}",
}
"""For each kind of value, a text made from 64 bits that no other value equals by chance."""


def canary_by_field(stream: Stream, plan: Plan) -> dict[str, str]:
    """The canary of each personal field of the stream; empty where the plan plants none."""
    kinds = stream.personal.items() if plan.canaries else ()
    return {path: CANARY_KINDS[kind](dice.salt("canary", stream.name, plan.seed, path)) for path, kind in kinds}


def plant_canaries(stream: Stream, plan: Plan) -> Stream:
    """The stream with canaries in its records, or the same stream where the plan plants none."""
    if not plan.canaries or not stream.personal:
        return stream
    return replace(stream, source=CanarySource(stream, list(canary_by_field(stream, plan).items())))


@dataclass(frozen=True)
class CanarySource:
    """A stream's records, some with a canary. `canaries`: pairs of path and value. Satisfies `stream.Source`."""

    stream: Stream
    canaries: Sequence[tuple[str, str]]

    def _plant(self, line: str) -> str:
        # The record's own bytes choose the canary, so that a repeated record carries the same one.
        checksum = crc32(line.encode())
        if checksum % ONE_IN:
            return line
        first = checksum // ONE_IN % len(self.canaries)
        form = self.stream.format
        record = form.parse(line)
        canaries = (*self.canaries[first:], *self.canaries[:first])
        planted = any(form.plant(record, path, value) for path, value in canaries)
        return form.dump(record).decode() if planted else line

    def count(self, file: PlannedFile) -> int:
        """See `Source`."""
        return self.stream.source.count(file)

    def batch(self, file: PlannedFile) -> Batch:
        """See `Source`."""
        batch = self.stream.source.batch(file)
        lines, earlier = (pl.Series(map(self._plant, texts), dtype=pl.String) for texts in (batch.lines, batch.earlier))
        return replace(batch, lines=lines, earlier=earlier)

    def repeat(self, plan: Plan, picks: Sequence[tuple[int, float]]) -> list[str]:
        """See `Source`."""
        return [self._plant(line) for line in self.stream.source.repeat(plan, picks)]

    def spares(self, file: PlannedFile, count: int) -> list[str]:
        """See `Source`."""
        return [self._plant(line) for line in self.stream.source.spares(file, count)]
