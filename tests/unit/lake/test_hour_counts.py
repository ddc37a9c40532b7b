"""Row counts and identity digests by arrival hour."""

from __future__ import annotations

import datetime as dt
from typing import Any

from events.row_identity import DIGESTS
from lake.hour_counts import Counts, count_hours
from lake.schemas import Layer
from lake.validation import validate


def test_every_hour_has_its_own_counts(platform: Any, shop: Any) -> None:
    """Also if a data file holds several hours. An hour without rows has no counts."""
    platform.put(0, "a.json", [shop("1"), shop("2"), b"{"])
    platform.put(1, "b.json", [shop("3")])
    platform.load(0, 1, 2)
    platform.named, _ = platform.judge_silver(0, 1, 2)
    table = platform.lake.table(Layer.SILVER, platform.stream)
    hours = [platform.hour(number) for number in range(3)]
    together = count_hours(table, platform.named.silver, hours, "event_at")
    assert {hour: counts.rows for hour, counts in together.items()} == {hours[0]: 2, hours[1]: 1}
    assert all(isinstance(counts.newest, dt.datetime) for counts in together.values())
    for hour in hours:
        assert count_hours(table, platform.named.silver, [hour], "event_at").get(hour) == together.get(hour)
    bronze = count_hours(platform.lake.table(Layer.BRONZE, platform.stream), platform.named.bronze, hours[:1])
    rejected = count_hours(platform.lake.table(Layer.REJECTED, platform.stream), platform.named.rejected, hours[:1])
    parts = [together[hours[0]].digest, rejected[hours[0]].digest]
    assert bronze[hours[0]] == Counts(3, sum(parts) % DIGESTS)


def test_a_row_is_late_if_its_event_breaks_the_promise(platform: Any, shop: Any) -> None:
    """Two hours before the hour's end are allowed here: the arrival hour and the one before it."""
    times = ["2024-05-01T08:59:59Z", "2024-05-01T09:00:00Z", "2024-05-01T10:59:00Z", "2024-04-01T10:00:00Z"]
    platform.put(0, "a.json", [shop(str(n), event_timestamp=time) for n, time in enumerate(times)])
    platform.load(0)
    named, _ = platform.judge_silver(0)
    table, hour = platform.lake.table(Layer.SILVER, platform.stream), platform.hour(0)
    _, counts = validate(table, platform.stream, named.silver, [hour])
    assert (counts[hour].rows, counts[hour].late) == (4, 2)
