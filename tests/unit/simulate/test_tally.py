"""Tallies: figures add up file by file, and people are stitched over all files and streams."""

from __future__ import annotations

from datetime import date

import polars as pl

from simulate.tally import PEOPLE, Tally, Total, active_users
from simulate.text import DAY

FIRST, SECOND = date(1970, 1, 2), date(1970, 1, 3)


def people(*rows: tuple[int, str | None, str | None, int]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=PEOPLE, orient="row")


def test_records_are_counted_by_day_and_name() -> None:
    rows = pl.DataFrame(
        {
            "at": [DAY, DAY + 1, 2 * DAY - 1, 2 * DAY],
            "event": [0, 1, 1, 1],
            "user": ["u", "u", None, "v"],
            "anonymous": [None, "a", "a", None],
            "cents": [None, 250, 199, 0],
            "currency": [None, "USD", "USD", None],
        }
    )
    tally = Tally.of(rows, [("view",), ("cart", "buy")])
    assert tally.records == {FIRST: 3, SECOND: 1}
    counts = {(FIRST, "view"): 1, (FIRST, "cart"): 2, (FIRST, "buy"): 2, (SECOND, "cart"): 1, (SECOND, "buy"): 1}
    assert tally.events == counts
    assert tally.conversions == {FIRST: 2, SECOND: 1}
    assert tally.revenue == {(FIRST, "USD"): 449}
    assert active_users([tally.people]) == {FIRST: 1, SECOND: 1}


def test_totals_are_sums() -> None:
    total = Total()
    for last in (5, 9):
        total.add(
            Tally({FIRST: 2}, {(FIRST, "view"): 2}, {FIRST: 1}, {(FIRST, "EUR"): 10}, people((1, "u", "a", last)))
        )
    assert (total.records, total.conversions) == ({FIRST: 4}, {FIRST: 2})
    assert (total.events, total.revenue) == ({(FIRST, "view"): 4}, {(FIRST, "EUR"): 20})
    assert total.people.rows() == [(1, "u", "a", 9)]


def test_an_anonymous_id_is_the_user_last_seen_with_it() -> None:
    before = people((1, None, "a", 1), (1, "u", None, 2), (1, "v", None, 3), (1, None, "b", 4), (1, None, None, 5))
    assert active_users([before]) == {FIRST: 4}
    linked = people((2, "u", "a", 100), (2, "v", "b", 100))
    assert active_users([before, linked]) == {FIRST: 2, SECOND: 2}
    lent = people((2, "v", "a", 101))
    assert active_users([before, linked, lent]) == {FIRST: 2, SECOND: 2}
    assert active_users([people((1, None, "a", 1), (2, "u", "a", 9), (2, "v", "a", 9), (1, "v", None, 2))]) == {
        FIRST: 1,
        SECOND: 2,
    }, "of one time the greatest id"


def test_nobody_is_no_one() -> None:
    assert active_users([]) == {}
    assert active_users([people((1, None, None, 1))]) == {}
