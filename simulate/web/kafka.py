"""The community's events as Kafka keeps them: messages of a topic's partitions, each with the next offset.

The wrapper and the names of objects belong here: one object holds what a partition got in an arrival hour, and is
named by its offsets.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import PurePosixPath

import polars as pl

from simulate.files import joined
from simulate.plan import Plan, Slot
from simulate.sessions import HOUR, milliseconds
from simulate.stream import Extra


@dataclass(frozen=True)
class Log:
    """Each part of an hour is a partition. Satisfies `stream.Transport`; `records` counts what a slot will hold."""

    topic: str
    records: Callable[[Slot], int]

    def parts(self, plan: Plan) -> int:
        """See `Transport`."""
        return plan.parts

    def path(self, slot: Slot, records: int) -> PurePosixPath:
        """`<topic>+<partition>+<first offset>-<last offset>.json.gz`."""
        first = _offsets(self, slot.plan, slot.part, slot.parts)[slot.hour]
        name = f"{self.topic}+{slot.part}+{first:010d}-{first + records - 1:010d}.json.gz"
        return PurePosixPath(slot.start.strftime("%Y/%m/%d/%H")) / name

    def body(self, slot: Slot, lines: pl.Series, extras: Sequence[Extra]) -> bytes:
        """See `Transport`; a line a message, its value as text."""
        first = _offsets(self, slot.plan, slot.part, slot.parts)[slot.hour]
        total, begin = len(lines) + len(extras), milliseconds(slot.start)
        before = pl.Series([extra.position for extra in extras], dtype=pl.Int64)
        # How many extras stand before a record: those whose position is not behind it.
        index = pl.int_range(len(lines), dtype=pl.Int64, eager=True)
        place = index + before.search_sorted(index, side="right").cast(pl.Int64)
        messages = pl.select(
            pl.concat_str(
                pl.lit(self._head(slot)),
                pl.lit(first + place),
                pl.lit(',"key":null,"timestamp":'),
                pl.lit(begin + place * HOUR // max(1, total)),
                pl.lit(',"value":"'),
                pl.lit(lines).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True),
                pl.lit('"}'),
            )
        ).to_series()
        others = []
        for number, extra in enumerate(extras):
            at = extra.position + number
            head = f'{self._head(slot)}{first + at},"key":null,"timestamp":{begin + at * HOUR // total},"value":"'
            value = extra.line.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            others.append(replace(extra, line=head.encode() + value + b'"}'))
        return joined(messages, others, b"\n")

    def _head(self, slot: Slot) -> str:
        return f'{{"topic":{json.dumps(self.topic)},"partition":{slot.part},"offset":'


@lru_cache
def _offsets(log: Log, plan: Plan, partition: int, partitions: int) -> tuple[int, ...]:
    """The first offset of each hour, and behind them the next one to come."""
    held = (log.records(Slot(plan, hour, partition, partitions)) for hour in range(plan.hours))
    return tuple(accumulate(held, initial=0))
