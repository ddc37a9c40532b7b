"""The job `repair`: silver's files are lost, then a file of bronze whose object is gone too."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import reading
from driving import Platform

pytestmark = [pytest.mark.integration, pytest.mark.verify]
HOUR = dt.datetime(2026, 3, 1, 10)
NEXT = HOUR + dt.timedelta(hours=1)


def orders(first: int, last: int) -> list[dict[str, object]]:
    return [
        {
            "event_id": f"e-{number}", "event_timestamp": "2026-03-01T10:00:00Z", "event_type": "order_completed",
            "order": {"order_id": f"o-{number}", "status": "completed", "currency": "EUR", "total_amount": "1.00"},
        }
        for number in range(first, last)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def platform(make_platform: Any) -> Platform:
    platform: Platform = make_platform("repaired")
    platform.land(HOUR, "kept.json", orders(0, 5))
    platform.land(NEXT, "gone.json", [*orders(3, 8), b"{broken"])
    platform.ingest(HOUR, NEXT)
    platform.gold()
    return platform


def files(platform: Platform, layer: str) -> list[Path]:
    return sorted((platform.data / "lake" / layer / "commerce" / "data").rglob("*.parquet"))


def messages(platform: Platform, run: Any) -> str:
    return json.dumps([record.user_message for record in platform.instance.all_logs(run.run_id)]) + repr(
        [event.event_specific_data for event in run.all_events if event.is_failure]
    )


def test_a_lost_file_fails_by_name_and_is_repaired(platform: Platform) -> None:
    """Rows, gold and checks are as before, and the job says what it found."""
    before = reading.lake(platform.data, "silver").select(["event_id", "_source_file", "_line"])
    for file in files(platform, "silver"):
        file.unlink()
    failed = platform.ingest(HOUR, check=False)
    assert not failed.success
    said = messages(platform, failed)
    assert "table silver.commerce, data file" in said
    assert "make repair STREAM=commerce" in said
    repaired = platform.run("repair", {}, {})
    assert "it is missing" in messages(platform, repaired)
    after = reading.lake(platform.data, "silver").select(["event_id", "_source_file", "_line"])
    assert sorted(map(str, after.to_pylist())) == sorted(map(str, before.to_pylist()))
    platform.ingest(HOUR, NEXT)
    platform.gold()
    reading.assert_conserved(platform.data)
    assert reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders") == [(8,)]


def test_what_is_lost_for_good_is_named_and_gold_follows(platform: Platform) -> None:
    """The object has left the landing zone. Its orders are gone from gold, and the log and the ledger say why."""
    (platform.landing / f"commerce/{NEXT:%Y/%m/%d/%H}/gone.json").unlink()
    (lost,) = (file for file in files(platform, "bronze") if pq.read_metadata(file).num_rows == 6)
    lost.unlink()
    said = messages(platform, platform.run("repair", {}, {}))
    assert "lost for good: 6 records of commerce/2026/03/01/11/gone.json" in said
    platform.ingest(HOUR, NEXT)
    platform.gold()
    reading.assert_conserved(platform.data)
    assert reading.gold(platform.data, "SELECT count(*) FROM marts.fct_orders") == [(5,)]
