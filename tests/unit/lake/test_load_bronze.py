"""Bronze and the ledger agree with the landing zone."""

from __future__ import annotations

import datetime as dt
import gzip
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.stream import Csv, JsonConcatenated
from events.compression import Unreadable
from lake import load_bronze as load_module
from lake.landing import NOT_READABLE
from lake.schemas import Layer

HOUR = dt.timedelta(hours=1)


def bronze(platform: Any) -> dict[str, list[bytes | None]]:
    """Records by object's name, in order of lines."""
    rows = platform.rows(Layer.BRONZE).sort("_source_file", "_line")
    return {
        Path(file).name: part["raw"].to_list() for (file,), part in rows.group_by("_source_file", maintain_order=True)
    }


def ledger(platform: Any) -> dict[str, tuple[int | None, str | None]]:
    """Records and refusal of each object's current entries, the latest last."""
    rows = platform.rows(Layer.LEDGER).filter("current").sort("_ingested_at")
    return {Path(path).name: rest for path, *rest in rows.select("path", "records", "refused").iter_rows()}


def test_new_objects_are_loaded_once(platform: Any) -> None:
    """A second run over the same objects must neither double their records nor write anything."""
    platform.put(0, "a.json", [b"1", b"", b"2"])
    platform.put(1, "b.json.gz", gzip.compress(b"3"))
    platform.put(1, "c.json", pa.compress(b"4\n" * 9, "zstd", asbytes=True))
    loaded = platform.load(0, 1)
    assert [Path(o.path).name for o in loaded.new] == ["a.json", "b.json.gz", "c.json"]
    assert bronze(platform) == {"a.json": [b"1", b"2"], "b.json.gz": [b"3"], "c.json": [b"4"] * 9}
    assert {name: entry[0] for name, entry in ledger(platform).items()} == {"a.json": 2, "b.json.gz": 1, "c.json": 9}
    before = platform.snapshots()
    assert platform.load(0, 1).new == []
    assert platform.snapshots() == before


def test_lineage_says_where_each_record_lay(platform: Any) -> None:
    """A figure that is in doubt can be traced to the lines it came from."""
    path = platform.put(0, "a", [b"1", b"", b"2"])
    rows = platform.rows(Layer.BRONZE) if platform.load(0) else None
    assert rows is not None
    (landed,) = platform.landing.objects(platform.stream)
    lineage = rows.sort("_line").select("_source_file", "_source_version", "_line").rows()
    assert lineage == [(path, landed.version, 1), (path, landed.version, 3)]
    assert rows["_arrival_hour"].unique().to_list() == [platform.hour(0)]


def test_each_object_is_framed_as_its_head_tells(platform: Any) -> None:
    """Several producers may write into one hour. A CSV row is of no use without its header."""
    platform.bump(decoding=(Csv(("a", "b")), JsonConcatenated()))
    platform.put(0, "rows.csv", b'b,a\r\n1,"x\ny"\r\n2,z\r\n')
    platform.put(0, "array.json.gz", gzip.compress(b'[{"a": 1},\n {"a": 2}]'))
    platform.put(0, "stream", b'{"a":1}{"a":2}')
    platform.load(0)
    assert bronze(platform) == {
        "rows.csv": [b'1,"x\ny"', b"2,z"],
        "array.json.gz": [b'{"a": 1}', b'{"a": 2}'],
        "stream": [b'{"a":1}', b'{"a":2}'],
    }
    rows = platform.rows(Layer.BRONZE).sort("_source_file", "_line").select("_line", "header").rows()
    assert rows == [(1, None), (2, None), (2, "b,a"), (4, "b,a"), (1, None), (2, None)]


def test_a_changed_object_replaces_its_rows(platform: Any) -> None:
    """A re-upload replaces the object's rows; rows of other objects stay."""
    platform.put(0, "a", [b"1", b"2"])
    platform.put(0, "b", [b"other"])
    platform.load(0)
    platform.put(0, "a", [b"3"])
    platform.load(0)
    assert bronze(platform) == {"a": [b"3"], "b": [b"other"]}
    assert ledger(platform) == {"a": [1, None], "b": [1, None]}
    versions = platform.rows(Layer.LEDGER).filter(~load_module.pl.col("current"))
    assert versions["records"].to_list() == [2], "the earlier version is remembered"


def test_a_vanished_object_keeps_its_rows(platform: Any) -> None:
    """The landing zone may expire: bronze is the lasting truth."""
    path = platform.put(0, "a", [b"1"])
    platform.load(0)
    (platform.landing.root / path).unlink()
    before = platform.snapshots()
    platform.load(0)
    assert (bronze(platform), platform.snapshots()) == ({"a": [b"1"]}, before)


