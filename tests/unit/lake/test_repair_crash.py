"""A repair that dies before any of its commits can be repeated, and every loss is reported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from events.conform import Conformers
from lake import judge_silver, load_bronze
from lake.reading import files_of
from lake.repair import repair_stream
from lake.schemas import Layer


def repair(platform: Any, dies_at: int | None = None) -> Any:
    """Repair; the run dies before its commit number `dies_at`, counted from 1."""
    with platform.dying(dies_at, load_bronze, judge_silver):
        conformers = Conformers(platform.stream, b"key")
        return repair_stream(platform.lake, platform.landing, platform.stream, conformers, platform.tick())


def rows(platform: Any) -> dict[Layer, Counter[str]]:
    found = {}
    for layer in Layer:
        table = platform.rows(layer).drop("_ingested_at", "size", strict=False)
        found[layer] = Counter(map(repr, (table.filter("current") if layer is Layer.LEDGER else table).rows()))
    return found


def damaged(platform: Any, shop: Any) -> Any:
    """Bronze and silver of two hours are lost, and the landed objects of the first one too."""
    for hour, content in enumerate("AB"):
        platform.put(hour, "f", [shop("k", content), shop(f"own{hour}"), b"{broken"])
        platform.run(hour)
    platform.put(2, "f", [shop("k", "C")])
    platform.run(2)
    (platform.landing.root / f"commerce/{platform.hour(0):%Y/%m/%d/%H}/f").unlink()
    for layer in (Layer.BRONZE, Layer.SILVER):
        for file in files_of(platform.lake.table(layer, platform.stream)):
            Path(file.file_path.removeprefix("file://")).unlink()
    return platform


def test_a_repair_that_dies_is_repeated(platforms: Any, shop: Any) -> None:
    """Its commits are: bronze, ledger, rejected, silver."""
    undisturbed = damaged(platforms(), shop)
    repair(undisturbed)
    expected = rows(undisturbed)
    lost = undisturbed.rows(Layer.LEDGER).filter(pl.col("refused").is_not_null())
    assert lost["records", "refused"].rows() == [(0, "lost: 3 of 3 records, with a data file")]
    for number in range(1, 5):
        platform = damaged(platforms(), shop)
        with pytest.raises(platform.CrashError):
            repair(platform, dies_at=number)
        repair(platform)
        assert rows(platform) == expected, f"died before commit {number}"
