"""The first arrival hour can be moved on a lake that exists, in both directions."""

from __future__ import annotations

from typing import Any

import polars as pl

from lake.schemas import Layer
from lake.validation import compare_with_ledger
from partitions import Window


def window_from(platform: Any, number: int) -> Window:
    return platform.hour(number), platform.hour(1000)


def entries(platform: Any) -> list[tuple[str, int | None, bool]]:
    """Name, records, and whether it is refused, of the ledger's current entries."""
    current = platform.rows(Layer.LEDGER).filter("current").sort("path")
    return [(path[-1], records, bool(refused)) for path, records, refused in current.select(
        "path", "records", "refused").iter_rows()]  # fmt: skip


def test_what_is_loaded_stays_when_the_first_hour_moves_on(platform: Any) -> None:
    """Its objects are still in the landing zone. Refused now, they would have no records in the ledger any more."""
    platform.put(0, "a", [b"1", b"2"])
    platform.load(0, window=window_from(platform, 0))
    before = platform.snapshots()
    loaded = platform.load(40, window=window_from(platform, 30))
    assert (loaded.outside, platform.snapshots()) == ([], before)
    platform.put(1, "b", [b"3"])
    loaded = platform.load(40, window=window_from(platform, 30))
    assert [landed.path[-1] for landed in loaded.outside] == ["b"], "a new object of an early hour is refused"
    assert entries(platform) == [("a", 2, False), ("b", None, True)]
    again = platform.load(0, 1, window=window_from(platform, 0))
    hours, bronze = [platform.hour(0), platform.hour(1)], platform.lake.table(Layer.BRONZE, platform.stream)
    objects = compare_with_ledger(bronze, hours, again.ledger)
    assert objects.filter(pl.col("records") != pl.col("rows")).is_empty()


def test_what_was_refused_is_loaded_when_the_first_hour_moves_back(platform: Any) -> None:
    """Nothing has to land again."""
    platform.put(0, "a", [b"1", b"2"])
    platform.load(40, window=window_from(platform, 30))
    assert entries(platform) == [("a", None, True)]
    platform.load(0, window=window_from(platform, 0))
    assert entries(platform) == [("a", 2, False)]
    assert platform.load(0, 40, window=window_from(platform, 0)).new == []
