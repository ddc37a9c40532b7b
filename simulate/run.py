"""Lands a plan's files and adds up its truth.

The order of work and the bound on memory belong here; records, defects and bytes are made elsewhere.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from simulate import defects, files
from simulate.canaries import planted
from simulate.plan import Plan, Slot
from simulate.stream import Stream
from simulate.tally import Tally
from simulate.truth import Truth


@dataclass(frozen=True)
class Landed:
    """One file that is in place: figures of its good records, the reasons of its bad ones, its size in bytes."""

    slot: Slot
    tally: Tally
    reasons: list[str]
    size: int


def simulate(stream: Stream, plan: Plan, landing: Path, workers: int = 0) -> Truth:
    """Writes a file below `<landing>/<stream>/` for every slot of the plan; returns the truth.

    Files of the same names are replaced; others are left alone, so land a plan in a folder of its own if its truth is
    to be compared. `workers`: files made at once (0: one for each core, at most four). Memory grows with `workers`
    and `events_per_file`, not with the plan.
    """
    truth = Truth(stream, plan)
    for done in _in_order(planted(stream, plan), plan, landing, workers or min(4, os.cpu_count() or 1)):
        if done.size:
            truth.add(done.slot, done.tally, done.reasons, done.size)
    return truth


def _in_order(stream: Stream, plan: Plan, landing: Path, workers: int) -> Iterator[Landed]:
    waiting: deque[Future[Landed]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for slot in plan.slots(stream.transport.parts(plan)):
            waiting.append(pool.submit(_land, stream, slot, landing))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _land(stream: Stream, slot: Slot, landing: Path) -> Landed:
    batch = stream.source.batch(slot)
    extras = defects.extras(stream, slot, batch)
    content, records = stream.transport.body(slot, batch.lines, extras), len(batch.lines) + len(extras)
    size = files.write(landing / stream.name / stream.transport.path(slot, records), content) if records else 0
    # Without its lines: files that wait for their turn to be counted would fill the memory.
    return Landed(slot, batch.tally, [extra.reason for extra in extras], size)
