"""The offset that follows what has landed: by the newest object, or by bronze when it has expired."""

from __future__ import annotations

import datetime as dt
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_lake import new_lake

from contracts.web import WEB
from lake.kafka.messages import Message, line_of
from lake.kafka.names import ObjectName
from lake.kafka.positions import PositionUnknown, following_of, landed_positions, last_line
from lake.load_bronze import load_bronze
from lake.tables import Lake
from resources.landing.folder import FolderLanding
from resources.landing.store import FolderStore

NOW = dt.datetime(2026, 5, 1, 9, 30, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
A, B = "a" * 22, "b" * 22


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    (tmp_path / "lake").mkdir()
    return new_lake(tmp_path / "lake")


class Zone:
    """A landing zone in which messages are landed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.landing, self.store = FolderLanding(root), FolderStore(root)

    def land(self, first: int, offsets: list[int], hours_ago: int = 0, partition: int = 0, topic_id: str = A) -> Path:
        lines = [line_of("event", partition, Message(offset, None, None, None, b"{}")) for offset in offsets]
        path = ObjectName("event", topic_id, partition, first).path(WEB, NOW - hours_ago * HOUR)
        assert self.store.create(path, gzip.compress(b"\n".join([*lines, b""])))
        return self.root / path


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    return Zone(tmp_path / "landing")


def positions(lake: Lake, zone: Zone, *partitions: int, topic_id: str = A) -> tuple[dict[int, int | None], str | None]:
    found = landed_positions(lake, zone.landing, WEB, "event", topic_id, partitions, NOW)
    return found.following, found.earlier_id


def test_the_newest_object_counts_whatever_its_hour(lake: Lake, zone: Zone) -> None:
    """Its last message may be far from its name: holes are no messages."""
    zone.land(0, [0, 1, 2], hours_ago=1)
    zone.land(3, [7, 9])
    zone.land(0, [4], hours_ago=40, partition=1)
    zone.land(0, [5], hours_ago=4_000, partition=2)
    assert positions(lake, zone, 0, 1, 2, 3) == ({0: 10, 1: 5, 2: 6, 3: None}, A)


def test_another_topic_of_that_name_is_another_beginning(lake: Lake, zone: Zone) -> None:
    """The alarm names the id that the topic had."""
    zone.land(0, [0, 1, 2])
    assert positions(lake, zone, 0, topic_id=B) == ({0: None}, A)
    assert positions(lake, zone, 0) == ({0: 3}, A)


def test_nothing_has_landed(lake: Lake, zone: Zone) -> None:
    """Objects that no drain has written do not count."""
    assert zone.store.create("web/2026/05/01/09/event+0+0000000000-0000000009.json.gz", b"")
    assert positions(lake, zone, 0) == ({0: None}, None)


def test_bronze_knows_when_the_landing_zone_has_expired(lake: Lake, zone: Zone) -> None:
    """Its rows have the offsets; number of records and name would not tell, because of the holes."""
    hours = [NOW.replace(minute=0) - count * HOUR for count in range(4)]
    paths = [zone.land(0, [0, 1], hours_ago=3), zone.land(2, [5, 9], hours_ago=2), zone.land(0, [3], 2, partition=1)]
    load_bronze(lake, zone.landing, WEB, hours, (hours[-1], hours[0] + HOUR), NOW)
    for path in paths:
        path.unlink()
    assert positions(lake, zone, 0, 1, 2) == ({0: 10, 1: 4, 2: None}, A)


def test_a_damaged_object_is_named(lake: Lake, zone: Zone) -> None:
    """To guess would lose messages, or land them twice."""
    path = zone.land(0, [0, 1, 2])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(PositionUnknown, match=r"is the newest object .* Restore the object, or delete it"):
        positions(lake, zone, 0)


@given(st.lists(st.binary(min_size=1, max_size=5).filter(lambda line: b"\n" not in line), min_size=1), st.booleans())
def test_the_last_line_is_found(lines: list[bytes], ended: bool) -> None:
    """Whether or not the object ends with a line break."""
    content = b"x" + b"\n".join(lines) + b"\n" * ended
    expected = (b"x" + b"\n".join(lines)).split(b"\n")[-1]
    assert last_line(io.BytesIO(gzip.compress(content)), "name.gz") == expected


def test_a_record_without_bytes_counts_as_one_offset() -> None:
    """Bronze keeps no bytes of a record above 16 MiB. An object of nothing else cannot tell its offsets."""
    line = line_of("event", 0, Message(5, None, None, None, b"{}"))
    assert following_of([1, 2], [line, line], "path") == 6
    assert following_of([1, 2, 3], [line, None, None], "path") == 8
    with pytest.raises(PositionUnknown, match="bronze has no bytes of its records"):
        following_of([1], [None], "path")
