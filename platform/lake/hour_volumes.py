"""Hour volumes: how many records landed in each arrival hour.

The manifests of bronze know: no row is read. Belongs here: counting. Not here: which number is unusual
(`assets.volume`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from pyiceberg.table import Table

from lake.reading import arrival_hour, files_of, time_filter


def count_landed(bronze: Table, first: dt.datetime, end: dt.datetime) -> Mapping[dt.datetime, int]:
    """The number of bronze's rows by arrival hour, from `first` up to `end`, which is excluded.

    Hours without rows are left out.
    """
    counts: Counter[dt.datetime] = Counter()
    for file in files_of(bronze, time_filter("_arrival_hour", first, end)):
        if first <= (hour := arrival_hour(file)) < end:
            counts[hour] += file.record_count
    return counts
