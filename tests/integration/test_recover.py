"""A lost catalog on a whole platform: after the job `recover` and the next runs, gold is as if nothing was lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import reading
from driving import Platform

pytestmark = [pytest.mark.integration, pytest.mark.verify]


def lands(platform: Platform, source: Platform, *numbers: int) -> None:
    """The source's files of some hours, and the run of each hour."""
    for number in numbers:
        folder = f"commerce/{source.hours[number]:%Y/%m/%d/%H}"
        shutil.copytree(source.landing / folder, platform.landing / folder)
        platform.ingest(source.hours[number])


def parquet(platform: Platform) -> set[Path]:
    return set((platform.data / "lake").rglob("*.parquet"))


def mart(platform: Platform) -> int:
    """The rows of the published mart, as another engine finds them."""
    catalog = reading.catalog(platform.data)
    try:
        return int(catalog.load_table(("gold", "fct_orders")).scan().to_arrow().num_rows)
    finally:
        catalog.engine.dispose()


@pytest.fixture
def recovered(make_platform: Callable[[str], Platform], calm: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    """A platform whose catalog was put back as it was hours ago, and later deleted, and recovered each time.

    The second time silver's newest metadata is lost as well, so that warehouse and gold hold a snapshot of silver that
    the lake no longer comes from.
    """
    monkeypatch.setenv("ICEBERG_MARTS", "fct_orders")
    platform = make_platform("recovered")
    catalog, backup = platform.data / "lake" / "catalog.db", platform.data / "backup"
    lands(platform, calm, 0)
    shutil.copyfile(catalog, backup)
    lands(platform, calm, 1, 2)
    platform.gold()
    released, files = mart(platform), parquet(platform)
    shutil.copyfile(backup, catalog)
    assert not platform.ingest(calm.hours[0], check=False).success
    assert not platform.run("upkeep", {}, {}, check=False).success
    assert platform.run("recover", {}, {}).success
    assert platform.run("upkeep", {}, {}).success
    assert (mart(platform), parquet(platform)) == (released, files)
    lands(platform, calm, 3)
    platform.gold()
    catalog.unlink()
    max((platform.data / "lake" / "silver" / "commerce" / "metadata").glob("*.metadata.json")).unlink()
    assert platform.run("recover", {}, {}).success
    return platform


def test_gold_is_what_it_would_be_without_the_loss(recovered: Platform, calm: Platform) -> None:
    """Warehouse and gold were built from snapshots that are gone, so they load and build in full."""
    lands(recovered, calm, 4)
    recovered.ingest(calm.hours[0], calm.hours[-1])
    recovered.gold()
    reading.assert_conserved(recovered.data)
    reading.assert_same(calm.data, recovered.data)


def test_a_warehouse_that_was_deleted_is_made_again(calm: Platform, tmp_path: Path) -> None:
    """The jobs `upkeep` and `gold` are enough, as the error of a damaged warehouse says."""
    data = tmp_path / "data"
    platform = Platform(data, calm.definitions, calm.instance)
    for number in range(2):
        lands(platform, calm, number)
    platform.gold()
    kept = tmp_path / "kept"
    shutil.copytree(data, kept, ignore=shutil.ignore_patterns("landing"))
    for file in ("warehouse.duckdb", "gold_next.duckdb"):
        (data / file).write_bytes((data / file).read_bytes()[:5000])
    assert not platform.run("gold", {}, {}, check=False).success
    for file in ("warehouse.duckdb", "gold_next.duckdb"):
        (data / file).unlink()
    platform.run("upkeep", {}, {})
    platform.gold()
    reading.assert_same(kept, data)
