"""Findings: their order, and what a terminal shows of them."""

from __future__ import annotations

from assets.findings import LISTED, Finding, State, ordered, status_lines

OLD, NEW = "2026-01-01-00:00", "2026-01-02-00:00"


def test_order() -> None:
    """By stream as given and gold last, then the most urgent state, then the newest partition."""
    wanted = [
        Finding("silver/web", State.FAILED, "check contract failed", NEW),
        Finding("silver/web", State.FAILED, "check contract failed", OLD),
        Finding("bronze/web", State.REFUSED, "an object was refused", NEW),
        Finding("silver/web", State.WAITING, "bronze/web is newer", NEW),
        Finding("bronze/mobile", State.WAITING, "landed objects are not loaded", NEW),
        Finding("gold/fct_orders", State.FAILED, "check unique failed"),
        Finding("gold", State.WAITING, "silver's rows are not released"),
    ]
    assert ordered(reversed(wanted), ["web", "mobile"]) == wanted


def test_many_findings_of_a_kind_are_shortened() -> None:
    """The newest are listed, and how many more there are since when."""
    hours = [f"2026-01-{day:02}-00:00" for day in range(LISTED + 3, 0, -1)]
    lines = list(status_lines(Finding("silver/web", State.LATE, "check freshness failed", hour) for hour in hours))
    assert lines[0] == f"silver/web               late     check freshness failed: {LISTED + 3}"
    assert lines[1 : LISTED + 1] == [f"  {hour}" for hour in hours[:LISTED]]
    assert lines[LISTED + 1 :] == [f"  3 more, back to {OLD}"]


def test_a_finding_of_a_whole_asset_is_one_line() -> None:
    found = [Finding("warehouse/web", State.WAITING, "silver is newer")]
    assert list(status_lines(found)) == ["warehouse/web            waiting  silver is newer"]


def test_nothing_to_list_is_said() -> None:
    assert list(status_lines([])) == ["nothing is failed, refused, late or waiting"]
