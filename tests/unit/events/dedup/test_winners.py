"""Verdicts: one record of a key wins, and records in the wrong place move."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lineage import LINEAGE
from contracts.stream import Scope
from events.dedup.keys import key_scope
from events.dedup.winners import NEW, STORED, RowMoves, dedup, with_verdicts

HOUR = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
DAY = dt.date(2024, 5, 1)
Row = tuple[Any, ...]  # the values of `NEW`
ROW = st.tuples(
    st.integers(0, 2).map(lambda n: HOUR + dt.timedelta(hours=n)),
    st.sampled_from(["f", "g"]),
    st.just("v"),
    st.integers(1, 3),
    st.sampled_from([b"1" * 16, b"2" * 16]),
    st.sampled_from([DAY, dt.date(2024, 5, 2)]),
    st.sampled_from([b"A", b"B"]),
)
ROWS = st.lists(ROW, unique_by=lambda row: row[:4], max_size=10)


def new_frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame(rows, NEW, orient="row")


def stored_frame(rows: list[Row], places: dict[Row, str]) -> pl.DataFrame:
    """Rows as silver and rejected store them: `places` are their verdicts."""
    stored = [(*row, None if places[row[:4]] == "winner" else places[row[:4]], f"file of {row[3]}") for row in rows]
    return pl.DataFrame(stored, STORED, orient="row")


def verdicts(judged: pl.DataFrame) -> dict[Row, str]:
    return {row[:4]: row[4] for row in judged.select(*LINEAGE, "verdict").iter_rows()}


def reference(rows: list[Row]) -> dict[Row, str]:
    """The verdicts, by the lineage of the rows, computed one row after the other."""
    first: dict[Any, Row] = {}
    found = {}
    for row in sorted(rows, key=lambda row: (row[0], row[1], row[3])):
        winner = first.setdefault(row[4:6], row)
        found[row[:4]] = "winner" if winner is row else "duplicate" if winner[6] == row[6] else "conflict"
    return found


def after(places: dict[Row, str], new: list[Row], moves: RowMoves) -> dict[Row, str]:
    """Where all rows are after the moves. New rows go to silver unless they have lost."""
    assert {*verdicts(moves.lost)} <= {row[:4] for row in new}
    assert all(places[row] == "winner" for row in verdicts(moves.demoted)), "only silver's rows are demoted"
    for frame in (moves.promoted, moves.reason_changed):
        assert all(places[row] != "winner" for row in verdicts(frame)), "only rejected's rows"
    moved = [verdicts(frame) for frame in (moves.lost, moves.demoted, moves.promoted, moves.reason_changed)]
    assert len({row for each in moved for row in each}) == sum(map(len, moved)), "a row moves once"
    found = places | {row[:4]: "winner" for row in new}
    for each in moved:
        found |= each
    return found


@given(st.lists(st.tuples(ROW, st.sampled_from(["stored", "new", "leaving"])), unique_by=lambda one: one[0][:4]))
def test_after_the_moves_every_row_is_where_it_belongs(rows: list[tuple[Row, str]]) -> None:
    """Whatever was stored before, whatever comes and leaves: the end is as if all had come at once."""
    stored, new, leaving = ([row for row, part in rows if part == wanted] for wanted in ("stored", "new", "leaving"))
    before = reference([*stored, *leaving])
    places = {row[:4]: before[row[:4]] for row in stored}
    moves = dedup(new_frame(new), stored_frame(stored, before))
    wanted = reference([*stored, *new])
    assert after(places, new, moves) == wanted
    for frame in (moves.demoted, moves.promoted, moves.reason_changed):
        for line, file in frame.select("_line", "_file").iter_rows():
            assert file == f"file of {line}", "the row is found in its data file"
    again = dedup(new_frame([]), stored_frame([*stored, *new], wanted))
    assert all(frame.is_empty() for frame in (again.lost, again.demoted, again.promoted, again.reason_changed))


@given(ROWS, st.randoms(use_true_random=False))
def test_verdicts_are_a_function_of_the_set(rows: list[Row], random: Any) -> None:
    """Partitions run backwards and two at once: the order in which records are met must not show."""
    expected = reference(rows)
    random.shuffle(rows)
    found = verdicts(with_verdicts(new_frame(rows)))
    assert found == expected
    winners = [row[4:6] for row in rows if found[row[:4]] == "winner"]
    assert sorted(winners) == sorted({row[4:6] for row in rows}), "exactly one winner a key and scope"


def test_the_same_content_again_after_another() -> None:
    """Contents A, B, A: the third record is compared with the winner, not with the second record."""
    rows = [(HOUR, "f", "v", line, b"k", DAY, content) for line, content in ((1, b"A"), (2, b"B"), (3, b"A"))]
    assert list(verdicts(with_verdicts(new_frame(rows))).values()) == ["winner", "conflict", "duplicate"]


@pytest.mark.parametrize(
    ("scope", "winners"), [(Scope.EVENT_DATE, ["winner", "winner"]), (Scope.EVER, ["winner", "duplicate"])]
)
def test_a_key_is_unique_within_its_scope(scope: Scope, winners: list[str]) -> None:
    """Ids that producers use again every day are not each other's duplicates, unless the contract says so."""
    rows = [(HOUR, "f", "v", line, b"k", dt.date(2024, 5, line), b"A") for line in (1, 2)]
    events = new_frame(rows).with_columns(event_at=pl.col("_scope").cast(pl.Datetime("us", "UTC"))).drop("_scope")
    judged = with_verdicts(events.with_columns(key_scope(scope)))
    assert judged["verdict"].to_list() == winners


def test_stored_records_are_judged_with_the_new() -> None:
    """A record that arrived earlier but is loaded later takes the winner's place, which becomes a loser."""
    hours = [HOUR + dt.timedelta(hours=number) for number in range(3)]
    rows = [(hour, "f", "v", 1, b"k", DAY, content) for hour, content in zip(hours, [b"B", b"A", b"B"], strict=True)]
    places = {rows[1][:4]: "winner", rows[2][:4]: "conflict"}
    moves = dedup(new_frame(rows[:1]), stored_frame(rows[1:], places))
    assert (len(moves.lost), len(moves.promoted)) == (0, 0)
    assert verdicts(moves.demoted) == {rows[1][:4]: "conflict"}
    assert verdicts(moves.reason_changed) == {rows[2][:4]: "duplicate"}
