"""A lake that loses its catalog, and is then recovered."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from pyiceberg.table import Table

from contracts.commerce import COMMERCE
from lake.commits import commit
from lake.recover import recover_stream
from lake.schemas import Layer
from lake.snapshots import rows_snapshot
from lake.tables import Lake
from lake.upkeep import TIME_TRAVEL

NOW = dt.datetime.now(dt.UTC)
LATER = NOW + TIME_TRAVEL + dt.timedelta(days=1)


def again(lake: Lake) -> Lake:
    """The same lake, opened by another process."""
    return Lake(lake.properties, lake.scratch)


def catalog_of(lake: Lake) -> Path:
    return Path(lake.properties["uri"].removeprefix("sqlite:///"))


def path(location: str) -> Path:
    return Path(location.removeprefix("file://"))


def recover(lake: Lake) -> dict[str, str]:
    return {each.table: each.message for each in recover_stream(lake, "commerce", LATER)}


def empty_commit(table: Table, **names: str) -> int:
    """Commit a snapshot without files; returns its id."""
    return int(commit(table, [], [], {name.replace("_", "-"): value for name, value in names.items()}).snapshot_id)


def stream_with_history(lake: Lake, rounds: int = 3) -> list[tuple[int, int, int]]:
    """Commit as runs do, several times; returns the snapshots of bronze, rejected and silver after each round."""
    bronze, ledger, rejected, silver = (
        lake.table(layer, COMMERCE) for layer in (Layer.BRONZE, Layer.LEDGER, Layer.REJECTED, Layer.SILVER)
    )
    found = []
    for _ in range(rounds):
        loaded, _, refused = empty_commit(bronze), empty_commit(ledger), empty_commit(rejected)
        found.append(
            (loaded, refused, empty_commit(silver, bronze_snapshot=str(loaded), rejected_snapshot=str(refused)))
        )
    return found


def heads(lake: Lake, *layers: Layer) -> tuple[int | None, ...]:
    return tuple(rows_snapshot(again(lake).table(layer, COMMERCE)) for layer in layers)


def lose(lake: Lake) -> Lake:
    """Delete the catalog."""
    lake.catalog.engine.dispose()  # type: ignore[attr-defined]
    catalog_of(lake).unlink()
    return again(lake)
