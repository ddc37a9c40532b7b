"""Drift of an arrival hour is exact if records are few; else it is a sample, and says so."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest

from assets import checks, ui
from events.conform import Conformers
from lake import drift, read_objects
from lake import writing as datafiles
from lake.drift import Drift
from lake.schemas import Layer
from lake.snapshots import rows_snapshot

HIDDEN = "somebody@example.com"


def look(platform: Any, *numbers: int) -> dict[int, Drift]:
    """The drift of some hours of bronze, by number."""
    bronze = platform.lake.table(Layer.BRONZE, platform.stream)
    hours = [platform.hour(number) for number in numbers]
    found = drift.find_drift(bronze, rows_snapshot(bronze), hours, Conformers(platform.stream, b"key"))
    return dict(zip(numbers, (found[hour] for hour in hours), strict=True))


def result(platform: Any, number: int) -> Any:
    """The check's result for one hour, after judging it."""
    named, _ = platform.judge_silver(number)
    conformers = Conformers(platform.stream, b"key")
    hour = platform.hour(number)
    bronze = platform.lake.table(Layer.BRONZE, platform.stream)
    found = drift.find_drift(bronze, named.bronze, [hour], conformers)
    return checks.drift(platform.stream, found)[hour]


def test_every_hour_has_its_own_drift(platform: Any, shop: Any) -> None:
    """A producer's change begins in some hour, and the UI should show which."""
    platform.put(0, "a", [shop("1"), shop("2", coupon=HIDDEN), shop("3", coupon=4)])
    platform.put(0, "b", [shop("4", coupon=HIDDEN, session={"geo": {}})])
    platform.put(1, "a", [shop("5"), b"damaged"])
    platform.load(0, 1, 2)
    found = look(platform, 0, 1, 2)
    assert found[0].fields == {("coupon", "text"): 2, ("coupon", "integer"): 1, ("session.geo", "object"): 1}
    assert (found[0].looked_at, found[0].records) == (4, 4)
    assert found[1] == Drift(found[1].fields, 2, 2)
    assert found[1].fields == found[2].fields == {}
    assert (found[2].looked_at, found[2].records) == (0, 0)


def test_the_check_warns_and_shows_no_values(platform: Any, shop: Any) -> None:
    """An unknown field may hold personal data, and many people read the UI."""
    platform.put(0, "a", [shop("1", coupon=HIDDEN), shop("2", coupon=HIDDEN)])
    platform.load(0)
    found = result(platform, 0)
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN
    assert not found.blocks
    assert [dict(row.data) for row in found.metadata["fields"].records] == [
        {"field": "coupon", "type": "text", "records": 2}
    ]
    assert (found.metadata["unknown_fields"], found.metadata["records_looked_at"]) == (1, 2)
    assert HIDDEN not in repr(found)


def test_the_check_passes_where_all_is_known(platform: Any, shop: Any) -> None:
    """It shows an empty table."""
    platform.put(0, "a", [shop("1")])
    platform.load(0)
    found = result(platform, 0)
    assert found.passed
    assert found.metadata["fields"].records == []


def test_a_large_hour_is_sampled(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows of each data file are looked at, so that no producer is left out. The metadata says how many."""
    monkeypatch.setattr(drift, "EXACT_RECORDS", 30)
    monkeypatch.setattr(drift, "SAMPLE_RECORDS", 10)
    for name in "ab":
        platform.put(0, name, [shop(f"{name}{i}", coupon=1) for i in range(20)])
        platform.load(0)
    found = look(platform, 0)[0]
    assert (found.looked_at, found.records) == (10, 40)
    assert found.fields == {("coupon", "integer"): 10}
    monkeypatch.setattr(drift, "EXACT_RECORDS", 40)
    assert look(platform, 0)[0].looked_at == 40


def test_large_records_end_the_look_early(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few records may be very large, and drift is only a hint: it is not worth that memory."""
    monkeypatch.setattr(drift, "LOOK_BYTES", 100_000)
    monkeypatch.setattr(drift, "BATCH_ROWS", 8)
    platform.put(0, "a", [shop(str(i), pad="x" * 10_000) for i in range(40)])
    platform.load(0)
    found = look(platform, 0)[0]
    assert (found.looked_at, found.records) == (16, 40)


def test_drift_reads_row_group_by_row_group(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes of a row group are bounded. A fixed number of large records might not fit in memory."""
    monkeypatch.setattr(read_objects, "GATHERED_BYTES", 50_000)
    monkeypatch.setattr(datafiles, "ROW_GROUP_BYTES", 50_000)
    monkeypatch.setattr(drift, "LOOK_BYTES", 50_000)
    for name in "abcd":
        platform.put(0, name, [shop(f"{name}{i}", pad="x" * 10_000) for i in range(10)])
    platform.load(0)
    assert look(platform, 0)[0].looked_at <= 10


def test_names_can_be_shown(platform: Any, shop: Any) -> None:
    """A field may have any name: lone surrogates, control characters, a megabyte. There may be ten thousand of them."""
    names = ["\ud800", "\x1b[31mred\x00", "x" * 1_000_000, *map(str, range(10_000))]
    platform.put(0, "a", [shop("1", **dict.fromkeys(names, 1)), json.dumps(dict.fromkeys(names[:3], 1)).encode()])
    platform.load(0)
    metadata = result(platform, 0).metadata
    shown = [row.data["field"] for row in metadata["fields"].records]
    assert metadata["unknown_fields"] == len(names)
    assert len(shown) == ui.SHOWN_FIELDS
    assert all(text.isprintable() and len(text) <= 200 for text in shown)
    assert "\ufffd" in shown
    assert r"\x1b[31mred\x00" in shown
