"""Canaries: they are in the landed files and in the truth, and change nothing else in the truth."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import slow_reader

from simulate.formats import Json
from simulate.plan import Plan, Shares
from simulate.run import simulate
from simulate.stream import Stream
from simulate.streams import STREAMS

PLAN = Plan(datetime(2026, 1, 1), hours=1, rate=4_000, seed=5, canaries=True)
PERSONAL = [stream for stream in STREAMS.values() if stream.personal]


def counts(stream: Stream, plan: Plan, folder: Path) -> dict[str, Any]:
    """The truth without what canaries may change."""
    truth = simulate(stream, plan, folder).as_dict()
    return {name: value for name, value in truth.items() if name not in ("bytes", "canaries")}


@pytest.mark.parametrize("stream", PERSONAL, ids=lambda stream: stream.name)
def test_each_personal_field_has_a_canary_that_lands(stream: Stream, tmp_path: Path) -> None:
    truth = simulate(stream, PLAN, tmp_path).as_dict()
    text = b"".join(slow_reader.content(path) for path in tmp_path.rglob("*") if path.is_file())
    assert truth["canaries"].keys() == stream.personal.keys()
    assert len(set(truth["canaries"].values())) == len(stream.personal)
    assert all(value.encode() in text for value in truth["canaries"].values())


@pytest.mark.parametrize("stream", PERSONAL, ids=lambda stream: stream.name)
def test_canaries_change_no_count(stream: Stream, tmp_path: Path) -> None:
    plain = replace(PLAN, canaries=False)
    assert counts(stream, PLAN, tmp_path / "with") == counts(stream, plain, tmp_path / "without")
    assert simulate(stream, plain, tmp_path / "again").as_dict()["canaries"] == {}


def test_a_repeated_record_carries_the_same_canary(tmp_path: Path) -> None:
    """Otherwise it would be another record, since in this stream the content is the key."""
    plan = replace(PLAN, shares=replace(Shares.none(), duplicates=0.5))
    truth = simulate(STREAMS["web"], plan, tmp_path).as_dict()
    lines = [line for path in tmp_path.rglob("*.gz") for line in slow_reader.lines(slow_reader.content(path))]
    messages = [Json().parse(line.decode()) for line in lines]
    seen = {slow_reader.canonical(Json().parse(message["value"])) for message in messages}
    assert len(seen) == truth["silver"]["total"]


@pytest.mark.parametrize(
    ("record", "planted"),
    [
        ({"a": {"b": "old"}}, {"a": {"b": "new"}}),
        ({"a": "{'b': 'old', 'c': None}"}, {"a": "{'b': 'new', 'c': None}"}),
        ({"a": {"b": ""}}, None),
        ({"a": ""}, None),
        ({"a": None}, None),
        ({}, None),
    ],
)
def test_a_canary_replaces_a_value(record: dict[str, Any], planted: dict[str, Any] | None) -> None:
    before = json.dumps(record)
    assert Json().plant(record, "a.b", "new") is (planted is not None)
    assert record == planted or json.dumps(record) == before
