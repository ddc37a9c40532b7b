"""Live arrivals: simulated events that land as they happen."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from simulate.live import planned, slot
from simulate.run import land
from simulate.stream import Stream

EVERY_S = 5
RETRY_S = 1.0


class Feed(threading.Thread):
    """Lands the events of some streams, `rate` a second in all, until `stop`.

    A file that cannot be written, because the disk is full, is written later. `landed`: records by stream.
    """

    def __init__(self, streams: Sequence[Stream], rate: float, landing: Path) -> None:
        super().__init__()
        self.streams, self.rate, self.landing = streams, rate / len(streams), landing
        self.landed: Counter[str] = Counter()
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()
        self.join()

    def run(self) -> None:
        number = slot(time.time(), EVERY_S)
        while not self._stopped.wait(max(0.0, (number + 1) * EVERY_S - time.time())):
            for stream in self.streams:
                self.landed[stream.name] += self._land(stream, number)
            number += 1

    def _land(self, stream: Stream, number: int) -> int:
        file = planned(stream, number, self.rate, EVERY_S)
        while True:
            try:
                return land(stream, file, self.landing).total
            except OSError:
                time.sleep(RETRY_S)
