"""No person can be recognised outside the landing zone, bronze and the raw bytes of rejected records."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import dagster as dg
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import reading
import scanning
from driving import Platform, execute

from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.streams import STREAMS

pytestmark = [pytest.mark.integration, pytest.mark.verify]
HOUR = dt.datetime(2026, 1, 1, 10)
PLAN = Plan(HOUR, hours=1, rate=1200, shares=Shares(*[0.05] * 8), canaries=True)
ALLOWED = ("landing/", "lake/bronze/")
# What the simulator does not send: ids that are addresses, and personal values where other types are wanted.
PEOPLE = {
    "snowplow": "Ada@example.com",
    "web": "grace@example.com",
    "clickstream": "alan+1@example.com",
    "events": "joan@example.com",
}
MISPLACED: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "commerce": [{"customer": "Edsger Dijkstra"}, {"session": {"device": ["barbara@example.com"]}}],
    "web": [{"username": {"first": "Donald"}}, {"props": "{'ip_address': 'Knuth'"}],
    "clickstream": [{"user_id": ["margaret@example.com"]}],
    "snowplow": [{"collector_tstamp": "then", "user_ipaddress": "203.0.113.77", "user_fingerprint": "Hamilton"}],
}
HIDDEN = (
    "Edsger Dijkstra",
    "barbara@example.com",
    "Donald",
    "Knuth",
    "margaret@example.com",
    "203.0.113.77",
    "Hamilton",
)


@dataclass(frozen=True)
class Installation:
    """The data that a run left, its output, and the texts that nobody may find in either."""

    data: Path
    said: str
    canaries: Mapping[str, str]


def spare(stream: str, number: int, changes: Mapping[str, Any]) -> bytes:
    """A good record with other values in some of its fields."""
    source = STREAMS[stream]
    record = source.format.parse(source.source.spares(PLAN.files(1)[0], number + 1)[number])
    return source.format.dump({**record, **changes})


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, definitions: dg.Definitions) -> Installation:
    """All streams with canaries, from landing to gold, by Dagster's own command line and a lasting instance."""
    data = tmp_path_factory.mktemp("personal")
    platform = Platform(data, definitions, dg.DagsterInstance.ephemeral())
    canaries = {f"person of {stream}": name for stream, name in PEOPLE.items()} | {name: name for name in HIDDEN}
    for name, stream in STREAMS.items():
        truth = simulate(stream, PLAN, platform.landing).as_dict()
        canaries |= {f"{name} {path}": value for path, value in truth["canaries"].items()}
    for name, person in PEOPLE.items():
        platform.land(HOUR, "people", spare(name, 0, {"user_id": person}) + b"\n", name)
    for name, misplaced in MISPLACED.items():
        lines = [spare(name, number, changes) for number, changes in enumerate(misplaced, 1)]
        platform.land(HOUR, "misplaced", b"\n".join(lines) + b"\n", name)
    return Installation(data, executed(platform, "ingest", HOUR) + executed(platform, "gold"), canaries)


def executed(platform: Platform, job: str, hour: dt.datetime | None = None) -> str:
    """The output of a job that has no key in its settings."""
    done = execute(platform, job, hour, PERSONAL_DATA_KEY="")
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def sightings(installation: Installation) -> dict[str, set[str]]:
    (installation.data / "said.txt").write_text(installation.said)
    return scanning.sightings(installation.data, installation.canaries)


def test_nobody_is_recognised(sightings: dict[str, set[str]]) -> None:
    """Not in silver, the warehouse, gold, Dagster's storage, the logs, nor in any other file."""
    raw = {place for place in sightings if place.startswith("lake/rejected/") and place.endswith(":raw")}
    assert {
        place: names for place, names in sightings.items() if not place.startswith(ALLOWED) and place not in raw
    } == {}


def test_the_scan_finds_what_is_there(installation: Installation, sightings: dict[str, set[str]]) -> None:
    """All of them are where records are stored as they landed, so it means something that none is found elsewhere."""
    for folder in ALLOWED:
        assert set().union(*(sightings[p] for p in sightings if p.startswith(folder))) == set(installation.canaries)
    rejected = set().union(*(names for place, names in sightings.items() if place.startswith("lake/rejected/")))
    assert rejected >= set(HIDDEN)


@pytest.mark.parametrize("stream", PEOPLE)
def test_an_address_that_is_an_id_is_there_as_its_hash(installation: Installation, stream: str) -> None:
    """It is still one person, but nobody knows who."""
    sql = "SELECT regexp_full_match(user_id, '[0-9a-f]{64}') FROM silver WHERE _source_file LIKE '%people'"
    assert reading.query(installation.data, sql, stream) == [(True,)]


def test_records_are_refused_without_their_values(installation: Installation) -> None:
    """Their details say what is wrong all the same."""
    sql = "SELECT detail FROM rejected WHERE _source_file LIKE '%misplaced' ORDER BY _line"
    told = {stream: [detail for (detail,) in reading.query(installation.data, sql, stream)] for stream in MISPLACED}
    assert told == {
        "commerce": ["customer: object wanted, text found", "device_platform: text wanted, array found"],
        "web": ["username: text wanted, object found", "props: object wanted, text found"],
        "clickstream": ["user_id: text wanted, array found"],
        "snowplow": ["collector_tstamp: 'then' is no timestamp"],
    }


def test_the_development_key_is_warned_of(installation: Installation) -> None:
    """Everybody has that key and can try out addresses with it."""
    assert "PERSONAL_DATA_KEY is not set: personal data is hashed with the public development key" in installation.said


SECRET = "Ada@example.com"
VEILS: Mapping[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: b"x" + text,
    "lower case": lambda text: text.lower(),
    "hex": lambda text: text.hex().upper().encode(),
    **{f"base64 from {pad}": lambda text, pad=pad: base64.b64encode(b"?" * pad + text + b"??") for pad in range(3)},
    "URL": lambda text: b"?q=" + quote(text).encode(),
    "digest": lambda text: hashlib.sha256(text).hexdigest().encode(),
    "gzip": gzip.compress,
}


@pytest.mark.parametrize("veil", VEILS)
def test_the_scan_sees_through(veil: str, tmp_path: Path) -> None:
    """The scan finds a text in every form that anybody can undo."""
    (tmp_path / "file").write_bytes(VEILS[veil](SECRET.encode()))
    assert set().union(*scanning.sightings(tmp_path, {"ada": SECRET, "grace": "grace@example.com"}).values()) == {"ada"}


def test_the_scan_opens_what_is_stored(tmp_path: Path) -> None:
    """Compressed columns, nested values, tables, and what Dagster compresses in its own."""
    pq.write_table(pa.table({"items": [[{"email": SECRET}]], "id": ["1"]}), tmp_path / "t.parquet", compression="zstd")
    with duckdb.connect(str(tmp_path / "t.duckdb")) as con:
        con.execute("CREATE SCHEMA s")
        con.execute("CREATE TABLE s.t AS SELECT {'email': ?} AS customer, 1 AS id", [SECRET])
    with closing(sqlite3.connect(tmp_path / "t.db")) as con, con:
        con.execute("CREATE TABLE events (body BLOB)")
        con.execute("INSERT INTO events VALUES (?)", [zlib.compress(SECRET.encode())])
    found = scanning.sightings(tmp_path, {"ada": SECRET})
    assert {"t.parquet:items", "t.duckdb:s.t.customer", "t.db:events"} <= set(found)
    assert not {"t.parquet:id", "t.duckdb:s.t.id"} & set(found)
