"""Rejected rows summed up for the UI and the terminal: what is wrong, how often, where to look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assets import checks
from contracts.commerce import COMMERCE
from lake import rejected_summary
from lake.hour_counts import count_hours
from lake.rejected_summary import rejected_lines
from lake.schemas import Layer
from lake.validation import summarize_rejected
from resources import environment, list_rejected

FILE = "commerce/2024/05/01/10/a.json"


@pytest.fixture
def hours(platform: Any, shop: Any) -> Any:
    """Three hours: one with all kinds of rejected records, one with a single one, one that is clean."""
    orders = [shop(f"r{i}", order={"currency": f"euro{i}"}) for i in range(5)]
    others = [shop("t", order={"total_amount": "ten"}), shop("m", event_timestamp=None), b"{", b"\x1b[31m", b"["]
    platform.put(0, "a.json", [shop("1"), shop("1"), *others, *orders])
    platform.put(1, "b.json", [shop("2"), b"}"])
    platform.put(2, "c.json", [shop("3")])
    platform.load(0, 1, 2)
    platform.named, _ = platform.judge_silver(0, 1, 2)
    return platform


def table(platform: Any, number: int) -> list[dict[str, Any]]:
    """The rows that the UI shows of an hour."""
    hour = platform.hour(number)
    bronze, table = (platform.lake.table(layer, platform.stream) for layer in (Layer.BRONZE, Layer.REJECTED))
    summary, rejected = summarize_rejected(table, platform.named.rejected, [hour])
    counts = {Layer.BRONZE: count_hours(bronze, platform.named.bronze, [hour]), Layer.REJECTED: rejected}
    found = checks.rejected_share(platform.stream, summary, counts, [hour])[hour]
    return [dict(row.data) for row in found.metadata["rejected_records"].records]


def test_reasons_are_counted_by_column(hours: Any) -> None:
    """Reasons in the order of judgement, each with the place of its first record and what is wrong."""
    rows = {(row["reason"], row["column"]): row for row in table(hours, 0)}
    assert [(*key, row["records"]) for key, row in rows.items()] == [
        ("malformed", "", 3),
        ("type", "order_total", 1),
        ("missing", "event_at", 1),
        ("rule", "currency", 5),
        ("duplicate", "", 1),
    ]
    assert rows["type", "order_total"]["example"] == f"{FILE}:3"
    assert rows["type", "order_total"]["detail"] == "order_total: 'ten' is no decimal(24,6)"
    assert rows["rule", "currency"]["example"] == f"{FILE}:8"
    assert table(hours, 2) == []


def test_a_rejected_record_shows_nothing_personal(platform: Any, shop: Any) -> None:
    """An error in one field must not make the others public."""
    secrets = {"email": "ann@example.com", "first_name": "Ann"}
    platform.put(0, "a.json", [shop("1", customer=secrets, order={"currency": "euro", "total_amount": "ann"})])
    platform.load(0)
    platform.named, _ = platform.judge_silver(0)
    shown = repr(table(platform, 0)) + "".join(rejected_lines(platform.lake, COMMERCE))
    assert "total_amount" not in shown
    assert "order_total: 'ann' is no decimal(24,6)" in shown
    assert not any(secret in shown for secret in secrets.values())


def test_the_listing_begins_with_the_newest_hour(hours: Any) -> None:
    """The latest errors matter most; a few records of each kind show where to look."""
    lines = list(rejected_lines(hours.lake, COMMERCE))
    assert [line for line in lines if not line.startswith(" ")] == [
        "commerce 2024-05-01-11:00: 1 rejected",
        "commerce 2024-05-01-10:00: 11 rejected",
    ]
    rule = next(number for number, line in enumerate(lines) if line.split()[0] == "rule")
    assert lines[rule].split() == ["rule", "currency", "5"]
    assert [line.split()[0] for line in lines[rule + 1 : rule + 4]] == [f"{FILE}:{line}" for line in (8, 9, 10)]
    assert "euro0" in lines[rule + 1]
    assert lines[rule + 4].split()[0] == "duplicate"


def test_the_listing_of_one_hour(hours: Any) -> None:
    """A check or an alarm names the hour; the listing shows it."""
    lines = list(rejected_lines(hours.lake, COMMERCE, hours.hour(0)))
    assert lines[0] == "commerce 2024-05-01-10:00: 11 rejected"
    assert not any("11:00" in line for line in lines)
    assert list(rejected_lines(hours.lake, COMMERCE, hours.hour(2))) == [
        "commerce: nothing is rejected of 2024-05-01-12:00"
    ]


def test_a_long_history_is_not_listed_whole(hours: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest hours would scroll out of sight."""
    monkeypatch.setattr(rejected_summary, "LISTED_HOURS", 1)
    *_, last = rejected_lines(hours.lake, COMMERCE)
    assert last == "earlier hours with rejected records: 1, back to 2024-05-01-10:00; name one to see it"


def test_nothing_rejected_is_said(platform: Any, shop: Any) -> None:
    """A stream without landed objects gets no tables. It is treated like a stream without errors."""
    for _ in range(2):
        assert list(rejected_lines(platform.lake, COMMERCE)) == ["commerce: nothing is rejected"]
        platform.put(0, "a.json", [shop("1")])
        platform.load(0)
        platform.judge_silver(0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["comerce"], "invalid choice: 'comerce' (choose from"),
        ([""], "invalid choice: '' (choose from"),
        (["commerce", "2024-05-01"], "expected an arrival hour such as 2026-01-01-00:00, found '2024-05-01'"),
        (["commerce", "2024-05-01-10:30"], "found '2024-05-01-10:30'"),
    ],
)
def test_what_cannot_be_listed_is_a_usage_error(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says which streams there are, or how an hour is written."""
    with pytest.raises(SystemExit, match="2"):
        list_rejected.main(arguments)
    assert message in capsys.readouterr().err


def test_the_command_reads_the_lake_of_the_deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It uses the same settings as the assets."""
    monkeypatch.setenv("DEPLOYMENT", "local")
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    list_rejected.main(["commerce"])
    assert capsys.readouterr().out == "commerce: nothing is rejected\n"
    assert (environment.data_dir() / "lake").is_dir()
