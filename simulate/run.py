"""Makes every file that a plan asks for, and adds up the truth.

The order of work and the bound on memory belong here. Records, defects and bytes are made elsewhere.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from simulate.canaries import plant_canaries
from simulate.counts import DateCounts
from simulate.defects import make_defects
from simulate.landing import write_file
from simulate.plan import Plan, PlannedFile
from simulate.stream import Stream
from simulate.truth import Truth


@dataclass(frozen=True)
class LandedFile:
    """One file made: counts of its good records, a reason for each defect, its size in bytes (0: no records, so no
    file).

    It holds no records: files that wait to be counted would fill the memory.
    """

    file: PlannedFile
    counts: DateCounts
    reasons: list[str]
    size: int

    @property
    def total(self) -> int:
        """The number of its records."""
        return self.counts.records.total() + len(self.reasons)


def simulate(stream: Stream, plan: Plan, landing: Path, workers: int = 0) -> Truth:
    """Write every file of the plan below `<landing>/<stream>/` and return the truth.

    Files of the same names are replaced and others are left alone. So use a new folder if the truth is to be compared
    with what is there. `workers`: threads (0: one for each core, at most four). Memory grows with `workers` and
    `events_per_file`, not with the plan.
    """
    truth = Truth(stream, plan)
    for landed in _land_in_order(plant_canaries(stream, plan), plan, landing, workers or min(4, os.cpu_count() or 1)):
        if landed.size:
            truth.add(landed.file, landed.counts, landed.reasons, landed.size)
    return truth


def _land_in_order(stream: Stream, plan: Plan, landing: Path, workers: int) -> Iterator[LandedFile]:
    """Make blocks of files in parallel and yield the files in order, at most `workers` + 1 blocks at a time."""
    pending: deque[Future[list[LandedFile]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for _, files in groupby(plan.files(stream.transport.parts(plan)), lambda file: file.block):
            pending.append(pool.submit(_land_block, stream, list(files), landing))
            if len(pending) > workers:
                yield from pending.popleft().result()
        while pending:
            yield from pending.popleft().result()


def _land_block(stream: Stream, files: Sequence[PlannedFile], landing: Path) -> list[LandedFile]:
    return [land(stream, file, landing) for file in files]


def land(stream: Stream, file: PlannedFile, landing: Path) -> LandedFile:
    """Make one file and write it, unless it has no records."""
    batch = stream.source.batch(file)
    defects = make_defects(stream, file, batch)
    records = len(batch.lines) + len(defects)
    content = stream.transport.body(file, batch.lines, defects)
    size = write_file(landing / stream.name / stream.transport.path(file, records), content) if records else 0
    return LandedFile(file, batch.counts, [defect.reason for defect in defects], size)
