"""Files of Kafka's messages, as another drain writes them: what a partition of a topic got in an arrival hour.

A file is named by the offsets of its messages. The JSON object around each record belongs here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from pathlib import PurePosixPath

import polars as pl

from simulate.clock import HOUR_MS, milliseconds
from simulate.landing import join_records
from simulate.plan import Plan, PlannedFile
from simulate.stream import Defect


@dataclass(frozen=True)
class KafkaFiles:
    """Messages of a topic, where each part of an hour is a partition. Satisfies `stream.Transport`.

    `count`: how many records a file will hold, which fixes the offsets of all later files.
    """

    topic: str
    count: Callable[[PlannedFile], int]

    def parts(self, plan: Plan) -> int:
        """See `Transport`."""
        return plan.parts

    def path(self, file: PlannedFile, records: int) -> PurePosixPath:
        """`<topic>+<partition>+<first offset>-<last offset>.json.gz`."""
        first = self._first_offset(file)
        name = f"{self.topic}+{file.part}+{first:010d}-{first + records - 1:010d}.json.gz"
        return PurePosixPath(file.hour_start.strftime("%Y/%m/%d/%H")) / name

    def body(self, file: PlannedFile, lines: pl.Series, defects: Sequence[Defect]) -> bytes:
        """See `Transport`. One message a line; its value is the record, as a JSON string."""
        first, total, start = self._first_offset(file), len(lines) + len(defects), milliseconds(file.hour_start)
        head = f'{{"topic":{json.dumps(self.topic)},"partition":{file.part},"offset":'
        positions = pl.Series([defect.position for defect in defects], dtype=pl.Int64)
        index = pl.int_range(len(lines), dtype=pl.Int64, eager=True)
        # The number of messages before a good record: the good ones, and the defects up to its position.
        before = index + positions.search_sorted(index, side="right").cast(pl.Int64)
        messages = pl.select(
            pl.concat_str(
                pl.lit(head),
                pl.lit(first + before),
                pl.lit(',"key":null,"timestamp":'),
                pl.lit(start + before * HOUR_MS // max(1, total)),
                pl.lit(',"value":"'),
                pl.lit(lines).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True),
                pl.lit('"}'),
            )
        ).to_series()
        others = []
        for number, defect in enumerate(defects):
            place = defect.position + number
            at = start + place * HOUR_MS // total
            value = defect.line.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            message = f'{head}{first + place},"key":null,"timestamp":{at},"value":"'.encode() + value + b'"}'
            others.append(replace(defect, line=message))
        return join_records(messages, others, b"\n")

    def _first_offset(self, file: PlannedFile) -> int:
        return _first_offsets(self, file.plan, file.part, file.parts)[file.hour]


@lru_cache
def _first_offsets(files: KafkaFiles, plan: Plan, partition: int, partitions: int) -> tuple[int, ...]:
    """A partition's first offset of each hour, and last the offset after all hours."""
    counts = (files.count(PlannedFile(plan, hour, partition, partitions)) for hour in range(plan.hours))
    return tuple(accumulate(counts, initial=0))
