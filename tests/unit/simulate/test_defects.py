"""Defects: each breaks one thing, and none changes a good record."""

from __future__ import annotations

import json
from datetime import datetime
from random import Random

import pytest

from simulate.commerce.stream import COMMERCE
from simulate.defects import make_defects
from simulate.formats import Json
from simulate.plan import Plan, PlannedFile, Shares

SOURCE = COMMERCE.source
PLAN = Plan(datetime(2026, 1, 1), hours=30, rate=2_000, shares=Shares(duplicates=0.3, conflicts=0.3))
SLOTS = PLAN.files(PLAN.parts)


def records(file: PlannedFile) -> dict[str, dict[str, object]]:
    return {record["event_id"]: record for record in map(json.loads, SOURCE.batch(file).lines)}


@pytest.mark.parametrize("hour", [0, 3])
def test_a_repeated_record_lands_after_its_first_landing(hour: int) -> None:
    file = PlannedFile(PLAN, hour, 1, PLAN.parts)
    batch = SOURCE.batch(file)
    here = {json.loads(line)["event_id"]: place for place, line in enumerate(batch.lines)}
    before = {key for past in SLOTS[: SLOTS.index(file)] for key in records(past)}
    repeats = [defect for defect in make_defects(COMMERCE, file, batch) if defect.reason in ("duplicate", "conflict")]
    assert len(repeats) == pytest.approx(0.6 * len(here), abs=2)
    for defect in repeats:
        key = json.loads(defect.line)["event_id"]
        assert key in before or defect.position > here[key]


def test_repeated_records_are_records_that_landed() -> None:
    lines = SOURCE.repeat(PLAN, [(18, number / 200) for number in range(200)])
    assert len(lines) == 200
    assert set(lines) <= {line for file in SLOTS if file.hour == 18 for line in SOURCE.batch(file).lines}


def test_redelivered_records_keep_their_content_but_not_always_their_bytes() -> None:
    line = SOURCE.spares(PlannedFile(PLAN, 0, 0, PLAN.parts), 1)[0]
    texts = {Json().redelivered(line, Random(seed)) for seed in range(50)}
    assert len(texts) == 3, "as landed, keys in another order, with spaces; escapes change nothing in this record"
    assert line.encode() in texts
    assert all(json.loads(text) == json.loads(line) for text in texts)


def test_spare_records_share_no_id_with_good_ones() -> None:
    file = PlannedFile(PLAN, 4, 0, PLAN.parts)
    spare = [json.loads(line) for line in SOURCE.spares(file, 500)]
    good = records(file).values()
    orders = {record["order"]["order_id"] for record in good if "order" in record}  # type: ignore[index]
    assert not {record["event_id"] for record in spare} & set(records(file))
    assert not {record["order"]["order_id"] for record in spare} & orders


def test_amended_records_keep_key_and_time() -> None:
    line = SOURCE.spares(PlannedFile(PLAN, 0, 0, PLAN.parts), 1)[0]
    for seed in range(20):
        good, other = json.loads(line), json.loads(line)
        COMMERCE.amendments[0](other, Random(seed))
        assert other != good
        assert all(other[name] == good[name] for name in ("event_id", "event_timestamp", "event_type", "session_id"))
