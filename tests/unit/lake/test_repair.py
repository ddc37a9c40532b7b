"""Missing and damaged data files are noticed, named, and written again from what is left."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile

from assets import checks
from events.conform import Conformers
from lake.damage import DamagedFile
from lake.hour_counts import HourCounts
from lake.reading import arrival_hour, files_of, read
from lake.repair import Repaired, repair_stream
from lake.schemas import Layer
from lake.validation import compare_with_ledger

UNEQUAL = ["_ingested_at", "size", "refused", "records"]


def flipped(path: Path) -> None:
    """Flip one bit in the last page of the first column."""
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    first = column.data_page_offset if column.dictionary_page_offset is None else column.dictionary_page_offset
    content = bytearray(path.read_bytes())
    content[first + column.total_compressed_size - 1] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "flipped": flipped,
}


def data_files(platform: Any, layer: Layer) -> list[DataFile]:
    return files_of(platform.lake.table(layer, platform.stream))


def path_of(file: DataFile) -> Path:
    return Path(file.file_path.removeprefix("file://"))


def repair(platform: Any) -> Repaired:
    conformers = Conformers(platform.stream, b"key")
    return repair_stream(platform.lake, platform.landing, platform.stream, conformers, platform.tick())


def content(platform: Any) -> dict[Layer, Counter[str]]:
    """All rows of the four tables, without times and without facts that only the ledger has."""
    found = {}
    for layer in Layer:
        rows = platform.rows(layer)
        if layer is Layer.LEDGER:
            rows = rows.filter("current", pl.col("records") > 0)
        found[layer] = Counter(map(repr, rows.drop(UNEQUAL, strict=False).rows()))
    return found


def assert_checks_pass(platform: Any, hours: tuple[int, ...] = (0, 1, 2)) -> None:
    found, changed = platform.load(*hours), platform.judge_silver(*hours)[1]
    assert not changed, "nothing is left to do"
    at = [platform.hour(number) for number in hours]
    bronze = platform.lake.table(Layer.BRONZE, platform.stream)
    complete = checks.complete(platform.stream, at, compare_with_ledger(bronze, at, found.ledger))
    counts = {}
    for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED):
        table, of_layer = platform.lake.table(layer, platform.stream), HourCounts()
        for batch in read(table, files_of(table), of_layer.columns):
            of_layer.observe(batch)
        counts[layer] = of_layer.by_hour
    results = [*complete.values(), *checks.conservation(platform.stream, counts, at).values()]
    assert all(result.passed for result in results)


def filled(platform: Any, shop: Any) -> Any:
    """Three hours with winners, duplicates and conflicts across them, and malformed records."""
    for hour, content in enumerate("ABA"):
        platform.put(hour, "a", [shop("k", content), shop(f"own{hour}", day=2), b"{broken"])
        platform.put(hour, "b", [shop(f"b{hour}", day=hour + 1)])
        platform.run(hour)
    return platform


@pytest.fixture
def lake(platform: Any, shop: Any) -> Any:
    return filled(platform, shop)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("layer", list(Layer))
def test_damage_is_named_and_mended(lake: Any, layer: Layer, damage: str) -> None:
    """Reading raises an error that names table, file and what to do. After the repair everything is as before."""
    before = content(lake)
    file, *_ = data_files(lake, layer)
    DAMAGES[damage](path_of(file))
    table = lake.lake.table(layer, lake.stream)
    with pytest.raises(DamagedFile, match=rf"table {layer}.commerce, data file .*{path_of(file).name}: .*make repair"):
        list(read(table, files_of(table)))
    repaired = repair(lake)
    assert [found.file.file_path for found in repaired.damage[layer]] == [file.file_path]
    assert repaired.lost == []
    assert content(lake) == before
    assert_checks_pass(lake)
    assert not any(repair(lake).damage.values())


@pytest.mark.parametrize("layer", [Layer.SILVER, Layer.REJECTED])
def test_a_run_of_the_hour_says_what_to_do(lake: Any, shop: Any, layer: Layer) -> None:
    """Without this every attempt would show an error of the storage driver."""
    for file in data_files(lake, layer):
        path_of(file).unlink()
    lake.put(0, "c", [shop("new")])
    lake.load(0)
    for again in (False, True):
        with pytest.raises(DamagedFile, match=f"table {layer}.commerce, .* is missing. `make repair STREAM=commerce`"):
            lake.judge_silver(0, again=again)
    repair(lake)
    assert_checks_pass(lake)


def test_what_has_left_the_landing_zone_is_lost_and_named(lake: Any) -> None:
    """Bronze had the last copy. The ledger says so, and the next record of the key wins."""
    hour = lake.landing.root / f"commerce/{lake.hour(0):%Y/%m/%d/%H}"
    (hour / "a").unlink()
    (bronze,) = (file for file in data_files(lake, Layer.BRONZE) if arrival_hour(file) == lake.hour(0))
    path_of(bronze).unlink()
    for file in data_files(lake, Layer.SILVER):
        path_of(file).unlink()
    repaired = repair(lake)
    assert [(Path(str(lost.path)).name, lost.hour, lost.records) for lost in repaired.lost] == [("a", lake.hour(0), 3)]
    assert [Path(path).name for path in repaired.read_again] == ["b"]
    entries = lake.rows(Layer.LEDGER).filter(pl.col("refused").is_not_null())
    assert entries["records", "refused", "current"].rows() == [(0, "lost: 3 of 3 records, with a data file", True)]
    winners = lake.rows(Layer.SILVER).filter(pl.col("event_id") == "k")
    assert winners["_arrival_hour"].to_list() == [lake.hour(1)], "its rival is promoted"
    assert_checks_pass(lake)


def test_what_was_lost_is_loaded_when_it_lands_again(lake: Any) -> None:
    """Somebody lands a copy again, with the same version. The ledger knows it as lost, so it is loaded."""
    before, kept = content(lake), lake.folder / "kept"
    hour = lake.landing.root / f"commerce/{lake.hour(0):%Y/%m/%d/%H}"
    shutil.copytree(hour, kept)
    shutil.rmtree(hour)
    (bronze,) = (file for file in data_files(lake, Layer.BRONZE) if arrival_hour(file) == lake.hour(0))
    path_of(bronze).unlink()
    repair(lake)
    shutil.copytree(kept, hour)
    for number in range(3):
        lake.run(number)
    assert content(lake) == before


def test_records_of_unknown_objects_are_counted_as_lost(lake: Any) -> None:
    """Ledger, bronze and silver are lost at once. Only the number of records and their hours are known."""
    shutil.rmtree(lake.landing.root)
    for layer in Layer:
        for file in data_files(lake, layer):
            path_of(file).unlink()
    repaired = repair(lake)
    assert [(lost.path, lost.hour, lost.records) for lost in repaired.lost] == [
        (None, lake.hour(number), 4) for number in range(3)
    ]
    assert repaired.forgotten == [lake.hour(0).date()]
    assert_checks_pass(lake)


def test_a_lost_ledger_gets_its_sizes_from_the_landing_zone(lake: Any) -> None:
    """Bronze has all records, but no table knows how large the landed objects were."""
    before = lake.rows(Layer.LEDGER).sort("path")["path", "size"]
    for file in data_files(lake, Layer.LEDGER):
        path_of(file).unlink()
    repair(lake)
    assert lake.rows(Layer.LEDGER).sort("path")["path", "size"].equals(before)


def test_what_no_table_knows_is_read_from_the_landing_zone(lake: Any) -> None:
    """Nobody can name the objects any more, but they are still there: nothing is lost."""
    before = content(lake)
    for layer in Layer:
        for file in data_files(lake, layer):
            path_of(file).unlink()
    repaired = repair(lake)
    assert (len(repaired.read_again), repaired.lost) == (6, [])
    assert content(lake) == before
    assert_checks_pass(lake)


DAMAGED = st.lists(
    st.tuples(st.sampled_from(list(Layer)), st.integers(0, 3), st.sampled_from(list(DAMAGES))), min_size=1, max_size=5
)


@pytest.mark.verify
@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])  # an example costs a second: no shrinking
@given(DAMAGED, st.sets(st.tuples(st.integers(0, 2), st.sampled_from("ab")), max_size=3))
def test_the_mended_lake_is_the_same_but_for_what_is_named(
    platforms: Any, shop: Any, damages: list[tuple[Layer, int, str]], gone: set[tuple[int, str]]
) -> None:
    """Any data files are lost, and any objects are gone from the landing zone."""
    platform, twin = filled(platforms(), shop), platforms()
    for hour, name in gone:
        (platform.landing.root / f"commerce/{platform.hour(hour):%Y/%m/%d/%H}/{name}").unlink()
    chosen: dict[Path, str] = {}  # a file is damaged once: a bit can only be flipped in a whole one
    for layer, number, damage in damages:
        files = data_files(platform, layer)
        chosen.setdefault(path_of(files[number % len(files)]), damage)
    for path, damage in chosen.items():
        DAMAGES[damage](path)
    repaired = repair(platform)
    lost = {(lost.hour, Path(lost.path).name) for lost in repaired.lost if lost.path}
    assert {(platform.hour(hour), name) for hour, name in gone} >= lost
    nameless = {lost.hour for lost in repaired.lost if not lost.path}
    held = Counter(platform.rows(Layer.BRONZE)["_arrival_hour", "_source_file"].rows())
    filled(twin, shop)
    for hour, file in Counter(twin.rows(Layer.BRONZE)["_arrival_hour", "_source_file"].rows()).keys() - held.keys():
        assert (hour, Path(file).name) in lost or hour in nameless
        twin.put_at(file.removeprefix("commerce/"), b"")
    twin.run(0, 1, 2)
    expected, found = content(twin), content(platform)
    assert all(found[layer] == expected[layer] for layer in (Layer.BRONZE, Layer.SILVER, Layer.REJECTED))
    assert_checks_pass(platform)
    assert not any(repair(platform).damage.values())
