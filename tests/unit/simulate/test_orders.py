"""Orders: every later event arrives exactly once, and is found by arithmetic."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from simulate.commerce import orders
from simulate.plan import Plan, PlannedFile

HOURS = 60
PLAN = Plan(datetime(2026, 1, 1), hours=HOURS, rate=1)


def orders_of(hour: int) -> int:
    return 60 + hour % 20


def test_every_late_step_arrives_once() -> None:
    found = Counter(
        row
        for arrival in range(HOURS)
        for part in (0, 1)
        for row in orders.late_steps(
            arrival, HOURS, lambda hour, part=part: PlannedFile(PLAN, hour, part, 2).indexes(orders_of(hour))
        ).iter_rows()
    )
    expected = {
        (hour, number, life, orders.STEPS.index(step))
        for life, steps in enumerate(orders.LIVES)
        for step in steps
        for hour in range(HOURS)
        for number in range(orders_of(hour))
        if step.lag != 0
        and 0 <= hour + step.lag < HOURS
        and (number + 5 * hour) % orders.GROUPS == min(life, orders.GROUPS - 1)
    }
    assert set(found) == expected
    assert set(found.values()) == {1}
