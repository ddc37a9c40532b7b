"""A folder as a drain writes to it: an object is created whole, and once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resources.landing.store import FolderStore


def test_the_first_one_wins(tmp_path: Path) -> None:
    """Of many drains that create one object at the same time, exactly one is told that it did."""
    store = FolderStore(tmp_path)
    contents = [bytes([number]) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda content: store.create("web/a/b", content), contents))
    assert sum(won) == 1
    assert store.read("web/a/b") == contents[won.index(True)]
    assert [path.name for path in (tmp_path / "web/a").iterdir()] == ["b"]


def test_what_a_killed_drain_left_is_deleted(tmp_path: Path) -> None:
    """It is hidden until then, as it is not whole."""
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / ".b.0123").write_bytes(b"half")
    assert FolderStore(tmp_path).create("web/b", b"whole")
    assert [path.name for path in (tmp_path / "web").iterdir()] == ["b"]


def test_a_missing_object_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FolderStore(tmp_path).read("web/b")
