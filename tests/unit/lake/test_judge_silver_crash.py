"""Crashes, concurrent runs, new contract versions: whatever went wrong, the next run corrects it."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from pyiceberg.exceptions import CommitFailedException

from lake import commits, judge_silver
from lake.schemas import Layer


@pytest.fixture
def conflicting(platform: Any, shop: Any) -> Any:
    """Two hours in bronze, the first one judged. The second has a loser, a winner and a malformed line."""
    platform.put(0, "f0", [shop("k", "A"), b"{broken"])
    platform.run(0)
    platform.put(1, "f1", [shop("k", "B"), shop("l"), b"{broken"])
    platform.load(1)
    return platform


WANTED = {
    ("f0", 1): "silver",
    ("f0", 2): "malformed",
    ("f1", 1): "conflict",
    ("f1", 2): "silver",
    ("f1", 3): "malformed",
}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("next_hour", [0, 1])
def test_a_crash_before_a_commit_is_repaired(conflicting: Any, number: int, next_hour: int) -> None:
    """Rejected is committed first: between the two commits a record may be in both tables, or in none."""
    with conflicting.dying(number, judge_silver), pytest.raises(conflicting.CrashError):
        conflicting.judge_silver(1)
    conflicting.judge_silver(next_hour)
    conflicting.judge_silver(1)
    assert conflicting.verdicts() == WANTED
    assert not conflicting.judge_silver(0, 1)[1]


def test_a_crash_of_the_very_first_run_is_repaired(platform: Any, shop: Any) -> None:
    """Silver then names no snapshot of rejected, and rejected has to be emptied."""
    platform.put(0, "f0", [shop("k"), b"{broken"])
    platform.load(0)
    with platform.dying(2, judge_silver), pytest.raises(platform.CrashError):
        platform.judge_silver(0)
    assert platform.judge_silver(0)[1]
    assert platform.verdicts() == {("f0", 1): "silver", ("f0", 2): "malformed"}


def test_a_rivals_commit_makes_the_run_compute_again(
    conflicting: Any, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other run brings an earlier record of the same key, so what was computed before is wrong."""
    conflicting.put(-1, "rival", [shop("l", "B")])
    conflicting.load(-1)
    attempts = []

    def commit(*arguments: Any) -> Any:
        attempts.append(1)
        if len(attempts) == 2:
            monkeypatch.undo()
            conflicting.judge_silver(-1)
        return commits.commit(*arguments)

    monkeypatch.setattr(judge_silver, "commit", commit)
    monkeypatch.setattr(commits.time, "sleep", lambda _: None)
    conflicting.judge_silver(1)
    assert conflicting.verdicts() == WANTED | {("rival", 1): "silver", ("f1", 2): "conflict"}


def test_a_rival_that_never_gives_way_ends_the_run(conflicting: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that retried for ever would hold its slot without any error."""
    tried = []

    def commit(*_: Any) -> Any:
        tried.append(1)
        raise CommitFailedException

    monkeypatch.setattr(judge_silver, "commit", commit)
    monkeypatch.setattr(commits.time, "sleep", lambda _: None)
    with pytest.raises(CommitFailedException):
        conflicting.judge_silver(1)
    assert len(tried) == commits.ATTEMPTS


def test_a_new_contract_version_judges_again(platform: Any, shop: Any) -> None:
    """A corrected contract is applied by running its hours again: refused records may become valid, and the reverse."""
    platform.put(0, "f0", [shop("k", "A"), shop("l", order={"currency": "EUR", "total_amount": -1})])
    platform.put(1, "f1", [shop("k", "B")])
    platform.run(0, 1)
    assert platform.verdicts() == {("f0", 1): "silver", ("f0", 2): "rule", ("f1", 1): "conflict"}
    platform.bump(volatile=("session_id",))
    assert platform.judge_silver(0)[1]
    assert platform.judge_silver(1)[1]
    assert platform.verdicts() == {("f0", 1): "silver", ("f0", 2): "rule", ("f1", 1): "duplicate"}
    versions = pl.concat([platform.rows(layer)["_contract_version"] for layer in (Layer.SILVER, Layer.REJECTED)])
    assert set(versions) == {platform.stream.version}
    assert not platform.judge_silver(0, 1)[1]


def test_the_commit_names_what_belongs_together(conflicting: Any) -> None:
    """Checks and repairs read exactly the snapshots that silver names."""
    named, changed = conflicting.judge_silver(1)
    assert changed
    tables = {layer: conflicting.lake.table(layer, conflicting.stream) for layer in Layer}
    current = {layer: table.current_snapshot().snapshot_id for layer, table in tables.items()}
    assert (named.silver, named.bronze, named.rejected) == tuple(
        current[layer] for layer in (Layer.SILVER, Layer.BRONZE, Layer.REJECTED)
    )
    summary = tables[Layer.SILVER].current_snapshot().summary
    assert json.loads(summary.get("rejected-snapshot")) == named.rejected
    assert summary.get("contract-version") == conflicting.stream.version
