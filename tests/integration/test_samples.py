"""Files of real producers, through the whole lake: every record arrives with the values that were sent."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import reading
from driving import Platform

from contracts import STREAMS
from contracts.snowplow import CLIENT_SESSION, SNOWPLOW, SnowplowEvent
from contracts.stream import Stream, column
from definitions import build_defs

pytestmark = pytest.mark.integration
SAMPLES = Path(__file__).parents[1] / "samples"
HOUR = dt.datetime(2025, 12, 1, 9)
FILES = {
    "snowplow": ["input-events", "output-badrows"],
    "mobile": ["simulated_data.csv"],
    "web": ["data.json"],
    "clickstream": ["events-20251119-174454.jsonl.gz", "events-20251119-175454.jsonl.gz"],
}


def unprotected_snowplow() -> Stream:
    """Snowplow's contract without privacy: personal fields are not hashed, and dropped fields are kept."""
    personal = {"user_id": str, "user_ipaddress": str, "user_fingerprint": str}
    atomic = {**personal, "geo_zipcode": str, "geo_latitude": float, "geo_longitude": float}
    contexts = {name: str for name in SNOWPLOW.dropped if name.startswith("contexts_")}
    fields = {name: column(name, json=name in contexts) for name in (*atomic, *contexts)}
    model = type("Unprotected", (SnowplowEvent,), {"__annotations__": {**atomic, **contexts}, **fields})
    return dataclasses.replace(SNOWPLOW, model=model, dropped={})


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One hour that holds all samples, materialized once."""
    streams = [unprotected_snowplow() if stream.name == SNOWPLOW.name else stream for stream in STREAMS]
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(tmp_path_factory.mktemp("samples"), build_defs(streams=streams), instance)
        for stream, names in FILES.items():
            for name in names:
                platform.land(HOUR, name, (SAMPLES / stream / name).read_bytes(), stream)
        platform.ingest(HOUR)
        yield platform


@pytest.mark.parametrize(("stream", "rows"), [("snowplow", 48), ("mobile", 100), ("web", 100), ("clickstream", 200)])
def test_every_good_record_is_in_silver(platform: Platform, stream: str, rows: int) -> None:
    assert reading.query(platform.data, "SELECT count(*) FROM silver", stream) == [(rows,)]
    reading.assert_conserved(platform.data, stream)


def instant(text: str) -> dt.datetime:
    """A time from text with up to nine decimals, cut to microseconds."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return dt.datetime.fromisoformat(f"{seconds}.{fraction:0<6.6}+00:00")


def from_transformer(name: str, value: Any) -> Any:
    """A value from the output of Snowplow's transformer, in the type that silver has."""
    if name.endswith("_tstamp"):
        return value and instant(value)
    return Decimal(str(value)) if isinstance(value, float) else value


def from_silver(name: str, value: Any) -> Any:
    """A value from silver, in a type that compares equal to `from_transformer`."""
    if name.startswith(("contexts_", "unstruct_event_")):
        return value and json.loads(value)
    return Decimal(str(value)) if isinstance(value, float) else value


CONTEXTS, DERIVED_CONTEXTS = 52, 122  # field numbers


def tracker_sessions() -> dict[str, list[Any]]:
    """The tracker's own sessions, by event id, of events that also have sessions derived by an enrichment.

    The transformer that wrote the sample kept only the derived ones. Snowplow's loader keeps both, the tracker's first.
    Sessions are the only schema that lines have in both fields.
    """
    found = {}
    for line in (SAMPLES / "snowplow" / "input-events").read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 131 and fields[CONTEXTS] and fields[DERIVED_CONTEXTS]:
            own, derived = (json.loads(fields[place])["data"] for place in (CONTEXTS, DERIVED_CONTEXTS))
            both = {entity["schema"] for entity in own} & {entity["schema"] for entity in derived}
            assert both <= {"iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-1"}
            if both:
                found[fields[6]] = [entity["data"] for entity in own if entity["schema"] in both]
    return found


def test_snowplow_events_equal_what_snowplow_makes_of_them(platform: Platform) -> None:
    """Every field, context and self-describing event has the transformer's value, or is absent in both."""
    lines = (SAMPLES / "snowplow" / "output-widerows").read_text().splitlines()
    renamed = (
        {name.replace("refr_dvce_", "refr_device_"): value for name, value in json.loads(line).items()}
        for line in lines
    )
    expected = {
        row["event_id"]: {name: from_transformer(name, value) for name, value in row.items()} for row in renamed
    }
    first = tracker_sessions()
    assert len(first) == 42
    for event_id, sessions in first.items():
        expected[event_id][CLIENT_SESSION] = sessions + expected[event_id][CLIENT_SESSION]
    silver = {row["event_id"]: row for row in reading.lake(platform.data, "silver", "snowplow").to_pylist()}
    columns = {name for row in expected.values() for name in row}
    found = {key: {name: from_silver(name, row[name]) for name in columns} for key, row in silver.items()}
    assert len(columns) == 128 + 21
    assert found == {key: {name: row.get(name) for name in columns} for key, row in expected.items()}


def test_snowplow_lines_of_another_width_say_so(platform: Platform) -> None:
    """Two lines have lost fields. Snowplow's own bad rows for them are rejected with their type."""
    sql = "SELECT parse_filename(_source_file), reason, detail FROM rejected ORDER BY ALL"
    assert reading.query(platform.data, sql, "snowplow") == [
        ("input-events", "malformed", "129 fields, 131 wanted"),
        ("input-events", "malformed", "130 fields, 131 wanted"),
        ("output-badrows", "malformed", "bad row: loader_parsing_error, FieldNumberMismatch"),
        ("output-badrows", "malformed", "bad row: loader_parsing_error, FieldNumberMismatch"),
    ]


def test_mobile_journeys_and_purchases(platform: Platform) -> None:
    """The text `Null` becomes null, and a journey is one row."""
    completed = "order_type = 'PURCHASE' AND status = 'COMPLETED'"
    sql = f"SELECT count(DISTINCT _key), count(*) FILTER ({completed}), count(*) FILTER (event_3 = 'Null') FROM silver"
    assert reading.query(platform.data, sql, "mobile") == [(100, 26, 0)]
