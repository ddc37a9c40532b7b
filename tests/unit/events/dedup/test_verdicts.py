"""Verdicts: of all records of a key one wins, whoever asks and in whatever order."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.stream import Scope
from events.dedup.verdicts import IDENTITY, KEY, UNIX, hashes, hashes_of, judge, scope_of, verdicts

HOUR = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
SCHEMA = pl.Schema(
    {
        "_arrival_hour": pl.Datetime("us", "UTC"),
        "_source_file": pl.String,
        "_source_version": pl.String,
        "_line": pl.Int64,
        "_key": pl.Binary,
        "_scope": pl.Date,
        "_content": pl.Binary,
    }
)
SCHEMA_OF_KEY = {name: SCHEMA[name] for name in KEY}
ROWS = st.lists(
    st.tuples(
        st.integers(0, 2).map(lambda n: HOUR + dt.timedelta(hours=n)),
        st.sampled_from(["f", "g"]),
        st.just("v"),
        st.integers(1, 3),
        st.sampled_from([b"1" * 16, b"2" * 16]),
        st.sampled_from([dt.date(2024, 5, 1), dt.date(2024, 5, 2)]),
        st.sampled_from([b"A", b"B"]),
    ),
    unique_by=lambda row: row[:4],
    max_size=10,
)


def frame(rows: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, SCHEMA, orient="row")


def told(judged: pl.DataFrame) -> dict[tuple[Any, ...], str]:
    return {row[:4]: row[4] for row in judged.select(*IDENTITY, "verdict").iter_rows()}


def reference(rows: list[Any]) -> dict[tuple[Any, ...], str]:
    first: dict[Any, Any] = {}
    found = {}
    for row in sorted(rows, key=lambda row: (row[0], row[1], row[3])):
        winner = first.setdefault(row[4:6], row)
        found[row[:4]] = "winner" if winner is row else "duplicate" if winner[6] == row[6] else "conflict"
    return found


@given(ROWS, st.randoms(use_true_random=False))
def test_verdicts_are_a_function_of_the_set(rows: list[Any], random: Any) -> None:
    """Partitions run backwards and two at once: the order in which records are met must not show."""
    expected = reference(rows)
    random.shuffle(rows)
    found = told(judge(frame(rows)))
    assert found == expected
    winners = [row[4:6] for row in rows if found[row[:4]] == "winner"]
    assert sorted(winners) == sorted({row[4:6] for row in rows}), "exactly one winner a key and scope"


def test_the_same_content_again_after_another() -> None:
    """A, B, A: the third says what the winner says, though the one before it did not."""
    rows = [
        (HOUR, "f", "v", line, b"k", dt.date(2024, 5, 1), content)
        for line, content in ((1, b"A"), (2, b"B"), (3, b"A"))
    ]
    assert list(told(judge(frame(rows))).values()) == ["winner", "conflict", "duplicate"]


@pytest.mark.parametrize(
    ("scope", "winners"), [(Scope.EVENT_DATE, ["winner", "winner"]), (Scope.EVER, ["winner", "duplicate"])]
)
def test_a_key_is_unique_within_its_scope(scope: Scope, winners: list[str]) -> None:
    """Ids that producers use again every day are not each other's duplicates, unless the contract says so."""
    rows = [(HOUR, "f", "v", line, b"k", dt.date(2024, 5, line), b"A") for line in (1, 2)]
    events = frame(rows).with_columns(event_at=pl.col("_scope").cast(pl.Datetime("us", "UTC"))).drop("_scope")
    judged = judge(events.with_columns(scope_of(scope)))
    assert judged["verdict"].to_list() == winners


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=9), st.dates(), st.integers(0, 3))
def test_a_key_has_one_hash(keys: list[bytes], scope: dt.date, first: int) -> None:
    """Whether asked of a frame or of what a file holds, from any row on."""
    expected = pl.DataFrame({"_key": keys, "_scope": [scope] * len(keys)}, SCHEMA_OF_KEY).select(hashes()).to_series()
    for kind in (pa.binary(), pa.large_binary()):
        asked = pa.array(keys, kind).slice(first)
        day = np.int64((scope - UNIX).days)
        for days in (day, np.full(len(asked), day)):
            assert hashes_of(asked, days).tolist() == expected.to_list()[first:]


@pytest.mark.parametrize("keys", [[None, b"0" * 16], [b"0" * 15], [b"0" * 15, b"0" * 17]])
def test_what_is_no_digest_has_none(keys: list[bytes | None]) -> None:
    with pytest.raises(ValueError, match="have 16 bytes"):
        hashes_of(pa.array(keys, pa.binary()), np.int64(0))


def test_stored_records_are_judged_with_the_new() -> None:
    """A record that arrived earlier but was loaded later takes the place of the winner, which is then a loser."""
    day = dt.date(2024, 5, 1)

    def row(hour: int, content: bytes) -> Any:
        return (HOUR + dt.timedelta(hours=hour), "f", "v", 1, b"k", day, content)

    reason = pl.Series("reason", ["conflict"])
    judged = verdicts(frame([row(0, b"B")]), frame([row(1, b"A")]), frame([row(2, b"B")]).with_columns(reason))
    moves = judged.select("origin", "reason", "verdict").rows()
    assert moves == [("new", None, "winner"), ("silver", "winner", "conflict"), ("rejected", "conflict", "duplicate")]
