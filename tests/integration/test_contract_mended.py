"""Producers change what they send: it shows, the contract is mended, and the past is made good as far as gold."""

from __future__ import annotations

import dataclasses
import datetime as dt
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
from definitions import build_defs

pytestmark = pytest.mark.integration
FIRST = dt.datetime(2026, 3, 1, 23)
SECOND = FIRST + dt.timedelta(hours=1)


class EarlierEvent(CommerceEvent):
    """As it was when orders were small."""

    order_total: Annotated[pl.Decimal, 15, 6] = column("order.total_amount", ge=0, description="Gross total")


class MendedEvent(CommerceEvent):
    """Takes coupons, totals of more digits, and devices that are objects, as newer apps send them."""

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
    """Both hours materialized under a contract, and gold after them; answers the first run."""
    streams = [contract if stream.name == contract.name else stream for stream in STREAMS]
    platform.definitions = build_defs(streams=streams)
    run = platform.ingest(FIRST, SECOND)
    platform.gold()
    return run


def drift(platform: Platform, run: dg.ExecuteInProcessResult) -> dict[str, list[tuple[str, str, int]]]:
    """What the check says of each hour: unknown fields, their types and how many records have them."""
    columns = ("field", "type", "records")
    logs = platform.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [log.get_dagster_event().asset_check_evaluation_data for log in logs]
    mine = [e for e in found if e.check_name == "drift" and e.asset_key.path[-1] == COMMERCE.name]
    tables = {str(e.partition): e.metadata["fields"].value for e in mine}
    assert all(e.passed != bool(tables[str(e.partition)].records) for e in mine)
    return {hour: [tuple(r.data[c] for c in columns) for r in table.records] for hour, table in tables.items()}


def rejected(platform: Platform) -> list[tuple[Any, ...]]:
    return reading.query(platform.data, "SELECT reason, detail, _contract_version FROM rejected ORDER BY _line")


def test_a_changed_producer_and_a_mended_contract(platform: Platform) -> None:
    """One story, told in the order in which it happens; every landed record is accounted for at each of its ends."""
    for hour, events in LANDED.items():
        platform.land(hour, "orders.json.gz", events)

    run = judged_by(platform, EARLIER)
    assert drift(platform, run) == {
        key(FIRST): [("order.coupon", "text", 1)],
        key(SECOND): [("order.coupon", "text", 1)],
    }
    assert not platform.checks(run)["rejected/commerce", "rejected_share", key(SECOND)]
    assert rejected(platform) == [
        ("type", "device_platform: text wanted, object found", "0.9.0"),
        ("type", "order_total: '1234567890.12' is out of the range of decimal(15,6)", "0.9.0"),
    ]
    assert reading.gold(platform.data, BY_DAY) == [("2026-03-01", 2, Decimal(30)), ("2026-03-02", 1, Decimal(10))]

    run = judged_by(platform, MENDED)
    assert drift(platform, run) == {key(FIRST): [], key(SECOND): []}
    assert rejected(platform) == []
    reading.assert_conserved(platform.data)
    sql = "SELECT event_id, coupon, device_platform, order_total, _contract_version FROM silver ORDER BY 1"
    assert reading.query(platform.data, sql) == [
        ("e-1", None, "mobile", Decimal("10.00"), "1.1.0"),
        ("e-2", "SPRING", "mobile", Decimal("20.00"), "1.1.0"),
        ("e-3", "SPRING", "mobile", Decimal("10.00"), "1.1.0"),
        ("e-4", None, "tablet", Decimal("10.00"), "1.1.0"),
        ("e-5", None, "mobile", Decimal("1234567890.12"), "1.1.0"),
    ]
    coupons = f"""ATTACH '{platform.data}/gold.duckdb' AS gold (READ_ONLY);
        SELECT coupon, count(*), sum(orders.revenue) FROM silver.commerce
        JOIN gold.marts.fct_orders AS orders USING (order_id) GROUP BY 1 ORDER BY 1 NULLS LAST"""
    assert reading.gold(platform.data, coupons, "warehouse.duckdb") == [
        ("SPRING", 2, Decimal(30)),
        (None, 3, Decimal("1234567910.12")),
    ]
    assert reading.gold(platform.data, BY_DAY) == [
        ("2026-03-01", 2, Decimal(30)),
        ("2026-03-02", 3, Decimal("1234567910.12")),
    ]

    judged_by(platform, STRICTER)
    assert rejected(platform) == [("rule", "order_total: no order has a million: 1234567890.120000", "2.0.0")]
    reading.assert_conserved(platform.data)
    assert reading.gold(platform.data, BY_DAY) == [("2026-03-01", 2, Decimal(30)), ("2026-03-02", 2, Decimal(20))]
    snapshots = reading.snapshots(platform.data)
    judged_by(platform, STRICTER)
    assert reading.snapshots(platform.data) == snapshots, "what a contract has judged is judged"
