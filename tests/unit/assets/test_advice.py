"""A failed check says in words what is wrong and what to do; a passed one only shows figures."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from assets import checks
from assets.advice import advice
from contracts.commerce import COMMERCE
from lake.drift import Drift
from lake.hour_counts import Counts
from lake.schemas import Layer

HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
KEY = "2024-05-01-10:00"
REFUSED = {"arrival_hour": HOUR, "path": "commerce/a.gz", "refused": "truncated gzip"}
OBJECT = {"arrival_hour": HOUR, "path": "commerce/a.gz", "version": "1", "records": 3, "rows": 2}
EVENTS = Counts(10, 7, HOUR - dt.timedelta(hours=4), late=5)
GROUP = {"hour": HOUR, "reason": "rule", "column": "currency", "records": 2}
EXAMPLE = {"examples": [{"file": "commerce/a.gz", "line": 3, "detail": "'euro'"}]}


def counts(bronze: Counts, silver: Counts, rejected: Counts) -> dict[Layer, dict[dt.datetime, Counts]]:
    by_layer = {Layer.BRONZE: bronze, Layer.SILVER: silver, Layer.REJECTED: rejected}
    return {layer: {HOUR: found} for layer, found in by_layer.items()}


LOST, SWAPPED = counts(Counts(10, 7), Counts(8, 7), Counts(1)), counts(Counts(10, 7), Counts(8, 6), Counts(2))
FAILURES: dict[str, tuple[Callable[[], checks.Results], str]] = {
    "complete": (
        lambda: checks.complete(COMMERCE, [HOUR], pl.DataFrame([OBJECT])),
        "Objects with another number of rows in bronze than in the ledger: 1",
    ),
    "readable": (
        lambda: checks.readable(COMMERCE, [HOUR], pl.DataFrame([REFUSED]), ["commerce/stray"]),
        "Objects of the hour that were refused: 1; Objects outside the arrival hours: 1",
    ),
    "conservation": (
        lambda: checks.conservation(COMMERCE, LOST, [HOUR]),
        "Bronze has 10 rows, silver and rejected together 9",
    ),
    "contract": (
        lambda: checks.contract(COMMERCE, {HOUR: Counter({"order_total >= 0": 3})}),
        "Rules of the contract that rows in silver break: 1",
    ),
    "freshness": (
        lambda: checks.freshness(COMMERCE, counts(EVENTS, EVENTS, Counts()), [HOUR]),
        "The newest event of the hour is 5 h before the hour's end; the contract allows 2 h",
    ),
    "late_share": (
        lambda: checks.late_share(COMMERCE, counts(EVENTS, EVENTS, Counts()), [HOUR]),
        "50.0% of the hour's events are late; the contract allows 10.0%",
    ),
    "rejected_share": (
        lambda: checks.rejected_share(
            COMMERCE, pl.DataFrame([GROUP | EXAMPLE]), counts(Counts(10), Counts(8), Counts(2)), [HOUR]
        ),
        "20.0% of the hour's records are refused; the contract allows 1.0%",
    ),
    "drift": (
        lambda: checks.drift(COMMERCE, {HOUR: Drift(Counter({("coupon", "text"): 2}), 5, 5)}),
        "Fields that the contract does not know: 1",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_check_says_what_is_wrong_and_what_to_do(name: str) -> None:
    """Whoever opens the page at night sees the reason and the next step at once."""
    make, problem = FAILURES[name]
    found = make()[HOUR]
    assert not found.passed
    assert found.problem == problem
    assert found.check.name == name
    description = found.description or ""
    assert description.startswith(f"**{problem}**\n\n")
    assert description.endswith(advice(name, COMMERCE, KEY))
    assert "{" not in description


def test_records_that_were_swapped_are_told_apart_from_lost_ones() -> None:
    """The numbers agree, so a person who looks at them alone would think that all is well."""
    found = checks.conservation(COMMERCE, SWAPPED, [HOUR])[HOUR]
    assert found.problem == "Silver and rejected have as many rows as bronze (10), but not of the same records"


def test_the_advice_on_rejected_records_names_the_command() -> None:
    """The page shows a few examples; the command shows more."""
    assert f"`make rejected STREAM=commerce HOUR={KEY}`" in advice("rejected_share", COMMERCE, KEY)


def test_examples_name_file_and_line() -> None:
    """That is how a record is found in the landing zone."""
    found = FAILURES["rejected_share"][0]()[HOUR]
    assert [row.data["example"] for row in found.metadata["rejected_records"].records] == ["commerce/a.gz:3"]
    assert "- `rule commerce/a.gz:3 'euro'`" in (found.description or "")
    assert "- `commerce/a.gz: truncated gzip`\n- `commerce/stray`" in (
        FAILURES["readable"][0]()[HOUR].description or ""
    )


def test_an_example_cannot_change_the_page() -> None:
    """A producer chooses the names of fields, and the page is Markdown."""
    found = checks.drift(COMMERCE, {HOUR: Drift(Counter({("` **x** [a](b)", "text"): 1}), 1, 1)})[HOUR]
    assert "- `' **x** [a](b)`" in (found.description or "")


def test_what_passes_needs_no_advice() -> None:
    """A text on every page would soon be read on none."""
    found: Any = checks.conservation(COMMERCE, counts(Counts(10, 7), Counts(8, 5), Counts(2, 2)), [HOUR])[HOUR]
    assert found.passed
    assert found.description is None


def test_an_hour_without_events_is_not_late() -> None:
    """Nothing landed: whether the stream is silent is what the check `up_to_date` tells."""
    nothing = counts(Counts(), Counts(), Counts())
    found = checks.freshness(COMMERCE, nothing, [HOUR])[HOUR]
    late = checks.late_share(COMMERCE, nothing, [HOUR])[HOUR]
    assert found.passed
    assert late.passed
    assert (found.metadata["minutes_behind"], late.metadata["late_share"]) == (0.0, 0.0)
