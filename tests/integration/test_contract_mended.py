"""A producer changes what it sends: drift shows it, the contract is mended, and the past is judged again up to gold."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import dagster as dg
import hostile
import pandera.polars as pa
import polars as pl
import pytest
import reading
from driving import Platform, key

from contracts import STREAMS
from contracts.commerce import COMMERCE, CommerceEvent
from contracts.stream import Stream, column

pytestmark = [pytest.mark.integration, pytest.mark.verify]
FIRST = dt.datetime(2026, 3, 1, 23)
SECOND = FIRST + dt.timedelta(hours=1)


class EarlierEvent(CommerceEvent):
    """The contract as it was when orders were small."""

    order_total: Annotated[pl.Decimal, 15, 6] = column("order.total_amount", ge=0, description="Gross total")


class MendedEvent(CommerceEvent):
    """Accepts coupons, totals of more digits, and devices as objects, as newer apps send them."""

    coupon: str = column("order.coupon", description="The coupon that was redeemed")
    device: str = column("session.device", json=True, description="The device as sent, JSON")
    device_platform: str = column(
        compute=pl.coalesce(pl.col("device").str.json_path_match("$.type"), pl.col("device").str.strip_chars('"')),
        description="mobile, desktop or tablet",
    )


class StricterEvent(MendedEvent):
    """Refuses what finance has found to be a test order."""

    @pa.check("order_total", name="no order has a million")
    def believable(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key) < 1_000_000)


EARLIER = dataclasses.replace(COMMERCE, version="0.9.0", model=EarlierEvent)
MENDED = dataclasses.replace(COMMERCE, version="1.1.0", model=MendedEvent)
STRICTER = dataclasses.replace(COMMERCE, version="2.0.0", model=StricterEvent)


def order(number: int, at: dt.datetime, device: Any = "mobile", **fields: Any) -> dict[str, Any]:
    """A completed order; `fields` are added to it."""
    event: dict[str, Any] = hostile.order(number, event_timestamp=f"{at.isoformat()}Z", session={"device": device})
    return {**event, "order": {**event["order"], **fields}}


LANDED = {
    FIRST: [order(1, FIRST), order(2, FIRST, coupon="SPRING", total_amount="20.00")],
    SECOND: [
        order(3, SECOND, coupon="SPRING"),
        order(4, SECOND, {"type": "tablet", "os": "iOS"}),
        order(5, SECOND, total_amount="1234567890.12"),
    ],
}
BY_DAY = "SELECT ordered_date::VARCHAR, count(*), sum(revenue) FROM marts.fct_orders GROUP BY 1 ORDER BY 1"


def judged_by(platform: Platform, contract: Stream) -> dg.ExecuteInProcessResult:
    """Materialize both hours under a contract; returns the run."""
    from definitions import build_defs

    streams = [contract if stream.name == contract.name else stream for stream in STREAMS]
    platform.definitions = build_defs(streams=streams)
    return platform.ingest(FIRST, SECOND)


def drift(platform: Platform, run: dg.ExecuteInProcessResult) -> dict[str, list[tuple[str, str, int]]]:
    """What the check reports for each hour: unknown fields, their types, and how many records have them."""
    columns = ("field", "type", "records")
    logs = platform.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [log.get_dagster_event().asset_check_evaluation_data for log in logs]
    mine = [e for e in found if e.check_name == "drift" and e.asset_key.path[-1] == COMMERCE.name]
    tables = {str(e.partition): e.metadata["fields"].value for e in mine}
    assert all(e.passed != bool(tables[str(e.partition)].records) for e in mine)
    return {hour: [tuple(r.data[c] for c in columns) for r in table.records] for hour, table in tables.items()}


def rejected(platform: Platform) -> list[tuple[Any, ...]]:
    return reading.query(platform.data, "SELECT reason, detail, _contract_version FROM rejected ORDER BY _line")


@pytest.fixture(scope="module")
def place(make_platform: Callable[[], Platform]) -> Platform:
    """A platform whose producer has changed; the tests mend its contract one after the other."""
    platform = make_platform()
    for hour, events in LANDED.items():
        platform.land(hour, "orders.json.gz", events)
    return platform


def test_a_changed_producer_shows_as_drift_and_rejected_records(place: Platform) -> None:
    """Under the contract as it was: new fields are drift, and values of another kind are rejected."""
    run = judged_by(place, EARLIER)
    place.gold()
    assert drift(place, run) == {
        key(FIRST): [("order.coupon", "text", 1)],
        key(SECOND): [("order.coupon", "text", 1)],
    }
    assert not place.checks(run)["rejected/commerce", "rejected_share", key(SECOND)]
    assert rejected(place) == [
        ("type", "device_platform: text wanted, object found", "0.9.0"),
        ("type", "order_total: '1234567890.12' is out of the range of decimal(15,6)", "0.9.0"),
    ]
    assert reading.gold(place.data, BY_DAY) == [("2026-03-01", 2, Decimal(30)), ("2026-03-02", 1, Decimal(10))]


def test_a_mended_contract_makes_the_past_good(place: Platform) -> None:
    """The next runs take in what was rejected and fill the new column, as far as gold."""
    run = judged_by(place, MENDED)
    place.gold()
    assert drift(place, run) == {key(FIRST): [], key(SECOND): []}
    assert rejected(place) == []
    reading.assert_conserved(place.data)
    sql = "SELECT event_id, coupon, device_platform, order_total, _contract_version FROM silver ORDER BY 1"
    assert reading.query(place.data, sql) == [
        ("e-1", None, "mobile", Decimal("10.00"), "1.1.0"),
        ("e-2", "SPRING", "mobile", Decimal("20.00"), "1.1.0"),
        ("e-3", "SPRING", "mobile", Decimal("10.00"), "1.1.0"),
        ("e-4", None, "tablet", Decimal("10.00"), "1.1.0"),
        ("e-5", None, "mobile", Decimal("1234567890.12"), "1.1.0"),
    ]
    coupons = f"""ATTACH '{place.data}/gold.duckdb' AS gold (READ_ONLY);
        SELECT coupon, count(*), sum(orders.revenue) FROM silver.commerce
        JOIN gold.marts.fct_orders AS orders USING (order_id) GROUP BY 1 ORDER BY 1 NULLS LAST"""
    assert reading.gold(place.data, coupons, "warehouse.duckdb") == [
        ("SPRING", 2, Decimal(30)),
        (None, 3, Decimal("1234567910.12")),
    ]
    assert reading.gold(place.data, BY_DAY) == [
        ("2026-03-01", 2, Decimal(30)),
        ("2026-03-02", 3, Decimal("1234567910.12")),
    ]


def test_a_stricter_contract_rejects_what_was_taken(place: Platform) -> None:
    """The order leaves silver and gold; running again changes nothing."""
    judged_by(place, STRICTER)
    place.gold()
    assert rejected(place) == [("rule", "order_total: no order has a million: 1234567890.120000", "2.0.0")]
    reading.assert_conserved(place.data)
    assert reading.gold(place.data, BY_DAY) == [("2026-03-01", 2, Decimal(30)), ("2026-03-02", 2, Decimal(20))]
    snapshots = reading.snapshots(place.data)
    judged_by(place, STRICTER)
    assert reading.snapshots(place.data) == snapshots, "under the same contract, nothing is left to judge"
