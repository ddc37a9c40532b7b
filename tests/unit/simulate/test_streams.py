"""What holds for every stream: any part of it can be made again, and each flaw breaks one thing."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from simulate.blocks import _make_block
from simulate.defects import count_landed, make_defects
from simulate.plan import Plan, PlannedFile, Shares
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


def first_file(stream: Stream) -> PlannedFile:
    return PLAN.files(stream.transport.parts(PLAN))[0]


def digests(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@every_stream
def test_a_plan_lands_the_same_bytes_with_any_number_of_workers(stream: Stream, tmp_path: Path) -> None:
    one = simulate(stream, PLAN, tmp_path / "one", workers=1)
    two = simulate(stream, PLAN, tmp_path / "two", workers=3)
    other = simulate(stream, replace(PLAN, seed=6), tmp_path / "other")
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert one.as_dict() == two.as_dict() != other.as_dict()
    assert not set(digests(tmp_path / "one").values()) & set(digests(tmp_path / "other").values())


@every_stream
def test_a_files_records_are_counted_without_making_them(stream: Stream) -> None:
    for file in PLAN.files(stream.transport.parts(PLAN))[:4]:
        batch = stream.source.batch(file)
        assert stream.source.count(file) == len(batch.lines) == sum(batch.counts.records.values())
        assert count_landed(stream, file) == len(batch.lines) + len(make_defects(stream, file, batch))


@every_stream
def test_the_rate_is_the_mean_of_the_hours(stream: Stream) -> None:
    plan = Plan(PLAN.start, hours=24, rate=3_000, shares=Shares.none())
    counts = [stream.source.count(file) for file in plan.files(stream.transport.parts(plan))]
    assert sum(counts) == pytest.approx(24 * 3_000, rel=0.05)


@every_stream
def test_a_file_is_made_alone(stream: Stream) -> None:
    """Each file of an hour holds its own records, in whatever order files are made."""
    files = PLAN.files(stream.transport.parts(PLAN))
    backwards = {file: stream.source.batch(file).lines.to_list() for file in reversed(files)}
    _make_block.cache_clear()
    assert backwards == {file: stream.source.batch(file).lines.to_list() for file in files}
    lines = [line for of_file in backwards.values() for line in of_file]
    assert len(lines) == len(set(lines))


@every_stream
def test_repeated_records_are_records_that_landed(stream: Stream) -> None:
    lines = stream.source.repeat(PLAN, [(0, number / 50) for number in range(50)])
    files = [file for file in PLAN.files(stream.transport.parts(PLAN)) if file.hour == 0]
    assert lines
    assert set(lines) <= {line for file in files for line in stream.source.batch(file).lines}


@every_stream
def test_spare_records_equal_no_others(stream: Stream) -> None:
    spare = stream.source.spares(first_file(stream), 300)
    assert len(set(spare)) == 300
    assert not set(spare) & set(stream.source.batch(first_file(stream)).lines)


@every_stream
def test_a_record_read_and_written_again_is_the_same(stream: Stream) -> None:
    form = stream.format
    for line in stream.source.batch(first_file(stream)).lines:
        assert form.parse(form.dump(form.parse(line)).decode()) == form.parse(line)


@every_stream
def test_no_two_good_records_are_equal(stream: Stream) -> None:
    """Where a producer gives no id, any reader would take equal records for one."""
    crowd = replace(PLAN, rate=6_000, people=5)
    for hour in range(2):
        lines = [stream.source.batch(file).lines for file in crowd.files(2) if file.hour == hour]
        texts = [text for series in lines for text in series]
        assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("stream", "reason", "number"), FLAWS, ids=lambda part: getattr(part, "name", part))
def test_a_flaw_changes_one_thing(stream: Stream, reason: str, number: int) -> None:
    good, bad = (stream.format.parse(stream.source.spares(first_file(stream), 1)[0]) for _ in range(2))
    stream.flaws[reason][number](bad, Random(1), first_file(stream))
    changed = {name for name in good if name not in bad or bad[name] != good[name]}
    # Times come in several fields that have to agree.
    assert len(changed) == 1 or (reason == "clock" and all("tstamp" in name for name in changed))
    if changed == {"order"}:
        inner = {name for name in good["order"] if bad["order"].get(name) != good["order"][name]}
        assert len(inner) == 1


@every_stream
def test_every_corruption_changes_the_text(stream: Stream) -> None:
    line = stream.source.spares(first_file(stream), 1)[0]
    broken = {corruption(line, Random(seed)) for corruption in stream.format.corruptions for seed in range(3)}
    assert len(broken) >= len(stream.format.corruptions)
    assert line.encode() not in broken
