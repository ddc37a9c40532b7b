"""One hour with everything wrong in it: each file and record ends where it should, and the others are not harmed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import dagster as dg
import hostile
import pytest
import reading
from driving import Platform, key

pytestmark = pytest.mark.integration
RECORDS = "coalesce(records, -1), split_part(coalesce(refused, ''), ':', 1)"


@pytest.fixture(scope="module")
def hour(make_platform) -> Platform:
    """The hostile hour, materialized once."""
    platform = make_platform("hostile")
    refused = [record for record, _ in hostile.REFUSED if record is not hostile.OVERSIZE]
    files = {
        "a_original.json.gz": hostile.ORIGINAL,
        "b_rivals.json.gz": hostile.RIVALS,
        "good.json.gz": hostile.GOOD,
        "good_again.json.gz": hostile.GOOD,
        "odd.json": [record for record, _ in hostile.ACCEPTED.values()],
        "refused.json.gz": refused,
        "large.json.gz": [hostile.order(210), hostile.OVERSIZE, hostile.order(211)],
        "truncated.json.gz": hostile.truncated(),
        "empty.json.gz": b"",
        "noise.bin": hostile.NOISE,
        "noise.json.gz": hostile.NOISE,
        "blank.json": b"\n \n\n",
    }
    for name, content in files.items():
        platform.land(hostile.HOUR, name, content)
    platform.ingest(hostile.HOUR)
    platform.gold()
    return platform


def ledger(platform: Platform) -> dict[str, tuple[int, str]]:
    sql = f"SELECT parse_filename(path), {RECORDS} FROM ledger WHERE current"
    return {name: rest for name, *rest in map(list, reading.query(platform.data, sql))}


def test_files_end_in_the_ledger(hour: Platform) -> None:
    """Whole files with their records, refused ones with the reason, and nothing of a refused one in bronze."""
    assert ledger(hour) == {
        "a_original.json.gz": [2, ""],
        "b_rivals.json.gz": [2, ""],
        "good.json.gz": [20, ""],
        "good_again.json.gz": [20, ""],
        "odd.json": [len(hostile.ACCEPTED), ""],
        "refused.json.gz": [len(hostile.REFUSED) - 1, ""],
        "large.json.gz": [3, ""],
        "truncated.json.gz": [-1, "broken compression"],
        "empty.json.gz": [0, ""],
        "noise.bin": [hostile.NOISY_LINES, ""],
        "noise.json.gz": [-1, "wrong magic"],
        "blank.json": [0, ""],
    }
    sql = "SELECT count(*) FROM bronze WHERE _source_file LIKE '%truncated%' OR _source_file LIKE '%noise.json.gz'"
    assert reading.query(hour.data, sql) == [(0,)]


def test_records_end_in_silver_or_rejected(hour: Platform) -> None:
    """Every record is there once; bad ones have the right reason."""
    reasons = Counter(reason for _, reason in hostile.REFUSED)
    expected = reasons + Counter(malformed=hostile.NOISY_LINES, duplicate=len(hostile.GOOD) + 1, conflict=1)
    assert Counter(dict(reading.query(hour.data, "SELECT reason, count(*) FROM rejected GROUP BY 1"))) == expected
    reading.assert_conserved(hour.data)


def test_odd_values_are_read_as_sent(hour: Platform) -> None:
    """An old event, numbers as text, the first of duplicate keys, a number for an id, a sum of doubles."""
    sql = "SELECT event_id, order_total FROM silver WHERE _source_file LIKE '%odd.json'"
    assert dict(reading.query(hour.data, sql)) == {
        name: Decimal(total) for name, (_, total) in hostile.ACCEPTED.items()
    }
    customer = "SELECT user_id FROM silver WHERE event_id = 'e-103'"
    assert reading.query(hour.data, customer) == [("12345678901234567890",)]


def test_the_large_record_leaves_its_digest(hour: Platform) -> None:
    """Its 50 MB are not kept, but can be found again by offset, length and sha256. Its neighbours are loaded."""
    ((raw, oversize),) = reading.query(hour.data, "SELECT raw, oversize FROM bronze WHERE oversize IS NOT NULL")
    assert (raw, oversize) == (None, hostile.digest())
    neighbours = "SELECT count(*) FROM silver WHERE _source_file LIKE '%large%'"
    assert reading.query(hour.data, neighbours) == [(2,)]


def test_checks_are_recorded_for_the_hour(hour: Platform) -> None:
    """The blocking checks pass, and the refused files and records show as warnings of this very partition."""
    (run,) = hour.instance.get_runs(dg.RunsFilter(job_name="ingest"), limit=1)
    evaluations = hour.checks(run)
    mine = {name: passed for name, passed in evaluations.items() if name[0].endswith("/commerce")}
    assert not mine.pop(("silver/commerce", "up_to_date", None)), "the hour is long ago"
    assert {partition for _, _, partition in mine} == {key(hostile.HOUR)}
    found = {(asset, check): passed for (asset, check, _), passed in mine.items()}
    assert found.pop(("silver/commerce", "freshness"))
    assert found == {
        ("bronze/commerce", "complete"): True,
        ("bronze/commerce", "readable"): False,
        ("bronze/commerce", "volume"): True,
        ("silver/commerce", "conservation"): True,
        ("silver/commerce", "contract"): True,
        ("silver/commerce", "drift"): True,
        ("silver/commerce", "late_share"): True,
        ("rejected/commerce", "rejected_share"): False,
    }


def expected_orders(platform: Platform) -> dict[str, tuple[Decimal, int]]:
    """Orders from silver's events: the total of the latest event, and the number of events."""
    orders: dict[str, tuple[Decimal, int]] = {}
    sql = "SELECT order_id, order_total FROM silver WHERE order_id IS NOT NULL ORDER BY event_at, event_id"
    for order_id, total in reading.query(platform.data, sql):
        orders[order_id] = (total, orders.get(order_id, (total, 0))[1] + 1)
    return orders


