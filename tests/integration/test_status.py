"""`make status` and the job `status`: what is failed, refused, late or waiting, for every hour."""

from __future__ import annotations

import datetime as dt
from typing import Any

import dagster as dg
import hostile
import pytest
from driving import Platform, key

from assets import status

pytestmark = pytest.mark.integration
GOOD, POOR, OLD, WAITING = (hostile.HOUR + dt.timedelta(hours=number) for number in range(4))
BRONZE, SILVER, REJECTED = "bronze/commerce", "silver/commerce", "rejected/commerce"


@pytest.fixture(scope="module")
def place(make_platform: Any) -> Platform:
    """An hour with a refused file, one with bad records, one with an old event, and one that was not loaded."""
    place: Platform = make_platform("status")
    place.land(GOOD, "good.json", [hostile.order(1)])
    place.land(GOOD, "cut.json.gz", b"\x1f\x8b cut")
    place.land(POOR, "poor.json", [b"{", b"{", hostile.order(2, event_timestamp="2026-03-01T11:30:00Z")])
    place.land(OLD, "old.json", [hostile.order(3)])
    place.ingest(GOOD, OLD)
    place.land(WAITING, "next.json", [hostile.order(4, event_timestamp="2026-03-01T13:10:00Z")])
    return place


def found(place: Platform) -> list[tuple[str, str, str, str]]:
    """What the job `status` finds: asset, state, kind, partition."""
    run = place.run("status", {}, {})
    (output,) = run.filter_events(lambda event: event.is_successful_output)
    table = output.step_output_data.metadata["findings"]
    assert isinstance(table, dg.TableMetadataValue)
    records = [record.data for record in table.records]
    return [(str(r["asset"]), str(r["state"]), str(r["what"]), str(r["partition"])) for r in records]


def test_every_kind_of_trouble_is_found(place: Platform) -> None:
    """An hour's failed check is found although later hours passed it."""
    findings = found(place)
    assert set(findings) == {
        (REJECTED, "failed", "check rejected_share failed", key(POOR)),
        (BRONZE, "refused", "an object was refused", key(GOOD)),
        (BRONZE, "warning", "check readable failed", key(GOOD)),
        (SILVER, "late", "check freshness failed", key(OLD)),
        (SILVER, "late", "check late_share failed", key(OLD)),
        (SILVER, "late", "check up_to_date failed", ""),
        (BRONZE, "waiting", "landed objects are not loaded", key(WAITING)),
        ("gold", "waiting", "silver's rows are not released", ""),
    }
    assert findings[0][1] == "failed"
    assert findings[-1][0] == "gold"


def test_failed_runs_are_found(place: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A partition that its last run did not make is failed, until a run makes it. Then it is no longer listed."""

    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("assets.bronze.load_bronze", full)
        place.ingest(WAITING, check=False)
    failed = [each for each in found(place) if each[2] == "the last run did not materialize it"]
    assert {each[:2] for each in failed} == {
        (asset, "failed") for asset in (BRONZE, SILVER, REJECTED, "warehouse/commerce")
    }
    assert {each[3] for each in failed} == {key(WAITING), ""}
    place.ingest(WAITING)
    assert not [each for each in found(place) if each[3] == key(WAITING)]


def test_the_terminal_shows_the_same(
    place: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dg.DagsterInstance, "get", lambda: place.instance)
    status.main()
    shown = capsys.readouterr().out
    assert "bronze/commerce          refused  an object was refused" in shown
    assert "commerce/2026/03/01/10/cut.json.gz: " in shown


def test_a_new_platform_has_nothing_to_list(make_platform: Any) -> None:
    """Nor does looking create a table."""
    place: Platform = make_platform("new")
    assert found(place) == []
    assert not list((place.data / "lake").glob("*/*"))
