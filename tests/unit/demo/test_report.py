"""The demo's table of counts and its comparison with the truth."""

from __future__ import annotations

import io

from rich.console import Console

from demo.report import Counts, compare, rows
from demo.terminal import Terminal

FOUND = {"a": Counts(10, 7, {"rule": 1, "duplicate": 2}), "b": Counts(1_000, 999, {"duplicate": 1})}
TRUTH = {
    "landed": {"total": 10},
    "silver": {"total": 7},
    "rejected": {"by_reason": {"malformed": 0, "rule": 1, "duplicate": 2}},
}


def test_rows_have_every_stream_and_the_total() -> None:
    """The most frequent reason comes first."""
    assert dict(rows(FOUND)) == {
        "landed": [10, 1_000, 1_010],
        "in silver": [7, 999, 1_006],
        "rejected": [3, 1, 4],
        "  duplicate": [2, 1, 3],
        "  rule": [1, 0, 1],
    }


def test_every_difference_is_told() -> None:
    """A reason that the truth lacks is a difference, too."""
    expected = Counts.of_truth(TRUTH)
    assert list(compare({"a": FOUND["a"]}, {"a": expected})) == []
    others = [Counts(11, 7, expected.rejected), Counts(10, 6, expected.rejected), Counts(10, 7, {"rule": 1, "type": 2})]
    for other in others:
        (told,) = compare({"a": other}, {"a": expected})
        assert told.startswith("a: found Counts(")


def written(**settings: object) -> str:
    file = io.StringIO()
    terminal = Terminal(Console(file=file, width=80, highlight=False, **settings))  # type: ignore[arg-type]
    with terminal.step("Loading", 2) as advance:
        advance(1)
    terminal.counts([*FOUND, "total"], rows(FOUND))
    terminal.pairs([("make dev", "the UI"), ("make rejected", "records")])
    return file.getvalue()


def test_a_file_gets_whole_lines_only() -> None:
    """No bar that is half drawn, no codes of a terminal, and nothing after the last word of a line."""
    lines = written().splitlines()
    assert lines[0] == "Loading ..."
    assert lines[1].startswith("  done in ")
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[-2:] == ["  make dev       the UI", "  make rejected  records"]


def test_without_colour_a_terminal_is_like_a_file() -> None:
    """NO_COLOR asks for plain text, so there is no bar either."""
    assert "\x1b" not in written(force_terminal=True, no_color=True)
    assert "\x1b" in written(force_terminal=True, no_color=False)
