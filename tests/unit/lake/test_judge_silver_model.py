"""Silver and rejected against a naive model in memory, after uploads and runs in any order.

The model knows nothing about snapshots. It reads the landing zone record by record, and says which rows the two tables
must have.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from contracts.commerce import COMMERCE
from contracts.stream import Scope
from events.byte_spans import ByteSpans, Scratch
from events.siphash import text_digests
from lake import rewriting
from lake.reading import event_date, files_of
from lake.schemas import Layer

SAME, OTHER = "an earlier record has this key and content", "an earlier record has this key and other content"
Row = dict[str, Any]


def landed(platform: Any) -> list[Row]:
    """Every record in the landing zone with its lineage, sorted so that the earliest of a key comes first."""
    found = []
    for landed_object in platform.landing.objects(platform.stream):
        content = Path(platform.landing.root / landed_object.path).read_bytes()
        for line, raw in enumerate(content.split(b"\n"), 1):
            if raw.strip():
                row = {"_source_file": landed_object.path, "_source_version": landed_object.version, "_line": line}
                found.append(row | {"_arrival_hour": landed_object.arrival_hour, "raw": raw})
    return sorted(found, key=lambda row: (row["_arrival_hour"], row["_source_file"], row["_line"]))


def model(platform: Any) -> tuple[list[Row], list[Row]]:
    """Silver's and rejected's rows."""
    silver: list[Row] = []
    rejected: list[Row] = []
    winners: dict[Any, str] = {}
    for row in landed(platform):
        row["_contract_version"] = platform.stream.version
        try:
            record = json.loads(row["raw"])
        except ValueError:
            why = {"reason": "malformed", "column": None, "detail": "no JSON: expected a key in quotes at byte 1"}
            rejected.append(row | why | {"_key": None, "_scope": row["_arrival_hour"].date(), "_content": None})
            continue
        at = dt.datetime.fromisoformat(record["event_timestamp"])
        scope = dt.date(1970, 1, 1) if platform.stream.scope is Scope.EVER else at.date()
        content = json.dumps(record, sort_keys=True, separators=(",", ":"))
        judged = {"_key": key(record["event_id"]), "_content": content}
        winner = winners.setdefault((judged["_key"], scope), judged["_content"])
        if (judged["_key"], scope) in {(w["_key"], w["_scope"]) for w in silver}:
            same = winner == judged["_content"]
            why = {"reason": "duplicate" if same else "conflict", "column": None, "detail": SAME if same else OTHER}
            rejected.append(row | why | judged | {"_scope": scope})
            continue
        own = {
            "event_id": record["event_id"],
            "event_name": "page_view",
            "event_at": at,
            "session_id": record["session_id"],
            "amounts_rounded": False,
        }
        silver.append(row | dict.fromkeys(platform.stream.types) | own | judged | {"_scope": scope})
    return silver, rejected


@cache
def key(event_id: str) -> bytes:
    (found,) = text_digests(ByteSpans.of(pa.chunked_array([pa.array([event_id], pa.large_string())]), Scratch()))
    return found.tobytes()


def assert_holds(platform: Any, layer: Layer, rows: list[Row]) -> None:
    """The table has these rows, in any order and in all columns but the time of ingestion and digests of content."""
    table = platform.rows(layer).drop("_ingested_at", "_content", strict=False)
    stored = Counter(repr([str(value) for value in row]) for row in table.iter_rows())
    assert stored == Counter(repr([str(row[name]) for name in table.columns]) for row in rows)


def assert_as_modelled(platform: Any) -> None:
    silver, rejected = model(platform)
    assert_holds(platform, Layer.SILVER, silver)
    assert_holds(platform, Layer.REJECTED, rejected)


RECORDS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("kl"), st.sampled_from("AB"), st.sampled_from([1, 2])),
        st.tuples(st.sampled_from("kl"), st.sampled_from("AB"), st.just(1)),
        st.just(None),
    ),
    max_size=4,
)
PUT = st.tuples(st.integers(0, 2), st.sampled_from(["a", "b"]), RECORDS)
STEPS = st.lists(st.one_of(PUT, PUT, st.lists(st.integers(0, 2), min_size=1, max_size=2)), min_size=3, max_size=7)


@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])  # an example costs a second: no shrinking
@given(STEPS, st.permutations([0, 1, 2]), st.tuples(st.sampled_from(Scope), st.sampled_from([2, 6])))
def test_any_history_ends_as_if_there_were_none(
    platforms: Any, shop: Any, steps: list[Any], order: list[int], setup: tuple[Scope, int]
) -> None:
    """Uploads, re-uploads, retries and runs in any order: in the end only what has landed counts."""
    scope, many_small = setup
    platform = platforms(dataclasses.replace(COMMERCE, scope=scope))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewriting, "MERGED_FROM_FILES", many_small)
        for step in steps:
            if isinstance(step, tuple):
                hour, name, records = step
                platform.put(hour, name, [b"{broken" if record is None else shop(*record) for record in records])
            else:
                platform.run(*step)
        for hour in order:
            platform.run(hour)
    assert_as_modelled(platform)
    before = platform.snapshots()
    assert not platform.run(0, 1, 2), "a run that finds all in order changes nothing"
    assert platform.snapshots() == before


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_same_again_after_another(platform: Any, shop: Any, order: tuple[int, ...]) -> None:
    """Content A, then B, then A of one key in three hours: the first wins, whichever hour ran first."""
    for hour, content in enumerate("ABA"):
        platform.put(hour, f"f{hour}", [shop("k", content)])
    for hour in order:
        platform.run(hour)
    assert platform.verdicts() == {("f0", 1): "silver", ("f1", 1): "conflict", ("f2", 1): "duplicate"}
    assert_as_modelled(platform)


def test_a_winner_that_leaves_lets_a_loser_take_its_place(platform: Any, shop: Any) -> None:
    """The file is uploaded again without the record. Then the next record of the key wins."""
    platform.put(0, "f0", [shop("k", "A"), shop("x")])
    platform.put(1, "f1", [shop("k", "B")])
    platform.put(2, "f2", [shop("k", "B")])
    platform.run(0, 1, 2)
    assert platform.verdicts()["f1", 1] == platform.verdicts()["f2", 1] == "conflict"
    platform.put(0, "f0", [shop("x")])
    platform.run(0)
    assert platform.verdicts() == {("f0", 1): "silver", ("f1", 1): "silver", ("f2", 1): "duplicate"}
    assert_as_modelled(platform)


def test_a_stream_without_flaws_runs_again(platform: Any, shop: Any) -> None:
    """If nothing was ever rejected, silver has no snapshot of rejected to name."""
    platform.put(0, "f0", [shop("k")])
    platform.run(0)
    platform.put(1, "f1", [shop("l")])
    assert platform.run(1)
    assert not platform.run(0, 1)
    assert_as_modelled(platform)


def test_judging_again_changes_no_row(platform: Any, shop: Any) -> None:
    """An operator may ask to judge everything again; the verdicts are the same."""
    for hour in range(2):
        platform.put(hour, f"f{hour}", [shop("k", "A"), shop("k", "B"), b"{broken", shop(f"own{hour}", day=2)])
    platform.run(0, 1)
    assert platform.judge_silver(0, 1, again=True)[1]
    assert_as_modelled(platform)


def test_many_small_files_become_one(platform: Any, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late events trickle into a day by the hour; reading it must not open a file for each of them."""
    monkeypatch.setattr(rewriting, "MERGED_FROM_FILES", 3)
    counts: Counter[dt.date] = Counter()
    for hour in range(7):
        others = [shop(f"o{hour}{number}", day=2) for number in range(5)]
        platform.put(hour, f"f{hour}", [shop(f"k{hour}"), shop("k0", "B"), *others])
        platform.run(hour)
        counts |= Counter(event_date(f) for f in files_of(platform.lake.table(Layer.SILVER, platform.stream)))
    assert {*counts.values()} == {3}
    assert_as_modelled(platform)