def released_orders(platform: Platform) -> dict[str, tuple[Decimal, int]]:
    rows = reading.gold(platform.data, "SELECT order_id, order_total, events FROM marts.fct_orders")
    return {order_id: (total, events) for order_id, total, events in rows}


def test_the_hour_mends(hour: Platform) -> None:
    """The broken file arrives whole, one file arrives again unchanged, and one arrives without its former winners.

    The losers of these are promoted, records that no other file has leave, and gold follows.
    """
    assert released_orders(hour) == expected_orders(hour)
    assert released_orders(hour)["o-400"] == (Decimal("20.00"), 1)
    hour.land(hostile.HOUR, "truncated.json.gz", hostile.WHOLE)
    hour.land(hostile.HOUR, "good.json.gz", hostile.GOOD)
    hour.land(hostile.HOUR, "a_original.json.gz", [hostile.order(402, total="40.00")])
    hour.land(hostile.HOUR, "large.json.gz", [hostile.order(210)])
    hour.ingest(hostile.HOUR)
    hour.gold()
    after = ledger(hour)
    assert after["truncated.json.gz"] == [10, ""]
    assert after["good.json.gz"] == [20, ""]
    reading.assert_conserved(hour.data)
    winners = (
        "SELECT event_id, order_total, parse_filename(_source_file) FROM silver WHERE event_id LIKE 'e-40_' ORDER BY 1"
    )
    assert reading.query(hour.data, winners) == [
        ("e-400", Decimal("25.00"), "b_rivals.json.gz"),
        ("e-401", Decimal("30.00"), "b_rivals.json.gz"),
        ("e-402", Decimal("40.00"), "a_original.json.gz"),
    ]
    released = released_orders(hour)
    assert released == expected_orders(hour)
    assert released["o-400"] == (Decimal("25.00"), 1)
    assert "o-211" not in released
    assert len(released) == 20 + len(hostile.ACCEPTED) + 1 + 10 + 3