def test_an_unreadable_object_is_refused_by_name_and_the_others_load(platform: Any) -> None:
    """One bad upload must not block the hour, and its good prefix must not be loaded."""
    cut = gzip.compress(b"1\n2\n3\n")[:-4]
    platform.put(0, "cut.gz", cut)
    platform.put(0, "zip", b"PK\x03\x04")
    platform.put(0, "good", [b"1"])
    platform.load(0)
    assert bronze(platform) == {"good": [b"1"]}
    found = ledger(platform)
    assert (found["cut.gz"][0], found["zip"][0]) == (None, None)
    assert "broken compression" in str(found["cut.gz"][1])
    assert "wrong magic: zip" in str(found["zip"][1])
    before = platform.snapshots()
    platform.load(0)
    assert platform.snapshots() == before, "it is tried again when it changes, and not before"
    platform.put(0, "cut.gz", gzip.compress(b"1\n2\n"))
    platform.load(0)
    assert bronze(platform) == {"good": [b"1"], "cut.gz": [b"1", b"2"]}
    assert ledger(platform)["cut.gz"] == [2, None]


REFUSED = {
    "twice.gz": (gzip.compress(gzip.compress(b'{"a":1}\n' * 9)), "a gzip file inside gzip; expected plain text inside"),
    "parquet.zst": (
        pa.compress(b"PAR1...", "zstd", asbytes=True),
        "a Parquet file inside zstd; expected plain text inside",
    ),
    "wide.csv.gz": (gzip.compress("a,b\n1,2\n".encode("utf-16")), "UTF-16 text; expected UTF-8"),
    "semicolons.csv": (b"a;b\n1;2\n", "missing: a, b; found: a, b, separated by ';'"),
    "column.csv": (b"a,c\r1,2\r", "missing: b; found: a, c, separated by ','"),
    "double.csv": (b"a,b,b\n1,2,3\n", "the CSV header names a column more than once: b"),
}


def test_a_file_that_is_no_table_of_the_contract_is_refused_once(platform: Any) -> None:
    """One refusal in the ledger says more than a thousand malformed rows."""
    platform.bump(decoding=(Csv(("a", "b")), JsonConcatenated()))
    for name, (content, _) in REFUSED.items():
        platform.put(0, name, content)
    platform.put(0, "good.csv", b"b,a\r1,2\r\n3,4\n")
    platform.load(0)
    assert bronze(platform) == {"good.csv": [b"1,2", b"3,4"]}
    found = ledger(platform)
    for name, (_, words) in REFUSED.items():
        records, refused = found[name]
        assert (records, words in str(refused)) == (None, True), refused


def test_an_unreadable_re_upload_keeps_the_earlier_rows(platform: Any) -> None:
    """A damaged copy does not replace the records that were loaded before."""
    platform.put(0, "a", [b"1"])
    platform.load(0)
    platform.put(0, "a", b"PK\x03\x04")
    platform.load(0)
    platform.put(0, "a", b"BZh")
    loaded = platform.load(0)
    assert bronze(platform) == {"a": [b"1"]}
    assert loaded.ledger.sort("_ingested_at")["records"].to_list() == [1, None], "of refusals the last one counts"
    platform.put(0, "a", [b"2"])
    platform.load(0)
    assert (bronze(platform), ledger(platform)) == ({"a": [b"2"]}, {"a": [1, None]})


def test_odd_names_and_faults_end_in_the_ledger_and_the_others_load(platform: Any) -> None:
    """A name that is not UTF-8, a pipe, a dangling link, a disk error: each concerns one object only."""
    folder = platform.landing.root / platform.put(0, "good", [b"1"])
    Path(os.fsdecode(bytes(folder.parent) + b"/caf\xe9.json")).write_bytes(b"2")
    os.mkfifo(folder.with_name("pipe"))
    folder.with_name("dangling").symlink_to("nowhere")
    folder.with_name("broken").symlink_to("/proc/self/mem")
    folder.with_name("loop").symlink_to(folder.parent)
    platform.load(0)
    assert bronze(platform) == {"good": [b"1"]}
    refused = {name: why for name, (_, why) in ledger(platform).items() if why}
    assert refused == {
        r"caf\xe9.json": "its name is not UTF-8: rename it",
        "pipe": "a named pipe, not a file",
        "dangling": "a link to nothing: No such file or directory",
        "broken": "not readable: Input/output error",
        "loop": "a link into or around the stream's own folder, which is not followed",
    }
    before = platform.snapshots()
    platform.load(0)
    assert platform.snapshots() == before, "it is tried again when it changes, and not before"
    folder.with_name("pipe").unlink()
    folder.with_name("loop").unlink()
    platform.put(0, "pipe", [b"3"])
    platform.load(0)
    assert ledger(platform).keys() == {"good", r"caf\xe9.json", "pipe", "dangling", "broken"}
    assert ledger(platform)["pipe"] == [1, None]


