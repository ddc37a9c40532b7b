"""Orders: a life's end follows from the events that land, and their arrival is found without memory."""

from __future__ import annotations

from collections import Counter

import pytest

from simulate.commerce import orders
from simulate.commerce.sessions import SCRIPTS

FAR = 10_000  # hours: every step lands


def life_of(*events: str) -> int:
    return next(n for n, life in enumerate(orders.LIVES) if tuple(step.event for step in life) == events)


@pytest.mark.parametrize(
    ("events", "completed"),
    [
        (("order_placed",), False),
        (("order_placed", "order_completed"), True),
        (("order_placed", "order_completed", "order_fulfilled"), True),
        (("order_placed", "order_completed", "order_cancelled"), False),
        (("order_placed", "order_cancelled"), False),
        (("order_placed", "order_cancelled", "order_completed"), True),
        (("order_placed", "order_completed", "order_fulfilled", "order_refunded"), False),
    ],
)
def test_an_order_is_completed_unless_it_is_undone_later(events: tuple[str, ...], completed: bool) -> None:
    assert orders.ends(100, FAR)[life_of(*events)][0] is completed


def test_what_has_not_landed_by_the_end_does_not_count() -> None:
    refunded = orders.CLASSES - 1
    assert orders.ends(9, 10)[refunded] == (True, False)
    assert orders.ends(8, 10)[refunded] == (False, False)


def test_a_refund_that_arrives_first_still_comes_last() -> None:
    assert orders.ends(5, 10)[orders.OVERTAKEN][0] is False
    assert orders.ends(0, 10)[orders.OVERTAKEN][0] is True, "it would have arrived before the plan begins"


def test_every_later_step_arrives_once() -> None:
    hours, numbers = 60, range(70)
    found = Counter(
        (each.hour, number, each.life, each.step)
        for arrival in range(hours)
        for part in (range(0, 33), range(33, 70))
        for each in orders.later(arrival, hours, part)
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
        and (number + 5 * hour) % orders.CLASSES == min(life, orders.CLASSES - 1)
    }
    assert set(found) == expected
    assert set(found.values()) == {1}


def test_sessions_stay_short_enough_for_their_hour() -> None:
    assert SCRIPTS.lengths.max() * 92 < 3600  # type: ignore[operator]
