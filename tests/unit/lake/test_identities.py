"""Counts of rows and digests of their identities, of what a lake's table holds."""

from __future__ import annotations

import datetime as dt
from typing import Any

from events.identity import DIGESTS
from lake.identities import Counts, counts_of
from lake.schemas import Layer


def test_every_hour_has_its_own_counts(platform: Any, shop: Any) -> None:
    """Also where a data file holds several hours; of hours without rows nothing is told."""
    platform.put(0, "a.json", [shop("1"), shop("2"), b"{"])
    platform.put(1, "b.json", [shop("3")])
    platform.load(0, 1, 2)
    platform.named, _ = platform.judge_silver(0, 1, 2)
    table = platform.lake.table(Layer.SILVER, platform.stream)
    hours = [platform.hour(number) for number in range(3)]
    together = counts_of(table, platform.named.silver, hours, "event_at")
    assert {hour: counts.rows for hour, counts in together.items()} == {hours[0]: 2, hours[1]: 1}
    assert all(isinstance(counts.newest, dt.datetime) for counts in together.values())
    for hour in hours:
        assert counts_of(table, platform.named.silver, [hour], "event_at").get(hour) == together.get(hour)
    bronze = counts_of(platform.lake.table(Layer.BRONZE, platform.stream), platform.named.bronze, hours[:1])
    rejected = counts_of(platform.lake.table(Layer.REJECTED, platform.stream), platform.named.rejected, hours[:1])
    parts = [together[hours[0]].digest, rejected[hours[0]].digest]
    assert bronze[hours[0]] == Counts(3, sum(parts) % DIGESTS)
