"""What a contract may declare, and how a path names an arrival hour."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import STREAMS
from contracts.commerce import COMMERCE
from contracts.stream import HIVE, PLAIN, Envelope, Layout, Stream

HOURS = st.datetimes(dt.datetime(1000, 1, 1), dt.datetime(9999, 12, 31)).map(
    lambda at: at.replace(minute=0, second=0, microsecond=0, tzinfo=dt.UTC)
)
WINDOW = (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 5, 1, 11, tzinfo=dt.UTC))


@given(HOURS, st.sampled_from([PLAIN, HIVE]))
def test_the_folder_of_an_hour_names_that_hour(hour: dt.datetime, layout: Layout) -> None:
    """Bronze lists folders by hour and reads hours from paths: the two must agree."""
    assert COMMERCE.arrival_hour(f"{hour.strftime(layout.folder)}/events_001.json.gz") == hour


@pytest.mark.parametrize(
    ("path", "hour"),
    [
        ("2024/02/29/23/a.json", dt.datetime(2024, 2, 29, 23, tzinfo=dt.UTC)),
        ("2024/02/29/23/deeper/a.json", dt.datetime(2024, 2, 29, 23, tzinfo=dt.UTC)),
        ("year=2024/month=02/day=29/hour=05/minute=35/a.gz", dt.datetime(2024, 2, 29, 5, tzinfo=dt.UTC)),
        ("2023/02/29/23/a.json", None),
        ("2024/02/29/24/a.json", None),
        ("0000/01/01/00/a.json", None),
        ("2024/02/29/23", None),
        ("2024/2/29/23/a.json", None),
        ("a.json", None),
        ("x/2024/02/29/23/a.json", None),
        ("٢٠٢٤/02/29/23/a.json", None),
    ],
)
def test_a_path_names_its_hour_or_none(path: str, hour: dt.datetime | None) -> None:
    """A path that names no hour must not get one by accident: no listing by hour would find it."""
    assert COMMERCE.arrival_hour(path) == hour


@given(HOURS, st.integers(0, 4), st.sampled_from([PLAIN, HIVE]))
def test_a_folder_above_the_hours_is_never_passed_over(hour: dt.datetime, depth: int, layout: Layout) -> None:
    """A month's folder may hold objects itself; only an hour's folder holds objects of that hour alone."""
    parts = tuple(hour.strftime(layout.folder).split("/")[:depth])
    assert layout.covers(parts, WINDOW) == (depth == 4 and WINDOW[0] <= hour < WINDOW[1])


def test_a_contract_without_the_envelope_is_refused() -> None:
    """Gold's union of all streams reads the envelope's columns from each of them."""

    class Other(Envelope):
        pass

    schema = Other.to_schema().remove_columns(["user_id"])
    model = type("Model", (), {"to_schema": staticmethod(lambda: schema)})
    with pytest.raises(ValueError, match=r"contract 'other': envelope columns missing \['user_id'\]"):
        Stream("other", "1", "team:x", "x", "x", model)  # type: ignore[arg-type]


def test_a_key_that_is_no_column_is_refused() -> None:
    """A misspelt key would make wrong duplicates."""
    with pytest.raises(ValueError, match=r"key columns unknown \['evnt_id'\]"):
        dataclasses.replace(COMMERCE, key=("evnt_id",))


def test_a_column_that_is_said_to_be_unique_is_refused() -> None:
    """Rows are checked batch by batch, so only a key can be unique, within its scope."""
    unique = COMMERCE.schema.update_column("order_id", unique=True)
    model = type("Model", (), {"to_schema": staticmethod(lambda: unique)})
    with pytest.raises(ValueError, match=r"columns declared unique \['order_id'\]"):
        dataclasses.replace(COMMERCE, model=model)  # type: ignore[arg-type]


def test_a_prefix_replaces_the_folder() -> None:
    """An existing bucket keeps its own prefix; slashes at its ends do not count."""
    assert COMMERCE.folder == "commerce"
    assert dataclasses.replace(COMMERCE, prefix="/raw-events/").folder == "raw-events"


def test_streams_are_told_apart() -> None:
    """Names are tables and folders are landing folders: two streams with the same one would mix their records."""
    for names in ([stream.name for stream in STREAMS], [stream.folder for stream in STREAMS]):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_stream_says_what_it_is(stream: Stream) -> None:
    """The UI, the lake's schemas and dbt's sources take descriptions from here."""
    assert list(stream.types) == list(stream.schema.columns)
    assert all(spec.description for spec in stream.schema.columns.values())
    assert all(isinstance(dtype, pl.DataType) for dtype in stream.types.values())
    assert stream.owner.startswith("team:")
    assert hash(stream) == hash(dataclasses.replace(stream))
