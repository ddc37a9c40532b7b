"""Orders: every later event arrives exactly once, and is found by arithmetic."""

from __future__ import annotations

from collections import Counter

from simulate.commerce import orders
from simulate.commerce.sessions import SCRIPTS


def test_every_late_step_arrives_once() -> None:
    hours, numbers = 60, range(70)
    found = Counter(
        (each.hour, number, each.life, each.step)
        for arrival in range(hours)
        for part in (range(0, 33), range(33, 70))
        for each in orders.late_steps(arrival, hours, part)
        for number in each.indexes
    )
    expected = {
        (hour, number, life, orders.STEPS.index(step))
        for life, steps in enumerate(orders.LIVES)
        for step in steps
        for hour in range(hours)
        for number in numbers
        if step.lag != 0
        and 0 <= hour + step.lag < hours
        and (number + 5 * hour) % orders.GROUPS == min(life, orders.GROUPS - 1)
    }
    assert set(found) == expected
    assert set(found.values()) == {1}


def test_no_session_is_longer_than_its_hour() -> None:
    assert SCRIPTS.lengths.max() * 92 < 3600  # type: ignore[operator]