def deny(monkeypatch: pytest.MonkeyPatch, platform: Any, *names: str) -> str:
    """Make the storage refuse objects of these names; returns the reason as the ledger has it."""
    reason = f"{NOT_READABLE}: AccessDenied"
    given = type(platform.landing).open

    def opened(landing: Any, landed: Any) -> Any:
        if Path(landed.path).name in names:
            raise Unreadable(reason)
        return given(landing, landed)

    monkeypatch.setattr(type(platform.landing), "open", opened)
    return reason


def test_what_the_storage_did_not_give_is_tried_again(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A granted permission or a restored archive does not change the object's version, so the run must retry it."""
    platform.put(0, "a", [b"1"])
    platform.put(0, "b", [b"2"])
    denied = deny(monkeypatch, platform, "a")
    platform.load(0)
    assert ledger(platform) == {"a": [None, denied], "b": [1, None]}
    platform.load(0)
    assert ledger(platform) == {"a": [None, denied], "b": [1, None]}, "what is known to be denied fails no run"
    monkeypatch.undo()
    platform.load(0)
    assert (bronze(platform), ledger(platform)) == ({"a": [b"1"], "b": [b"2"]}, {"a": [1, None], "b": [1, None]})


def test_a_storage_that_gives_nothing_fails_the_run(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If all objects were refused, they would wait for a day after the permission is back."""
    platform.put(0, "a", [b"1"])
    platform.put(0, "b", [b"2"])
    deny(monkeypatch, platform, "a", "b")
    with pytest.raises(
        load_module.StorageFailed, match=r"none of 2 objects can be read.*/a: not readable: AccessDenied"
    ):
        platform.load(0)
    assert ledger(platform) == {}
    monkeypatch.undo()
    platform.load(0)
    assert ledger(platform) == {"a": [1, None], "b": [1, None]}


def test_an_empty_object_is_known(platform: Any) -> None:
    """It is entered in the ledger, or it would be new for ever."""
    platform.put(0, "a", b"")
    platform.load(0)
    assert ledger(platform) == {"a": [0, None]}
    assert platform.load(0).new == []


def test_hive_and_plain_folders_are_one_hour(platform: Any) -> None:
    """Producers differ, and one may change its mind; five-minute folders belong to their hour."""
    at = platform.hour(0)
    platform.put(0, "a", [b"1"])
    platform.put_at(f"{at:year=%Y/month=%m/day=%d/hour=%H}/minute=35/b", [b"2"])
    platform.load(0)
    assert bronze(platform) == {"a": [b"1"], "b": [b"2"]}
    assert platform.rows(Layer.BRONZE)["_arrival_hour"].unique().to_list() == [at]


STRAYS = [
    "lost.json",
    "2024/05/lost.json",
    "2019/12/31/23/lost.json",
    "2024/05/01/25/lost.json",
    "2031/01/01/00/lost.json",
]


@pytest.mark.parametrize("relative", STRAYS)
def test_a_stray_object_is_refused_once(platform: Any, relative: str) -> None:
    """No run lists hours without a partition: such an object must be found, entered, and not be new again."""
    path = platform.put_at(relative, [b"1"])
    platform.put(0, "good", [b"2"])
    loaded = platform.load(0)
    assert [landed.path for landed in loaded.outside] == [path]
    assert "outside the arrival hours" in str(ledger(platform)["lost.json"][1])
    assert bronze(platform) == {"good": [b"2"]}
    before = platform.snapshots()
    assert platform.load(0).outside == []
    assert platform.snapshots() == before


def test_an_object_ahead_of_its_hour_is_loaded_when_the_hour_comes(platform: Any) -> None:
    """A producer whose clock is ahead lands objects in an hour that becomes a partition later."""
    platform.put(0, "now", [b"1"])
    platform.put(1, "early", [b"2"])
    start, end = platform.hour(-100), platform.hour(1)
    platform.load(0, window=(start, end))
    assert bronze(platform) == {"now": [b"1"]}
    platform.load(1, window=(start, end + HOUR))
    assert bronze(platform) == {"now": [b"1"], "early": [b"2"]}


def test_an_object_that_goes_while_it_is_read_fails_the_run(platform: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger must not get an entry; the next run lists the object again."""
    path = platform.put(0, "a", [b"1"])
    landed = platform.landing.objects(platform.stream)
    (platform.landing.root / path).write_bytes(b"another")
    monkeypatch.setattr(type(platform.landing), "objects", lambda *_: landed)
    with pytest.raises(FileNotFoundError, match="has changed since it was listed"):
        platform.load(0)
    assert platform.rows(Layer.LEDGER).is_empty()
