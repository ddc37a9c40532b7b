"""Canaries: personal values that can be recognised wherever they turn up.

Every fifth record or so carries one, in one of its personal fields that has a value. Which fields are personal is the
stream's affair (`Stream.personal`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import polars as pl

from simulate import dice
from simulate.plan import Plan, Slot
from simulate.stream import Batch, Stream

ONE_IN = 5

KINDS: Mapping[str, Callable[[int], str]] = {
    "email": lambda bits: f"canary.{bits:016x}@example.com",
    "name": lambda bits: f"Canary{bits:016x}",
    "ip": lambda bits: f"2001:db8:{bits >> 48:x}:{bits >> 32 & 0xFFFF:x}:{bits >> 16 & 0xFFFF:x}:{bits & 0xFFFF:x}::7",
    "digits": lambda bits: f"{bits:020d}",
    "degrees": lambda bits: f"41.{bits % 10**9 + 10**9}",
}
"""A text of each kind from 64 bits, which nothing else would hold by chance."""


def values(stream: Stream, plan: Plan) -> dict[str, str]:
    """The canary of each personal field of the stream; none where the plan wants none."""
    kinds = stream.personal.items() if plan.canaries else ()
    return {path: KINDS[kind](dice.salt("canary", stream.name, plan.seed, path)) for path, kind in kinds}


def planted(stream: Stream, plan: Plan) -> Stream:
    """The same stream with canaries in it, if the plan wants them and a field of it is personal."""
    if not plan.canaries or not stream.personal:
        return stream
    return replace(stream, source=Planted(stream, list(values(stream, plan).items())))


@dataclass(frozen=True)
class Planted:
    """The records of a stream, some of them with a canary. Satisfies `stream.Source`."""

    stream: Stream
    canaries: Sequence[tuple[str, str]]

    def _with(self, line: str) -> str:
        # By the record's own bytes: it has to carry the same canary whenever it is made again.
        lot = crc32(line.encode())
        if lot % ONE_IN:
            return line
        form, turn = self.stream.format, lot // ONE_IN % len(self.canaries)
        record = form.parse(line)
        turns = (*self.canaries[turn:], *self.canaries[:turn])
        return form.dump(record).decode() if any(form.plant(record, *canary) for canary in turns) else line

    def count(self, slot: Slot) -> int:
        """See `Source`."""
        return self.stream.source.count(slot)

    def batch(self, slot: Slot) -> Batch:
        """See `Source`."""
        batch = self.stream.source.batch(slot)
        return replace(batch, lines=pl.Series(map(self._with, batch.lines), dtype=pl.String))

    def again(self, plan: Plan, picks: Sequence[tuple[Slot, float]]) -> list[str]:
        """See `Source`."""
        return [self._with(line) for line in self.stream.source.again(plan, picks)]

    def spare(self, slot: Slot, count: int) -> list[str]:
        """See `Source`."""
        return [self._with(line) for line in self.stream.source.spare(slot, count)]
