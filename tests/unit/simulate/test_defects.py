"""Defects: added records break one thing, and never touch what the good ones say."""

from __future__ import annotations

import json
from datetime import datetime
from random import Random

import pytest

from simulate import defects
from simulate.commerce.stream import COMMERCE
from simulate.formats import Json
from simulate.plan import Plan, Shares, Slot

SOURCE = COMMERCE.source
PLAN = Plan(datetime(2026, 1, 1), hours=30, rate=2_000, shares=Shares(duplicates=0.3, conflicts=0.3))
SLOTS = PLAN.slots(PLAN.parts)


def records(slot: Slot) -> dict[str, dict[str, object]]:
    return {record["event_id"]: record for record in map(json.loads, SOURCE.batch(slot).lines)}


@pytest.mark.parametrize("hour", [0, 3])
def test_repeats_follow_what_they_repeat(hour: int) -> None:
    slot = Slot(PLAN, hour, 1, PLAN.parts)
    batch = SOURCE.batch(slot)
    here = {json.loads(line)["event_id"]: place for place, line in enumerate(batch.lines)}
    before = {key for past in SLOTS[: SLOTS.index(slot)] for key in records(past)}
    repeats = [extra for extra in defects.extras(COMMERCE, slot, batch) if extra.reason in ("duplicate", "conflict")]
    assert len(repeats) == pytest.approx(0.6 * len(here), abs=2)
    for extra in repeats:
        key = json.loads(extra.line)["event_id"]
        assert key in before or extra.position > here[key]


def test_what_comes_again_is_what_landed() -> None:
    past = Slot(PLAN, 3, 1, PLAN.parts)
    lines = SOURCE.again(PLAN, [(past, number / 200) for number in range(200)])
    assert len(lines) == 200
    assert set(lines) <= set(SOURCE.batch(past).lines)


def test_redelivered_records_keep_their_content_not_always_their_bytes() -> None:
    line = SOURCE.spare(Slot(PLAN, 0, 0, PLAN.parts), 1)[0]
    texts = {Json().redelivered(line, Random(seed)) for seed in range(50)}
    assert len(texts) == 3, "as landed, keys in another order, with spaces; escapes only where a name wants them"
    assert line.encode() in texts
    assert all(json.loads(text) == json.loads(line) for text in texts)


def test_spare_records_share_no_id_with_good_ones() -> None:
    slot = Slot(PLAN, 4, 0, PLAN.parts)
    spare = [json.loads(line) for line in SOURCE.spare(slot, 500)]
    good = records(slot).values()
    orders = {record["order"]["order_id"] for record in good if "order" in record}  # type: ignore[index]
    assert not {record["event_id"] for record in spare} & set(records(slot))
    assert not {record["order"]["order_id"] for record in spare} & orders


def test_amended_records_keep_key_and_time() -> None:
    line = SOURCE.spare(Slot(PLAN, 0, 0, PLAN.parts), 1)[0]
    for seed in range(20):
        good, other = json.loads(line), json.loads(line)
        COMMERCE.amendments[0](other, Random(seed))
        assert other != good
        assert all(other[name] == good[name] for name in ("event_id", "event_timestamp", "event_type", "session_id"))
