"""Counts by date: a record counts once, each event that it reports counts under its name, files add up."""

from __future__ import annotations

from datetime import date

import polars as pl

from simulate.clock import DAY_MS
from simulate.counts import DateCounts

FIRST, SECOND = date(1970, 1, 2), date(1970, 1, 3)


def test_records_and_events_are_counted_by_date_and_name() -> None:
    rows = pl.DataFrame({"at": [DAY_MS, DAY_MS + 1, 2 * DAY_MS - 1, 2 * DAY_MS], "event": [0, 1, 1, 1]})
    counts = DateCounts.of(rows, [("view",), ("cart", "buy")])
    assert counts.records == {FIRST: 3, SECOND: 1}
    events = {(FIRST, "view"): 1, (FIRST, "cart"): 2, (FIRST, "buy"): 2, (SECOND, "cart"): 1, (SECOND, "buy"): 1}
    assert counts.events == events


def test_counts_of_files_add_up() -> None:
    file = DateCounts.of(pl.DataFrame({"at": [DAY_MS, 2 * DAY_MS], "event": [0, 0]}), [("view",)])
    total = DateCounts()
    total.add(file)
    total.add(file)
    assert total.records == {FIRST: 2, SECOND: 2}
    assert total.events == {(FIRST, "view"): 2, (SECOND, "view"): 2}
