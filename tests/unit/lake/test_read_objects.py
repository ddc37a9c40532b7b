"""Records of many small objects are written together, and still each has its own lineage and place."""

from __future__ import annotations

import os
from typing import Any

import pytest

from lake import read_objects
from lake.schemas import Layer

OBJECTS = {f"{number:03}": [b"%d-%d" % (number, line) for line in range(number % 5)] for number in range(60)}


@pytest.mark.parametrize("gathered", [1, 300, 1 << 20], ids=["each", "a few", "all"])
def test_small_objects_keep_their_records_and_their_order(
    platform: Any, monkeypatch: pytest.MonkeyPatch, gathered: int
) -> None:
    """However many objects go together. Versions may be equal, and broken or empty objects lie between the others."""
    monkeypatch.setattr(read_objects, "GATHERED_BYTES", gathered)
    for name, lines in OBJECTS.items():
        path = platform.put(0, name, lines)
        os.utime(platform.landing.root / path, ns=(0, int(name) % 7))
    platform.put(0, "030-broken.gz", b"\x1f\x8bbroken")
    platform.load(0)
    rows = platform.rows(Layer.BRONZE)
    found = [
        (path[-3:], version, raw) for path, version, raw in rows.select("_source_file", "_source_version", "raw").rows()
    ]
    versions = {landed.path[-3:]: landed.version for landed in platform.landing.objects(platform.stream)}
    assert found == [(name, versions[name], line) for name, lines in OBJECTS.items() for line in lines]
    entries = platform.rows(Layer.LEDGER)
    counts = {path[-3:]: records for path, records in entries.select("path", "records").rows() if records is not None}
    assert counts == {name: len(lines) for name, lines in OBJECTS.items()}
