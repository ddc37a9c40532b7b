"""A folder as the landing zone: its objects, their hours and their versions."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from contracts.commerce import COMMERCE
from lake.landing import LandedObject
from resources.landing.folder import FolderLanding

HOUR = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), HOUR + dt.timedelta(hours=1))


def put(root: Path, relative: str, content: bytes = b"x") -> Path:
    path = root / "commerce" / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(found: list[LandedObject]) -> list[str]:
    return [landed.path.removeprefix("commerce/") for landed in found]


def test_an_hours_objects_are_those_of_both_layouts_and_below(tmp_path: Path) -> None:
    """A run of one hour lists only that hour's folders, in both layouts that producers may use."""
    mine = ["2024/05/01/10/a", "2024/05/01/10/b/c", "year=2024/month=05/day=01/hour=10/minute=05/d"]
    for relative in [*mine, "2024/05/01/11/a", "2024/05/01/a"]:
        put(tmp_path, relative)
    found = FolderLanding(tmp_path).objects(COMMERCE, [HOUR])
    assert paths(found) == mine
    assert {landed.arrival_hour for landed in found} == {HOUR}
    assert len(FolderLanding(tmp_path).objects(COMMERCE)) == 5


@pytest.mark.parametrize("hidden", [".a.tmp", "_SUCCESS", ".staging/a", "_temporary/0/a"])
def test_unfinished_files_are_not_listed(tmp_path: Path, hidden: str) -> None:
    """Writers write under a hidden name and rename; markers of other tools are not data."""
    put(tmp_path, f"2024/05/01/10/{hidden}")
    assert FolderLanding(tmp_path).objects(COMMERCE, [HOUR]) == FolderLanding(tmp_path).objects(COMMERCE) == []


def test_an_empty_landing_zone_has_no_objects(tmp_path: Path) -> None:
    """First no producer has started; then an hour's folder is a file."""
    landing = FolderLanding(tmp_path)
    assert landing.objects(COMMERCE) == landing.objects_outside(COMMERCE, WINDOW) == []
    put(tmp_path, "2024/05/01/10")
    assert landing.objects(COMMERCE, [HOUR]) == []
    assert paths(landing.objects_outside(COMMERCE, WINDOW)) == ["2024/05/01/10"]


def test_another_content_is_another_version(tmp_path: Path) -> None:
    """Size and modification time identify content: other content of the same size has another time."""
    landing, path = FolderLanding(tmp_path), put(tmp_path, "2024/05/01/10/a")
    (first,) = landing.objects(COMMERCE)
    assert landing.objects(COMMERCE) == [first]
    os.utime(path, ns=(0, 1))
    (touched,) = landing.objects(COMMERCE)
    path.write_bytes(b"xy")
    os.utime(path, ns=(0, 1))
    (longer,) = landing.objects(COMMERCE)
    assert len({first.version, touched.version, longer.version}) == 3
    assert (longer.size, longer.path) == (2, "commerce/2024/05/01/10/a")


STRAYS = ["a", "2024/a", "2024/05/a", "2024/05/01/a", "2024/05/01/24/a", "2024/05/01/11/a", "2019/12/31/23/a"]
STRAYS += [
    "9999/12/31/23/a",
    "0000/01/01/00/a",
    "year=2024/a",
    "backup/2024/05/01/10/a",
    "٢٠٢٤/05/01/10/a",
    "2024/5/1/1/a",
    "2024/02/30/10/a",
    "2024/05/01/99/a",
    "year=2024/month=13/day=01/hour=10/a",
]


def test_strays_are_all_objects_that_no_hour_of_the_window_lists(tmp_path: Path) -> None:
    """The two listings together are all objects: one that neither finds would be lost silently."""
    inside = ["2020/01/01/00/a", "2024/05/01/10/a", "year=2023/month=12/day=31/hour=23/minute=55/a"]
    for relative in [*inside, *STRAYS]:
        put(tmp_path, relative)
    landing = FolderLanding(tmp_path)
    assert sorted(paths(landing.objects_outside(COMMERCE, WINDOW))) == sorted(STRAYS)
    hours = [landed.arrival_hour for landed in landing.objects(COMMERCE) if paths([landed])[0] in inside]
    assert sorted(paths(landing.objects(COMMERCE, [hour for hour in hours if hour]))) == sorted(inside)


def test_an_object_is_opened_in_the_version_that_was_listed(tmp_path: Path) -> None:
    """Otherwise the records of one version would be stored as those of another."""
    landing, path = FolderLanding(tmp_path), put(tmp_path, "2024/05/01/10/a", b"content")
    (landed,) = landing.objects(COMMERCE)
    with landing.open(landed) as source:
        assert source.read() == b"content"
    path.write_bytes(b"other content")
    with pytest.raises(FileNotFoundError, match="commerce/2024/05/01/10/a has changed since it was listed"):
        landing.open(landed)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        landing.open(landed)
