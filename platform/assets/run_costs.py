"""Run costs: what a step read, wrote and computed, as metadata of what it materialized.

Numbers named `run_…` are of the whole step: each partition of a run has the same ones, and `cost` counts them once.

Belongs here: measuring this process, and the names of the numbers. Not here: sums and prices (`cost`), what a
warehouse says of its queries (`resources.warehouse.query_history`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg

from resources.warehouse.protocol import Warehouse
from resources.warehouse.query_history import Query

NUMBERS = {
    name: f"run_{name}"
    for name in ("rows", "cpu_seconds", "bytes_read", "bytes_written", "objects_read", "files_written", "query_seconds")
}
"""The metadata of each number of a step."""
_IO = Path("/proc/self/io")  # of Linux


class Meter:
    """Measures this process from when it is made: seconds of all processors, bytes of files."""

    def __init__(self) -> None:
        self._cpu, self._io = time.process_time(), _bytes_of_files()

    @property
    def cpu_seconds(self) -> float:
        return time.process_time() - self._cpu

    @property
    def bytes_of_files(self) -> tuple[int, int]:
        """Bytes read from and written to files of this machine, as Linux counts them; zeros elsewhere."""
        read, written = _bytes_of_files()
        return read - self._io[0], written - self._io[1]


def labelled_meter(warehouse: Warehouse, label: str) -> Meter:
    """Begin to measure a step whose queries carry a label."""
    warehouse.label_queries(label)
    return Meter()


def _bytes_of_files() -> tuple[int, int]:
    with suppress(OSError):
        found = dict(line.split(": ") for line in _IO.read_text().splitlines())
        return int(found["rchar"]), int(found["wchar"])
    return 0, 0


def cost_metadata(**numbers: float) -> dict[str, float]:
    """A step's numbers under the names of `NUMBERS`, without the zeros."""
    return {NUMBERS[name]: round(number, 3) for name, number in numbers.items() if number}


def query_metadata(queries: Sequence[Query]) -> dict[str, Any]:
    """What the warehouse said of queries, and their ids, with which it tells more."""
    if not queries:
        return {}
    told = cost_metadata(
        query_seconds=sum(query.seconds for query in queries), bytes_read=sum(query.bytes_read for query in queries)
    )
    return {**told, "query_ids": dg.MetadataValue.json([query.id for query in queries])}


def queries_of(warehouse: Warehouse, log: logging.Logger) -> Sequence[Query]:
    """What the warehouse said of the labelled queries. What they cost must not fail a run that is good."""
    try:
        return warehouse.labelled_queries()
    except Exception as error:  # each driver has errors of its own
        log.warning(f"the warehouse does not tell what the queries took: {error}")
        return []


def shares(seconds: Mapping[str, float], **numbers: float) -> dict[str, dict[str, float]]:
    """A step's numbers, divided among what it made in proportion to the seconds that each took."""
    total = sum(seconds.values()) or 1.0
    return {
        name: cost_metadata(**{number: value * took / total for number, value in numbers.items()})
        for name, took in seconds.items()
    }
