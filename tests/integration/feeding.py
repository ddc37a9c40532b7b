"""Live arrivals: simulated events that land when they happen."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from simulate.plan import Plan, PlannedFile
from simulate.run import simulate
from simulate.stream import Stream

EVERY_S = 10  # a file of a stream holds the events of so many seconds, where its transport leaves that to the plan
RETRY_S = 2.0
HOURS = 3  # the longest feed, and the hour in which it begins


@dataclass(frozen=True)
class Span(Plan):
    """A plan of which only the parts land that end in a span of time."""

    after: dt.datetime = field(default=dt.datetime.min, compare=False)
    until: dt.datetime = field(default=dt.datetime.max, compare=False)

    def files(self, parts: int) -> list[PlannedFile]:
        return [file for file in super().files(parts) if self.after < part_end(file) <= self.until]


def part_end(file: PlannedFile) -> dt.datetime:
    """When a part of an arrival hour ends: its last event has happened then."""
    return file.hour_start + dt.timedelta(seconds=3600 * (file.part + 1) // file.parts)


class Feed(threading.Thread):
    """Lands the events of some streams as they happen, `rate` a second in all, until `stop`.

    A file that cannot be written, because the disk is full, is written later. `landed`: records by stream.
    """

    def __init__(self, streams: Sequence[Stream], rate: int, landing: Path) -> None:
        super().__init__()
        self.streams, self.landing = streams, landing
        self.landed = {stream.name: 0 for stream in streams}
        self.an_hour = rate * 3600 // len(streams)
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        done = _now()
        start = done.replace(minute=0, second=0, microsecond=0)
        while not self._stopped.wait(1):
            now = _now()
            for stream in self.streams:
                size = self.an_hour * EVERY_S // 3600
                plan = Span(start, HOURS, self.an_hour, events_per_file=size, after=done, until=now)
                self.landed[stream.name] += self._land(stream, plan)
            done = now

    def _land(self, stream: Stream, plan: Span) -> int:
        while True:
            try:
                return simulate(stream, plan, self.landing, workers=1).landed
            except OSError:
                time.sleep(RETRY_S)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
