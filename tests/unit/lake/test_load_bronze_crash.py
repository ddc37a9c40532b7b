"""A run dies after bronze's commit and before the ledger's. The object may change before the next run."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assets import checks
from lake import load_bronze, upkeep
from lake.schemas import PARTITION_BY, Layer
from lake.validation import compare_with_ledger


def run(platform: Any, *hours: int, dies_at: int | None = None) -> None:
    """Load hours; the run dies before its commit number `dies_at`, counted from 1."""
    with platform.dying(dies_at, load_bronze), suppress(platform.CrashError):
        platform.load(*hours)


def counted(platform: Any) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    """Records by object name and version, in the ledger and in bronze."""
    rows = platform.rows(Layer.LEDGER).filter("current", pl.col("records").is_not_null())
    told = Counter({(Path(path).name, version): n for path, version, n in rows["path", "version", "records"].rows()})
    held = Counter((Path(f).name, v) for f, v in platform.rows(Layer.BRONZE)["_source_file", "_source_version"].rows())
    return +told, held


def complete(platform: Any, *hours: int) -> bool:
    found = platform.load(*hours)
    table = platform.lake.table(Layer.BRONZE, platform.stream)
    at = [platform.hour(number) for number in hours]
    results = checks.complete(platform.stream, at, compare_with_ledger(table, at, found.ledger))
    return all(result.passed for result in results.values())


def file(platform: Any, path: str) -> Path:
    found: Path = platform.landing.root / path
    return found


def test_a_file_that_has_gone_meanwhile_is_entered(platform: Any) -> None:
    """Bronze has all its records, and nothing else has them any more."""
    path = platform.put(0, "a", [b"1", b"2"])
    run(platform, 0, dies_at=2)
    file(platform, path).unlink()
    assert complete(platform, 0)
    entry = platform.rows(Layer.LEDGER)
    assert entry["path", "records", "size", "refused", "current"].rows() == [(path, 2, None, None, True)]
    before = platform.snapshots()
    assert complete(platform, 0)
    assert platform.snapshots() == before


def test_a_file_that_is_still_there_is_entered_with_its_size(platform: Any) -> None:
    """The ledger is the same as if the run had not died."""
    path = platform.put(0, "a", [b"1", b"2"])
    run(platform, 0, dies_at=2)
    assert complete(platform, 0)
    entry = platform.rows(Layer.LEDGER)
    assert entry["path", "records", "size"].rows() == [(path, 2, file(platform, path).stat().st_size)]


def test_a_file_that_was_emptied_and_has_gone_is_entered(platform: Any) -> None:
    """No row of bronze shows that it landed."""
    path = platform.put(0, "a", [b"1"])
    platform.load(0)
    platform.put(0, "a", b"")
    run(platform, 0, dies_at=2)
    file(platform, path).unlink()
    assert complete(platform, 0)
    assert counted(platform) == (Counter(), Counter())


def test_the_run_of_another_hour_makes_it_good(platform: Any) -> None:
    """The ledger then names a later snapshot of bronze, so later runs would not look again."""
    path = platform.put(0, "a", [b"1"])
    run(platform, 0, dies_at=2)
    file(platform, path).unlink()
    platform.put(30, "b", [b"2"])
    platform.load(30)
    assert complete(platform, 0)


def test_an_old_lake_is_scanned_once(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger of an older lake names no snapshot of bronze, and upkeep has expired the first snapshots."""
    with monkeypatch.context() as patch:
        patch.setattr(load_bronze, "add_missing_entries", lambda *_: None)
        for hour in range(2):
            path = platform.put(hour, "a", [b"1"])
            run(platform, hour, dies_at=2)
            file(platform, path).unlink()
    table = platform.lake.table(Layer.BRONZE, platform.stream)
    upkeep.expire(table, (), platform.now.replace(year=2030))
    assert len(table.refresh().snapshots()) == 1
    assert complete(platform, 0, 1)
    assert sum(counted(platform)[0].values()) == 2


def test_compaction_is_no_reason_to_look(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour without new objects must not read bronze, whose rows are the same."""
    for name in "abcd":
        platform.put(0, name, [b"1"])
        platform.load(0)
    bronze = platform.lake.table(Layer.BRONZE, platform.stream)
    assert upkeep.compact(bronze, PARTITION_BY[Layer.BRONZE])[0]

    def looked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("lake.ledger.count_objects", looked)
    assert platform.load(0).new == []


NAME = st.sampled_from("ab")
STEP = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 1), NAME, st.integers(0, 2)),
    st.tuples(st.just("remove"), st.integers(0, 1), NAME),
    st.tuples(st.just("run"), st.sampled_from([(0,), (1,), (0, 1)]), st.sampled_from([None, 1, 2, 3])),
)


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])  # an example costs a second: no shrinking
@given(st.lists(STEP, min_size=4, max_size=9))
def test_wherever_runs_die_ledger_and_bronze_agree_in_the_end(platforms: Any, steps: list[Any]) -> None:
    """Uploads, re-uploads (empty ones too), files that go, and runs that die before any of their commits."""
    platform = platforms()
    for kind, *what in steps:
        if kind == "put":
            hour, name, records = what
            platform.put(hour, name, b"\n".join([b"%d" % n for n in range(records)]))
        elif kind == "remove":
            file(platform, f"commerce/{platform.hour(what[0]):%Y/%m/%d/%H}/{what[1]}").unlink(missing_ok=True)
        else:
            run(platform, *what[0], dies_at=what[1])
    assert complete(platform, 0, 1)
    told, held = counted(platform)
    assert told == held
    for landed in platform.landing.objects(platform.stream):
        lines = file(platform, landed.path).read_bytes().split()
        assert held[landed.path.rsplit("/", 1)[1], landed.version] == len(lines)
