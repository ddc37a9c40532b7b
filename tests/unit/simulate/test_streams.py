"""What holds for every stream: it can be made again, in any part and by anybody, and its flaws are one at a time."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from simulate import defects
from simulate.plan import Plan, Shares, Slot
from simulate.run import simulate
from simulate.stream import Stream
from simulate.streams import STREAMS

PLAN = Plan(datetime(2026, 1, 1, 22), hours=2, rate=300, seed=5, events_per_file=100)
FLAWS = [
    (stream, reason, number)
    for stream in STREAMS.values()
    for reason, flaws in stream.flaws.items()
    for number in range(len(flaws))
]
every_stream = pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))


def first(stream: Stream) -> Slot:
    return PLAN.slots(stream.transport.parts(PLAN))[0]


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@every_stream
def test_a_plan_lands_the_same_bytes_whoever_works_on_it(stream: Stream, tmp_path: Path) -> None:
    one = simulate(stream, PLAN, tmp_path / "one", workers=1)
    two = simulate(stream, PLAN, tmp_path / "two", workers=3)
    other = simulate(stream, replace(PLAN, seed=6), tmp_path / "other")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert one.figures() == two.figures() != other.figures()
    assert not set(digests(tmp_path / "one").values()) & set(digests(tmp_path / "other").values())


@every_stream
def test_what_a_slot_will_hold_is_known_without_making_it(stream: Stream) -> None:
    for slot in PLAN.slots(stream.transport.parts(PLAN))[:4]:
        batch = stream.source.batch(slot)
        assert stream.source.count(slot) == len(batch.lines) == sum(batch.tally.records.values())
        assert defects.landed(stream, slot) == len(batch.lines) + len(defects.extras(stream, slot, batch))


@every_stream
def test_the_rate_is_kept(stream: Stream) -> None:
    plan = Plan(PLAN.start, hours=2, rate=3_000, shares=Shares.none())
    counts = [stream.source.count(slot) for slot in plan.slots(stream.transport.parts(plan))]
    assert sum(counts) == pytest.approx(6_000, rel=0.1)


@every_stream
def test_what_comes_again_is_what_landed(stream: Stream) -> None:
    lines = stream.source.again(PLAN, [(first(stream), number / 50) for number in range(50)])
    assert lines
    assert set(lines) <= set(stream.source.batch(first(stream)).lines)


@every_stream
def test_spare_records_are_like_no_others(stream: Stream) -> None:
    spare = stream.source.spare(first(stream), 300)
    assert len(set(spare)) == 300
    assert not set(spare) & set(stream.source.batch(first(stream)).lines)


@every_stream
def test_a_record_read_and_written_again_is_the_same(stream: Stream) -> None:
    form = stream.format
    for line in stream.source.batch(first(stream)).lines:
        assert form.parse(form.dump(form.parse(line)).decode()) == form.parse(line)


@every_stream
def test_no_two_good_records_are_the_same(stream: Stream) -> None:
    """Where a producer gives no id, equal records would be one to any reader."""
    crowd = replace(PLAN, rate=6_000, people=5)
    for hour in range(2):
        lines = [stream.source.batch(slot).lines for slot in crowd.slots(2) if slot.hour == hour]
        texts = [text for series in lines for text in series]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("stream", "reason", "number"), FLAWS, ids=lambda part: getattr(part, "name", part))
def test_a_flaw_changes_one_thing(stream: Stream, reason: str, number: int) -> None:
    good, bad = (stream.format.parse(stream.source.spare(first(stream), 1)[0]) for _ in range(2))
    stream.flaws[reason][number](bad, Random(1), first(stream))
    changed = {name for name in good if name not in bad or bad[name] != good[name]}
    # Times come in several fields that have to agree.
    assert len(changed) == 1 or (reason == "clock" and all("tstamp" in name for name in changed))
    if changed == {"order"}:
        inner = {name for name in good["order"] if bad["order"].get(name) != good["order"][name]}
        assert len(inner) == 1


@every_stream
def test_each_way_to_break_a_text_can_be_had(stream: Stream) -> None:
    line = stream.source.spare(first(stream), 1)[0]
    broken = {breakage(line, Random(seed)) for breakage in stream.format.malformed for seed in range(3)}
    assert len(broken) >= len(stream.format.malformed)
    assert line.encode() not in broken
